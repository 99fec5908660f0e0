/**
 * The status over HTTP: `GET /status` is the JobStatus as JSON, `/healthz` and `/readyz` are 200 or 503 for supervisors, `/` names them, or is what RedisShake answers.
 * `PUT /rate?commands=1000&bytes=0` changes the limits of the rate, from this machine alone. Nothing else changes anything, requests with a body are
 * refused, and every answer is cleaned of secrets. It asks for no password, so it listens on 127.0.0.1 unless told otherwise.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GodwitError } from '../errors/errors.ts';
import { endpointName } from '../model/endpoint.ts';
import type { JobStatus } from '../observe/job-status.ts';
import type { Logger } from '../observe/log.ts';
import type { Redactor } from '../observe/redaction.ts';
import { readiness } from './readiness.ts';

export interface StatusServerOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly status: () => JobStatus;
  /** What `/` answers instead of its own words. */
  readonly root?: () => unknown;
  readonly setRate: (limits: { readonly commands: number; readonly bytes: number }) => void;
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

interface Answer {
  readonly code: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const HEADER_BYTES_MAX = 8 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 64;
const PATHS = ['/', '/status', '/healthz', '/readyz', '/rate'];
const RATE_MAX = 2 ** 40;

/** @throws GodwitError CONFIG_INVALID if it cannot listen there. */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const server = createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: 5000 },
    (request, response) => respond(request, response, options),
  );
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, options);
  server.on('error', (error) => options.log.warn({ error: error.message }, 'the status server had a failure'));
  const { port } = server.address() as AddressInfo;
  const url = `http://${endpointName({ host: options.host, port })}`;
  options.log.info({ url, port }, `the status is at ${url}/status`);
  return { port, url, close: () => close(server) };
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

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function respond(request: IncomingMessage, response: ServerResponse, options: StatusServerOptions): void {
  let answer: Answer;
  try {
    answer = route(request, options);
  } catch (error) {
    options.log.warn({ err: error }, 'the status could not be made');
    answer = { code: 500, body: { error: 'the status could not be made; the log says why' } };
  }
  const body = `${JSON.stringify(options.redactor.value(answer.body), null, 2)}\n`;
  response.writeHead(answer.code, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  // What is left of a body is not read: the connection ends with the answer.
  if (answer.headers?.connection === 'close') response.once('finish', () => request.socket.destroySoon());
}

function route(request: IncomingMessage, { status, root, setRate }: StatusServerOptions): Answer {
  if (request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0) {
    return { code: 413, body: { error: 'requests with a body are not taken' }, headers: { connection: 'close' } };
  }
  const path = (request.url ?? '/').split('?', 1)[0];
  if (path === '/rate') return rate(request, setRate);
  if (!PATHS.includes(path)) return { code: 404, body: { error: 'there is nothing here', paths: PATHS } };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { code: 405, body: { error: 'only GET and HEAD are taken' }, headers: { allow: 'GET, HEAD' } };
  }
  if (path === '/status') return { code: 200, body: status() };
  if (path === '/readyz') {
    const body = readiness(status());
    return { code: body.ready ? 200 : 503, body };
  }
  const { phase, job, version } = status();
  if (path === '/healthz') return { code: phase === 'failed' ? 503 : 200, body: { ok: phase !== 'failed', phase } };
  if (root !== undefined) return { code: 200, body: root() };
  return { code: 200, body: { name: 'godwit', version, job, phase, paths: PATHS } };
}

/** PUT is none of the requests that a page of another origin can make without asking first. */
function rate(request: IncomingMessage, setRate: StatusServerOptions['setRate']): Answer {
  if (request.method !== 'PUT') return { code: 405, body: { error: 'only PUT is taken' }, headers: { allow: 'PUT' } };
  const { remoteAddress = '' } = request.socket;
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  const isOwn = /^(?:127\.|::1$|::ffff:127\.)/.test(remoteAddress) && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(host);
  if (!isOwn) return { code: 403, body: { error: 'the rate can be changed from this machine alone, by its address 127.0.0.1' } };
  const words = new URLSearchParams((request.url ?? '').split('?')[1] ?? '');
  const [commands, bytes] = ['commands', 'bytes'].map((name) => Number(words.get(name) ?? '0'));
  const isNumber = (value: number): boolean => Number.isSafeInteger(value) && value >= 0 && value <= RATE_MAX;
  if (words.size === 0 || [...words.keys()].some((name) => name !== 'commands' && name !== 'bytes') || !isNumber(commands) || !isNumber(bytes)) {
    return { code: 400, body: { error: 'give commands and bytes in a second as whole numbers, 0 is no limit: PUT /rate?commands=1000&bytes=0' } };
  }
  setRate({ commands, bytes });
  return { code: 200, body: { commands, bytes } };
}
