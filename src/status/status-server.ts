/**
 * A running job over HTTP. What only tells is open to whoever reaches the port: `/status`, `/healthz`, `/readyz`, `/events`, `/history`, `/metrics`, `/alerts`, and the
 * page under `/ui/`. What changes something asks for a token (server/control-routes.ts). So it listens on 127.0.0.1 unless told otherwise.
 *
 * Invariants: every answer is cleaned of secrets; no answer lets a page of another origin read it, run a script or frame it; bodies are not read; headers, time and
 * connections are bounded, and watchers can take a part of the connections only. Nothing that goes wrong here touches the job.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GodwitError } from '../errors/errors.ts';
import { endpointName } from '../model/endpoint.ts';
import type { JobStatus } from '../observe/job-status.ts';
import type { Logger } from '../observe/log.ts';
import type { Redactor } from '../observe/redaction.ts';
import type { PageFiles } from './page-files.ts';
import { readiness } from './readiness.ts';
import { type Answer, otherMethod, refusal } from './server/answer.ts';
import { CONTROL_PATHS, controlAnswer, type ControlRoutesOptions } from './server/control-routes.ts';
import type { EventRing } from './server/event-ring.ts';
import { EventStreams } from './server/event-streams.ts';
import { SAMPLE_EVERY_MS, StatusHistory } from './server/status-history.ts';

export interface StatusServerOptions extends ControlRoutesOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly status: () => JobStatus;
  readonly events: EventRing;
  /** What `/` answers instead of its own words. */
  readonly root?: () => unknown;
  /** The text of `/metrics`, in the exposition format of Prometheus. */
  readonly metrics?: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** What is under `/ui/`. */
  readonly page?: Pick<PageFiles, 'answer'>;
  readonly redactor: Redactor;
  readonly log: Logger;
}

export interface StatusServer {
  /** The port that it listens on. */
  readonly port: number;
  readonly url: string;
  /** Stops listening, ends open connections, and resolves when all is closed. */
  close(): Promise<void>;
}

interface Context extends StatusServerOptions {
  readonly streams: EventStreams;
  readonly history: StatusHistory;
}

const HEADER_BYTES_MAX = 8 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 64;
const READ_PATHS = ['/', '/status', '/healthz', '/readyz', '/events', '/history', '/alerts', '/metrics'];
const PAGE = '/ui/';
/** From `/` and `/ui` alike, also where a proxy puts a path in front. */
const TO_PAGE = { location: 'ui/' };

const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
};
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** @throws GodwitError CONFIG_INVALID if it cannot listen there. */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const context: Context = { ...options, streams: new EventStreams(options), history: new StatusHistory() };
  const timeouts = { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: 5000, connectionsCheckingInterval: 2000 };
  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX, ...timeouts }, (request, response) => void respond(request, response, context));
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, options);
  server.on('error', (error) => options.log.warn({ error: error.message }, 'the status server had a failure'));
  const { port } = server.address() as AddressInfo;
  const url = `http://${endpointName({ host: options.host, port })}`;
  options.log.info({ url, port }, `the status is at ${url}/status`);
  const sampler = setInterval(() => sample(context), SAMPLE_EVERY_MS);
  sampler.unref();
  const close = async (): Promise<void> => {
    clearInterval(sampler);
    await context.streams.close();
    await closeServer(server);
  };
  return { port, url, close };
}

function sample({ history, status, log }: Context): void {
  try {
    history.add(Date.now(), status());
  } catch (error) {
    log.debug({ err: error }, 'no sample of the status could be taken');
  }
}

function listen(server: Server, { host, port }: StatusServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: Error & { code?: string }) => {
      const reasons: Record<string, string> = {
        EADDRINUSE: 'the port is taken',
        EACCES: 'permission denied',
        EADDRNOTAVAIL: 'this machine has no such address',
      };
      const reason = reasons[cause.code ?? ''] ?? cause.message;
      const fix = 'Choose another --status-port (0 is any free one) or --status-host.';
      reject(new GodwitError('CONFIG_INVALID', `the status server cannot listen on ${endpointName({ host, port })}: ${reason}`, { fix, cause }));
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function respond(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  let answer: Answer | 'stream';
  try {
    answer = await route(request, context);
  } catch (error) {
    context.log.warn({ err: error }, 'a request to the status server failed');
    answer = refusal(500, 'this could not be done; the log says why');
  }
  if (answer === 'stream') {
    if (request.method !== 'HEAD') return context.streams.start(queryOf(request), request, response, HEADERS);
    answer = { code: 200, body: '', contentType: 'text/event-stream; charset=utf-8' };
  }
  const body = answer.contentType === undefined ? `${JSON.stringify(context.redactor.value(answer.body), null, 2)}\n` : (answer.body as string | Uint8Array);
  response.writeHead(answer.code, {
    ...HEADERS,
    'content-type': answer.contentType ?? 'application/json; charset=utf-8',
    ...(answer.code === 304 ? {} : { 'content-length': Buffer.byteLength(body) }),
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  // What is left of a body is not read: the connection ends with the answer.
  if (answer.headers?.connection === 'close') response.once('finish', () => request.socket.destroySoon());
}

async function route(request: IncomingMessage, context: Context): Promise<Answer | 'stream'> {
  if (request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0) {
    return refusal(413, 'requests with a body are not taken', {}, { connection: 'close' });
  }
  const path = (request.url ?? '/').split('?', 1)[0];
  if (CONTROL_PATHS.includes(path)) return controlAnswer(path, queryOf(request), request, context);
  const isPage = context.page !== undefined && `${path}/`.startsWith(PAGE);
  if (!isPage && !READ_PATHS.includes(path)) return refusal(404, 'there is nothing here', { paths: pathsOf(context) });
  if (request.method !== 'GET' && request.method !== 'HEAD') return otherMethod('GET', 'HEAD');
  return isPage ? pageAnswer(path, request, context) : told(path, request, context);
}

function told(path: string, request: IncomingMessage, context: Context): Answer | 'stream' | Promise<Answer> {
  const { status } = context;
  switch (path) {
    case '/status':
      return { code: 200, body: status() };
    case '/events':
      return context.streams.refusal(queryOf(request)) ?? 'stream';
    case '/history':
      return { code: 200, body: JSON.stringify(context.history.document()), contentType: 'application/json; charset=utf-8' };
    case '/alerts':
      return { code: 200, body: { alerts: status().alerts } };
    case '/metrics':
      return metricsAnswer(context);
    case '/readyz': {
      const body = readiness(status());
      return { code: body.ready ? 200 : 503, body };
    }
    case '/healthz': {
      const { phase } = status();
      return { code: phase === 'failed' ? 503 : 200, body: { ok: phase !== 'failed', phase } };
    }
    default:
      return rootAnswer(request, context);
  }
}

async function metricsAnswer({ metrics, redactor }: Context): Promise<Answer> {
  if (metrics === undefined) return refusal(404, 'this run has no metrics');
  const { contentType, text } = await metrics();
  return { code: 200, body: redactor.text(text), contentType };
}

function rootAnswer(request: IncomingMessage, context: Context): Answer {
  const { page, root, status } = context;
  if (page !== undefined && /\btext\/html\b/.test(request.headers.accept ?? '')) return { code: 302, body: {}, headers: TO_PAGE };
  if (root !== undefined) return { code: 200, body: root() };
  const { version, job, phase } = status();
  return { code: 200, body: { name: 'godwit', version, job, phase, paths: pathsOf(context) } };
}

function pageAnswer(path: string, { headers: asked }: IncomingMessage, { page }: Context): Answer {
  if (!path.startsWith(PAGE)) return { code: 302, body: {}, headers: TO_PAGE };
  const file = page?.answer(path.slice(PAGE.length), asked);
  if (file === undefined) return refusal(404, 'there is no such file');
  const { code, body, contentType, headers } = file;
  return { code, body, contentType, headers: { 'content-security-policy': PAGE_POLICY, ...headers } };
}

function pathsOf({ page }: Context): readonly string[] {
  return [...READ_PATHS, ...CONTROL_PATHS, ...(page === undefined ? [] : [PAGE])];
}

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams((request.url ?? '').split('?')[1] ?? '');
}
