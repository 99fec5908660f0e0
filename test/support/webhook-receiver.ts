/** A receiver of webhooks on this machine: keeps what it was sent, and can be told to fail. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from './wait-for.ts';

export interface ReceivedHook {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export class WebhookReceiver {
  readonly received: ReceivedHook[] = [];
  /** All requests, also those that were refused. */
  requests = 0;
  /** So many are answered with 503 from now on. */
  failures = 0;
  /** What the others are answered. */
  answer = '{"errcode":0,"code":0}';
  /** Nothing is answered. */
  silent = false;
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
    server.on('request', (request, response) => {
      let text = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => (text += chunk));
      request.on('end', () => {
        this.requests++;
        if (this.silent) return;
        if (this.failures > 0) {
          this.failures--;
          response.writeHead(503).end();
          return;
        }
        this.received.push({ path: request.url ?? '', body: JSON.parse(text) as Record<string, unknown> });
        response.end(this.answer);
      });
    });
  }

  /** @param path of letters and digits, as good as a password */
  url(path = '/hook'): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${path}`;
  }

  /** Awaits an alert of the generic kind whose id begins so. */
  notice(state: 'firing' | 'resolved', id: string, timeoutMs = 10_000): Promise<Readonly<Record<string, unknown>>> {
    const isIt = ({ body }: ReceivedHook): boolean => body['state'] === state && String(body['id']).startsWith(id);
    const seen = (): string => this.received.map(({ body }) => `${String(body['state'])} ${String(body['id'])}`).join(', ');
    return waitFor(`${state} ${id}`, () => this.received.find(isIt)?.body, { timeoutMs }).catch((error: Error) => {
      throw new Error(`${error.message}; received: ${seen()}`, { cause: error });
    });
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new WebhookReceiver(server);
}
