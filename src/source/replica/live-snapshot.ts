/**
 * The snapshot of a running server as bytes that are read once: PSYNC as a replica that wants no stream (`REPLCONF rdb-only`; a source that does not know
 * that is left as soon as its snapshot is here). It goes straight from the socket to its reader, which can take its time: the source waits for it, and where
 * rdb-only is known it collects no changes meanwhile.
 *
 * Invariants: no more than BUFFERED_BYTES_MAX and one receive buffer wait in memory; the end is told only behind the whole snapshot, by its length or
 * its end mark; silence is an error once `silenceMaxMs` says so and it is the source that is waited for.
 */
import type { Socket } from 'node:net';
import { Deferred } from '../../async/deferred.ts';
import { GodwitError, toGodwitError } from '../../errors/errors.ts';
import { type Endpoint, endpointName } from '../../model/endpoint.ts';
import { openSocket } from '../../net/open-socket.ts';
import type { ByteInput } from '../file/byte-input.ts';
import { HeldInput } from '../file/held-input.ts';
import { StreamInput } from '../file/stream-input.ts';
import { PsyncDialogue } from './psync-dialogue.ts';

export interface LiveSnapshotOptions {
  readonly endpoint: Endpoint;
  readonly connectTimeoutMs: number;
  /** What the server calls PSYNC; that unless told. */
  readonly psyncName?: string;
  /** Announced by REPLCONF version, so that Valkey 9 sends what it has. '' = not. */
  readonly serverVersion: string;
  /** @param receivedMs when the last byte came (performance.now) */
  silenceMaxMs(receivedMs: number): number;
}

const BUFFERED_BYTES_MAX = 1024 * 1024;
const MARK_BYTES = 40;
const LOOK_EVERY_MS = 1_000;

/** @throws GodwitError CONNECT_FAILED, TLS_FAILED, AUTH_FAILED, PSYNC_REFUSED, SOURCE_NOT_READY; reading throws CONNECTION_LOST, CONNECTION_DEAD */
export async function openLiveSnapshot(options: LiveSnapshotOptions): Promise<ByteInput> {
  const snapshot = new LiveSnapshot(options);
  await snapshot.open();
  return new HeldInput(
    new StreamInput({
      name: `server ${endpointName(options.endpoint)}`,
      chunks: snapshot.chunks(),
      raw: () => ({ bytes: snapshot.taken, bytesTotal: snapshot.length }),
      toError: toGodwitError,
      close: async () => snapshot.close(),
    }),
  );
}

class LiveSnapshot {
  /** -1: not known before its end. */
  length = -1;
  /** Bytes handed to the reader. */
  taken = 0;
  private readonly options: LiveSnapshotOptions;
  private readonly name: string;
  private dialogue: PsyncDialogue | null = new PsyncDialogue();
  private socket: Socket | undefined;
  private timer: NodeJS.Timeout | undefined;
  private endMark: Buffer | null = null;
  private queue: Buffer[] = [];
  private queuedBytes = 0;
  private failure: GodwitError | undefined;
  private arrival = new Deferred<void>();
  private readonly broken = new Deferred<never>();
  private receivedMs = performance.now();

  constructor(options: LiveSnapshotOptions) {
    this.options = options;
    this.name = endpointName(options.endpoint);
    this.broken.promise.catch(() => {});
  }

  /** Resolves when the snapshot begins to arrive. */
  async open(): Promise<void> {
    const { endpoint, connectTimeoutMs } = this.options;
    const socket = await openSocket({ endpoint, connectTimeoutMs, onBytes: (bytes, length) => this.receive(bytes, length) });
    this.socket = socket;
    const lost = (why: string): void => this.fail(new GodwitError('CONNECTION_LOST', `the source ${this.name} closed the replication link${why}`));
    socket.on('error', (error) => lost(`: ${error.message}`)).on('close', () => lost(''));
    this.timer = setInterval(() => this.checkSilence(), LOOK_EVERY_MS);
    try {
      await Promise.race([this.broken.promise, this.greet(socket)]);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    clearInterval(this.timer);
    this.fail(new GodwitError('CONNECTION_LOST', `the snapshot of ${this.name} was given up`));
    this.socket?.destroy();
  }

  /** Each chunk is the reader's. */
  async *chunks(): AsyncGenerator<Buffer> {
    let tail = Buffer.alloc(0);
    for (;;) {
      if (this.length >= 0 && this.taken >= this.length) return;
      const chunk = await this.next();
      if (this.endMark === null) {
        const wanted = chunk.subarray(0, this.length - this.taken);
        this.taken += wanted.length;
        yield wanted;
        continue;
      }
      const all = Buffer.concat([tail, chunk]);
      const keepFrom = Math.max(0, all.length - MARK_BYTES);
      tail = all.subarray(keepFrom);
      this.taken += keepFrom;
      if (keepFrom > 0) yield all.subarray(0, keepFrom);
      if (tail.equals(this.endMark)) return;
    }
  }

  private async greet(socket: Socket): Promise<void> {
    const dialogue = this.dialogue as PsyncDialogue;
    const { endpoint, serverVersion } = this.options;
    await dialogue.greet(socket, endpoint, serverVersion);
    await dialogue.askSnapshotOnly(socket);
    const answer = await dialogue.requestSync(socket, endpoint, undefined, this.options.psyncName);
    if (answer.kind !== 'full') throw new GodwitError('PROTOCOL_ERROR', `the source ${this.name} sends no snapshot`);
    const header = await dialogue.snapshotHeader();
    if (header.startsWith('EOF:')) this.endMark = Buffer.from(header.slice(4), 'latin1');
    else this.length = Number(header);
    const rest = dialogue.rest();
    this.dialogue = null;
    if (rest.length > 0) this.enqueue(rest);
    socket.resume();
  }

  private receive(bytes: Buffer, length: number): boolean {
    this.receivedMs = performance.now();
    if (this.dialogue !== null) return this.dialogue.feed(bytes, length);
    this.enqueue(Buffer.from(bytes.subarray(0, length)));
    return this.queuedBytes < BUFFERED_BYTES_MAX;
  }

  private enqueue(chunk: Buffer): void {
    this.queue.push(chunk);
    this.queuedBytes += chunk.length;
    this.arrival.resolve();
  }

  private async next(): Promise<Buffer> {
    while (this.queue.length === 0) {
      if (this.failure !== undefined) throw this.failure;
      this.arrival = new Deferred<void>();
      await this.arrival.promise;
    }
    const chunk = this.queue.length === 1 ? this.queue[0] : Buffer.concat(this.queue);
    this.queue = [];
    this.queuedBytes = 0;
    this.receivedMs = performance.now();
    this.socket?.resume();
    return chunk;
  }

  private fail(error: GodwitError): void {
    this.failure ??= error;
    this.broken.reject(this.failure);
    this.arrival.resolve();
  }

  private checkSilence(): void {
    const silentMs = performance.now() - this.receivedMs;
    if (this.queuedBytes > 0 || silentMs < this.options.silenceMaxMs(this.receivedMs)) return;
    this.fail(new GodwitError('CONNECTION_DEAD', `the source ${this.name} sent nothing for ${Math.round(silentMs)} ms`));
  }
}
