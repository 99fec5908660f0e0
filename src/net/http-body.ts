/**
 * One GET of a file: the answer's head in the terms that a reader of files needs, and the body as it comes. Redirects are followed within the
 * scheme (a link to https never ends at http, nor at a file). Nothing is retried here; the reader knows where it stands and asks again.
 */
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';
import { GodwitError } from '../errors/errors.ts';

const REDIRECTS_MAX = 5;
const REDIRECT_STATUSES = [301, 302, 303, 307, 308];
const TLS_REASON = /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_/;

export interface HttpBodyOptions {
  /** First byte that is wanted; 0 unless told. */
  readonly from?: number;
  /** As given by an earlier answer: the rest is wanted only of the same file. */
  readonly validator?: string | null;
  /** For the head to come. The silence of the body is the reader's to judge. */
  readonly silenceTimeoutMs: number;
}

export interface HttpBody {
  /** Offset of the body's first byte: 0 when the server gave the whole file although a part was asked for. */
  readonly from: number;
  /** Of the file; -1 if the server does not tell. */
  readonly bytesTotal: number;
  /** The server gives parts (Range). */
  readonly givesParts: boolean;
  /** ETag or Last-Modified; null if the server tells neither. */
  readonly validator: string | null;
  readonly chunks: AsyncIterable<Buffer>;
  /** Ends the transfer; whoever waits for a chunk gets the error. */
  close(error?: Error): void;
}

/** `https://host/path` without user, password and query, which can be secrets. */
export function httpName(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** @throws GodwitError FILE_NOT_FOUND, FILE_UNREADABLE, HTTP_FAILED, CONNECT_FAILED, TLS_FAILED */
export async function openHttpBody(url: URL, options: HttpBodyOptions): Promise<HttpBody> {
  let place = url;
  for (let redirects = 0; ; redirects++) {
    const answer = await get(place, options);
    const location = REDIRECT_STATUSES.includes(answer.statusCode ?? 0) ? answer.headers.location : undefined;
    if (location === undefined) return bodyOf(place, answer, options);
    answer.destroy();
    place = redirectedTo(place, location, redirects);
  }
}

function redirectedTo(from: URL, location: string, redirects: number): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : null;
  const name = httpName(from);
  if (to === null) throw new GodwitError('HTTP_FAILED', `${name} redirects to what is no URL`, { retryable: false });
  if (to.protocol !== from.protocol) {
    throw new GodwitError('HTTP_FAILED', `${name} redirects to another scheme, ${to.protocol}//${to.host}, which is not followed`, {
      retryable: false,
      fix: 'If that place is the right one, give its URL.',
    });
  }
  if (redirects === REDIRECTS_MAX) throw new GodwitError('HTTP_FAILED', `${name} redirects more than ${REDIRECTS_MAX} times`, { retryable: false });
  // A password belongs to the host it was given for.
  if (to.host === from.host && to.username === '') {
    to.username = from.username;
    to.password = from.password;
  }
  return to;
}

function get(url: URL, { from = 0, validator = null, silenceTimeoutMs }: HttpBodyOptions): Promise<IncomingMessage> {
  const part = from > 0 ? { range: `bytes=${from}-`, ...(validator === null ? {} : { 'if-range': validator }) } : {};
  const { username, password } = url;
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  const options: RequestOptions = {
    headers: { 'accept-encoding': 'identity', 'user-agent': 'godwit', ...part },
    agent: false,
    ...(username === '' ? {} : { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` }),
  };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(bare, options);
    request.setTimeout(silenceTimeoutMs, () => request.destroy(new Error(`no answer within ${silenceTimeoutMs} ms`)));
    request.once('error', (error) => reject(connectError(url, error)));
    request.once('response', (answer) => {
      request.on('error', () => undefined);
      request.setTimeout(0);
      answer.on('error', () => undefined);
      resolve(answer);
    });
    request.end();
  });
}

function connectError(url: URL, error: NodeJS.ErrnoException): GodwitError {
  const code = TLS_REASON.test(error.code ?? '') ? 'TLS_FAILED' : 'CONNECT_FAILED';
  return new GodwitError(code, `cannot get ${httpName(url)}: ${error.message || error.code}`, { cause: error, details: { host: url.host } });
}

function bodyOf(url: URL, answer: IncomingMessage, options: HttpBodyOptions): HttpBody {
  const { statusCode = 0, headers } = answer;
  const asked = options.from ?? 0;
  const range = /^bytes (\d+)-\d*\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
  // Asked for what stands behind the last byte: there is none.
  const nothing = statusCode === 416 && asked > 0 && /^bytes \*\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1] === String(asked);
  if (!nothing && statusCode !== 200 && !(statusCode === 206 && range !== null && asked > 0)) {
    answer.destroy();
    throw statusError(url, statusCode);
  }
  const from = nothing ? asked : range === null ? 0 : Number(range[1]);
  if (nothing) answer.resume();
  const length = headers['content-length'] === undefined ? -1 : Number(headers['content-length']);
  const total = range === null ? length : range[2] === '*' ? -1 : Number(range[2]);
  const etag = headers.etag?.startsWith('W/') ? undefined : headers.etag;
  return {
    from,
    bytesTotal: nothing ? asked : total,
    givesParts: statusCode !== 200 || headers['accept-ranges'] === 'bytes',
    validator: etag ?? headers['last-modified'] ?? null,
    chunks: nothing ? Readable.from([]) : answer,
    close: (error) => void answer.destroy(error),
  };
}

function statusError(url: URL, status: number): GodwitError {
  const name = httpName(url);
  const details = { status, host: url.host };
  if (status === 404 || status === 410) return new GodwitError('FILE_NOT_FOUND', `${name} is not there (status ${status})`, { details });
  if (status === 401 || status === 403) {
    return new GodwitError('FILE_UNREADABLE', `${name} may not be read (status ${status})`, {
      details,
      fix: 'Give user and password in the URL, or a link that is signed and not yet expired.',
    });
  }
  return new GodwitError('HTTP_FAILED', `${name} was answered with status ${status}`, {
    details,
    retryable: status >= 500 || status === 429 || status === 408,
  });
}
