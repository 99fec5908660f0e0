/**
 * Opens a TCP or TLS socket, ready for use: no Nagle delay, TCP keepalive, one reusable receive buffer. What arrives is handed to `onBytes`
 * as a range of that buffer, which is overwritten by the next one.
 */
import { readFile } from 'node:fs/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, type ConnectionOptions, connect as connectTls } from 'node:tls';
import { GodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName, type TlsOptions } from '../model/endpoint.ts';
import { socketError } from './socket-errors.ts';

const RECEIVE_BUFFER_BYTES = 64 * 1024;
/** What write() takes before it returns false. */
const WRITE_BUFFER_BYTES = 1024 * 1024;
const TCP_KEEPALIVE_DELAY_MS = 30_000;

export interface OpenSocketOptions {
  readonly endpoint: Endpoint;
  /** For messages, `source 10.0.0.1:6379`; the address alone unless told. */
  readonly name?: string;
  /** For name look-up, TCP and TLS together. */
  readonly connectTimeoutMs: number;
  /** Received bytes[0, length); valid during the call only. Returning false pauses until socket.resume(). */
  onBytes(bytes: Buffer, length: number): boolean | void;
  readonly signal?: AbortSignal;
}

/** Throws CONNECT_FAILED or TLS_FAILED. The caller owns the socket and its 'error', 'end' and 'close' events from here on. */
export async function openSocket(options: OpenSocketOptions): Promise<Socket> {
  const { endpoint } = options;
  const tls = endpoint.tls === undefined ? undefined : await tlsOptions(endpoint, endpoint.tls);
  const buffer = Buffer.allocUnsafeSlow(RECEIVE_BUFFER_BYTES);
  const common = {
    host: endpoint.host,
    port: endpoint.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEPALIVE_DELAY_MS,
    onread: { buffer, callback: (length: number, bytes: Uint8Array) => options.onBytes(bytes as Buffer, length) !== false },
  };
  // Both hand their options on to the stream underneath, which the types do not say.
  const socket =
    tls === undefined
      ? connectTcp({ ...common, writableHighWaterMark: WRITE_BUFFER_BYTES } as never)
      : connectTls({ ...common, highWaterMark: WRITE_BUFFER_BYTES, ...tls } as never);
  try {
    await opened(socket, tls === undefined ? 'connect' : 'secureConnect', options);
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    throw error;
  }
  return socket;
}

function opened(socket: Socket, event: 'connect' | 'secureConnect', options: OpenSocketOptions): Promise<void> {
  const { endpoint, connectTimeoutMs, signal } = options;
  const name = options.name ?? endpointName(endpoint);
  return new Promise((resolve, reject) => {
    let connected = false;
    const settle = (error?: GodwitError): void => {
      clearTimeout(timer);
      socket.off('error', onError).off('close', onClose).off(event, onOpen).off('connect', onConnect);
      signal?.removeEventListener('abort', onAbort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onOpen = (): void => settle();
    const onConnect = (): void => void (connected = true);
    const onError = (error: NodeJS.ErrnoException): void => settle(socketError(error, endpoint, 'CONNECT_FAILED', name));
    const onClose = (): void => settle(socketError(Object.assign(new Error('closed'), { code: 'ECONNRESET' }), endpoint, 'CONNECT_FAILED', name));
    const onAbort = (): void => settle(new GodwitError('CONNECT_FAILED', `the attempt to connect to ${name} was given up`));
    const timer = setTimeout(() => settle(tooLate(endpoint, name, connectTimeoutMs, connected)), connectTimeoutMs);
    socket.on('error', onError).on('close', onClose).on(event, onOpen).on('connect', onConnect);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
  });
}

function tooLate(endpoint: Endpoint, name: string, connectTimeoutMs: number, connected: boolean): GodwitError {
  const details = { host: endpoint.host, port: endpoint.port, reason: 'ETIMEDOUT', connectTimeoutMs };
  if (!connected) return new GodwitError('CONNECT_FAILED', `cannot connect to ${name}: no answer within ${connectTimeoutMs} ms [ETIMEDOUT]`, { details });
  return new GodwitError('TLS_FAILED', `${name} accepted the connection but did not answer the TLS handshake within ${connectTimeoutMs} ms`, {
    details,
    retryable: true,
    fix: 'If this port does not speak TLS, use redis:// for it.',
  });
}

async function tlsOptions(endpoint: Endpoint, tls: TlsOptions): Promise<ConnectionOptions> {
  const [ca, cert, key] = await Promise.all([pem('tls.ca', tls.caFile), pem('tls.cert', tls.certFile), pem('tls.key', tls.keyFile)]);
  const name = tls.serverName ?? endpoint.host;
  return {
    rejectUnauthorized: tls.verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    // SNI cannot carry an address.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
  };
}

async function pem(option: string, file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (error) {
    throw new GodwitError('TLS_FAILED', `${option}: cannot read ${file}: ${(error as Error).message}`, { cause: error, details: { option, file } });
  }
}
