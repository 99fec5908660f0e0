/**
 * One socket from its opening to its end, with the FIFO of what was asked on it. A link is lost exactly once: whatever the socket says after
 * that (late bytes, a second close, errors of writes under way) is ignored. Connection makes a new link for each attempt.
 */
import type { Socket } from 'node:net';
import { Deferred } from '../async/deferred.ts';
import { GodwitError, toGodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { Reply } from '../resp/reply.ts';
import { excerpt } from '../resp/reply-limits.ts';
import { openSocket } from './open-socket.ts';
import type { Expectation } from './reply-collector.ts';
import { nodeText } from './reply-errors.ts';
import { ReplyFifo } from './reply-fifo.ts';
import { socketError, speaksTls } from './socket-errors.ts';

const CLOSE_GRACE_MS = 1000;
const REPLY_TYPES = new Set(Buffer.from('+-:$*_'));

export interface Traffic {
  sentBytes: number;
  receivedBytes: number;
}

export interface LinkOptions {
  readonly endpoint: Endpoint;
  readonly role: string;
  readonly connectTimeoutMs: number;
  readonly bulkReplyBytesMax: number | undefined;
  /** See ConnectionOptions. */
  readonly onMessage?: ((reply: Reply) => boolean) | undefined;
  /** This address was a Redis server before: what it says now that is none is an accident on the way. */
  readonly knownServer: boolean;
  /** Counted over all links of a connection. */
  readonly traffic: Traffic;
  onReceived(): void;
  /** A write was taken by the system. */
  onWritten(): void;
  /** Not called for kill() and finish(). The caller then calls kill() with the same error. */
  onLost(error: GodwitError): void;
}

export class Link {
  readonly fifo: ReplyFifo;
  private readonly options: LinkOptions;
  private readonly name: string;
  private readonly opening = new AbortController();
  private socket: Socket | undefined;
  private greeted = false;
  private established = false;
  private dead = false;
  private drainWaiter: Deferred<void> | undefined;

  constructor(options: LinkOptions) {
    this.options = options;
    this.name = nodeText({ role: options.role, address: endpointName(options.endpoint) });
    this.fifo = new ReplyFifo(options.bulkReplyBytesMax, options.onMessage);
  }

  /** Throws CONNECT_FAILED or TLS_FAILED. */
  async open(): Promise<void> {
    const { name } = this;
    const { endpoint, connectTimeoutMs } = this.options;
    const onBytes = (bytes: Buffer, length: number): void => this.received(bytes, length);
    const socket = await openSocket({ endpoint, name, connectTimeoutMs, signal: this.opening.signal, onBytes });
    if (this.dead) {
      socket.on('error', () => {}).destroy();
      return;
    }
    this.socket = socket;
    socket.on('error', (error) => this.lose(this.socketFailed(error)));
    socket.on('end', () => this.lose(this.closedByPeer()));
    socket.on('close', () => this.lose(this.closedByPeer()));
    socket.on('drain', () => this.drainWaiter?.resolve());
  }

  /** The handshake is done: from here on its end is the loss of a connection, no longer a failure to connect. */
  establish(): void {
    this.established = true;
  }

  /** Bytes that the socket holds since the system does not take them. */
  get backlogBytes(): number {
    return this.socket?.writableLength ?? 0;
  }

  /**
   * Writes all parts at once; `onWritten` is called once, when they are written or the socket is gone. Returns false when the caller should
   * wait for drained().
   */
  write(parts: readonly Uint8Array[], expect: readonly Expectation[], onWritten?: () => void): boolean {
    const { socket } = this;
    if (socket === undefined || this.dead) throw new GodwitError('CONNECTION_LOST', `${this.name}: not connected`);
    const last = parts.length - 1;
    if (last > 0) socket.cork();
    let bytes = 0;
    for (let i = 0; i <= last; i++) {
      bytes += parts[i].length;
      if (i === last && onWritten !== undefined) {
        socket.write(parts[i], () => {
          this.written();
          onWritten();
        });
      } else socket.write(parts[i], this.written);
    }
    if (last > 0) socket.uncork();
    if (last < 0) onWritten?.();
    this.options.traffic.sentBytes += bytes;
    this.fifo.push(expect, bytes);
    return !socket.writableNeedDrain;
  }

  /** Resolves when write() may go on; rejects when the link is lost before. */
  drained(): Promise<void> {
    if (this.socket?.writableNeedDrain !== true) return Promise.resolve();
    this.drainWaiter ??= new Deferred();
    const { promise } = this.drainWaiter;
    return promise.then(() => void (this.drainWaiter = undefined));
  }

  /** Ends it at once; all that waits for replies is told the error. */
  kill(error: GodwitError): void {
    this.dead = true;
    this.opening.abort();
    this.socket?.destroy();
    this.drainWaiter?.reject(error);
    this.fifo.failAll(error);
  }

  /** Sends what was written and closes; resolves when the socket is closed. */
  async finish(error: GodwitError): Promise<void> {
    this.dead = true;
    this.opening.abort();
    this.drainWaiter?.reject(error);
    this.fifo.failAll(error);
    const { socket } = this;
    if (socket === undefined || socket.closed) return;
    const closed = new Deferred<void>();
    socket.once('close', () => closed.resolve());
    const timer = setTimeout(() => socket.destroy(), CLOSE_GRACE_MS);
    // Not destroyed at once: replies that meet a closed socket reset it, and the peer then drops what it has not read yet.
    socket.end();
    await closed.promise;
    clearTimeout(timer);
  }

  private readonly written = (): void => {
    if (!this.dead) this.options.onWritten();
  };

  private received(bytes: Buffer, length: number): void {
    if (this.dead) return;
    try {
      if (!this.greeted) this.checkGreeting(bytes, length);
      this.options.traffic.receivedBytes += length;
      this.options.onReceived();
      this.fifo.feed(bytes, 0, length);
    } catch (thrown) {
      const error = toGodwitError(thrown);
      if (error.code !== 'PROTOCOL_ERROR') return this.lose(error);
      this.lose(new GodwitError('PROTOCOL_ERROR', `${this.name}: ${error.message}`, { cause: thrown, details: error.details }));
    }
  }

  private checkGreeting(bytes: Buffer, length: number): void {
    this.greeted = true;
    if (REPLY_TYPES.has(bytes[0])) return;
    if (bytes[0] === 0x15 && (length < 2 || bytes[1] === 3)) throw speaksTls(this.options.endpoint, this.name);
    const line = bytes.indexOf(10);
    const end = line >= 0 && line < length ? line : length;
    const text = excerpt(bytes, 0, end > 0 && bytes[end - 1] === 13 ? end - 1 : end);
    const what = text.startsWith('HTTP/') ? 'is a web server' : text.startsWith('SSH-') ? 'is an SSH server' : 'does not speak the Redis protocol';
    throw new GodwitError('NOT_A_REDIS_SERVER', `${this.name} ${what}: it answered "${text}"`, { retryable: this.options.knownServer });
  }

  private socketFailed(error: NodeJS.ErrnoException): GodwitError {
    // A TLS port that is spoken to without TLS resets the connection.
    if (!this.established && error.code === 'ECONNRESET') return this.closedByPeer();
    return socketError(error, this.options.endpoint, this.established ? 'CONNECTION_LOST' : 'CONNECT_FAILED', this.name);
  }

  private closedByPeer(): GodwitError {
    const { endpoint } = this.options;
    const details = { host: endpoint.host, port: endpoint.port };
    if (this.established) return new GodwitError('CONNECTION_LOST', `${this.name} closed the connection`, { details });
    const hint = endpoint.tls === undefined && !this.greeted ? { fix: 'Check host and port. If the port speaks TLS, use rediss:// for it.' } : {};
    return new GodwitError('CONNECT_FAILED', `${this.name} closed the connection during the handshake${this.greeted ? '' : ', without a word'}`, {
      details,
      ...hint,
    });
  }

  private lose(error: GodwitError): void {
    if (this.dead) return;
    this.dead = true;
    this.options.onLost(error);
  }
}
