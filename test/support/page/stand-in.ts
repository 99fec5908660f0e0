/**
 * A stand-in for the status server of a run: states that no real run shows on demand (sixteen shards, a lost node, a failed job), and ways of the network that no real
 * server has (a stream that is cut or refused, an address that is away for a while). The files of the page are the real ones.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JobStatus } from '../../../src/observe/job-status.ts';
import { PageFiles } from '../../../src/status/page-files.ts';

const STATUS_EVERY_MS = 200;
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

export interface StandInEvent {
  readonly at: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly kind: string;
  readonly message: string;
}

/** More than a JobStatus may say by now. */
export type StandInStatus = JobStatus & Readonly<Record<string, unknown>>;

export class StandIn {
  status: () => StandInStatus;
  events: StandInEvent[] = [];
  /** `/events` is answered; else it is 404, as a proxy does that knows nothing of streams. */
  hasStream = true;
  /** What a proxy puts in front of every path, such as `/ops`. */
  prefix = '';
  readonly token = 'the token of this run';
  /** What was asked for with the token, as `POST /control/pause`. */
  readonly changes: string[] = [];
  /** What such a change answers. */
  answer: { readonly code: number; readonly body: object } = { code: 200, body: { ok: true } };
  private readonly files = new PageFiles();
  private readonly streams = new Set<ServerResponse>();
  private server: Server | null = null;
  private port = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(status: () => StandInStatus) {
    this.status = status;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Begins, or comes back at the same address. */
  async open(): Promise<void> {
    const server = createServer((request, response) => this.respond(request, response));
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
    this.timer = setInterval(() => this.streams.forEach((stream) => this.tell(stream)), STATUS_EVERY_MS);
  }

  /** Nobody is at the address from now on. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    const { server } = this;
    this.server = null;
    if (server === null) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  private respond(request: IncomingMessage, response: ServerResponse): void {
    const { pathname: whole, search } = new URL(request.url ?? '/', 'http://stand-in');
    if (!whole.startsWith(this.prefix)) return json(response, 404, { error: 'nothing is outside of the prefix' });
    const pathname = whole.slice(this.prefix.length);
    if (pathname.startsWith('/ui/')) return this.respondFile(pathname.slice('/ui/'.length), request, response);
    if (request.method !== 'GET') return this.change(`${request.method} ${pathname}${search}`, request, response);
    if (pathname === '/status') return json(response, 200, this.status());
    if (pathname === '/history') return json(response, 200, { intervalMs: 1000, series: history(this.status()) });
    if (pathname === '/events' && this.hasStream) return this.stream(response);
    json(response, 404, { error: 'there is nothing here' });
  }

  private respondFile(name: string, request: IncomingMessage, response: ServerResponse): void {
    const file = this.files.answer(name, request.headers);
    if (file === undefined) return json(response, 404, { error: 'there is no such file' });
    response.writeHead(file.code, { ...file.headers, 'content-type': file.contentType, 'content-security-policy': POLICY });
    response.end(file.body);
  }

  private stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
    this.events.forEach((event, i) => response.write(`id: ${i + 1}\nevent: event\ndata: ${JSON.stringify(event)}\n\n`));
    this.streams.add(response);
    response.once('close', () => this.streams.delete(response));
    this.tell(response);
  }

  private tell(response: ServerResponse): void {
    response.write(`event: status\ndata: ${JSON.stringify(this.status())}\n\n`);
  }

  private change(what: string, { headers }: IncomingMessage, response: ServerResponse): void {
    if (headers.authorization !== `Bearer ${this.token}`) return json(response, 401, { error: 'the token is missing or wrong' });
    this.changes.push(what);
    json(response, this.answer.code, this.answer.body);
  }
}

/** Ends with close(). */
export async function startStandIn(status: () => StandInStatus): Promise<StandIn> {
  const standIn = new StandIn(status);
  await standIn.open();
  return standIn;
}

function json(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

/** A quarter of an hour with a hump of lag in it. */
function history({ rate }: JobStatus): Record<string, number[]> {
  const seconds = Array.from({ length: 900 }, (_, i) => i);
  const hump = (i: number): number => Math.max(0, Math.sin((i - 600) / 60)) * (i > 600 && i < 790 ? 1 : 0);
  const begin = Date.now() - 900_000;
  return {
    at: seconds.map((i) => begin + i * 1000),
    keysPerSecond: seconds.map(() => 0),
    commandsPerSecond: seconds.map((i) => Math.round(rate.commandsPerSecond * (1 + 0.2 * Math.sin(i / 17)))),
    bytesPerSecond: seconds.map((i) => Math.round(rate.bytesPerSecond * (1 + 0.2 * Math.sin(i / 17)))),
    lagBytes: seconds.map((i) => Math.round(2_000 + 40_000_000 * hump(i))),
    lagMs: seconds.map((i) => Math.round(3 + 9_000 * hump(i))),
    spoolBytes: seconds.map((i) => Math.round(4_000_000 + 40_000_000 * hump(i))),
  };
}
