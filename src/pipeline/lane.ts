/**
 * One ordered connection to one node of a cluster, and what is on its way there. Parcels are sent in their order; one that must not meet the failure of an
 * earlier one (a transaction whose mark would hide it, a command that it could overtake) waits until that is answered.
 */
import { Deferred } from '../async/deferred.ts';
import { GodwitError, toGodwitError } from '../errors/errors.ts';
import type { Connection } from '../net/connection.ts';
import type { ReplyCollector } from '../net/reply-collector.ts';
import type { BatchBuffer } from '../target/batch-buffer.ts';
import type { ClusterNode } from '../topology/cluster-node.ts';
import type { Pacer } from './pace.ts';
import type { LaneParcel } from './lane-parcel.ts';
import type { Refusal, Refusals } from './refusals.ts';

/** In flight, beyond which parcels wait in memory. */
const IN_FLIGHT_MAX = 8;
const IN_FLIGHT_BYTES_MAX = 4 * 1024 * 1024;

export interface LaneOptions {
  readonly node: ClusterNode;
  readonly connection: Connection;
  readonly refusals: Refusals;
  /** A parcel is about to be sent, what was sent before it in the same slots is answered or may be overtaken. */
  onSending(lane: Lane, parcel: LaneParcel): void;
  readonly pacer: Pacer;
  /** Under way without an answer at most, unless one parcel is larger; 0 = as this sees fit. */
  readonly unansweredBytesMax: number;
  /** All replies of a parcel have come; the next one is told of when this has resolved. */
  onAnswered(lane: Lane, parcel: LaneParcel, refusals: readonly Refusal[]): Promise<void>;
  onFailed(error: GodwitError): void;
}

export class Lane {
  readonly node: ClusterNode;
  readonly connection: Connection;
  readonly refusals: Refusals;
  /** The last wave of which everything is answered and judged here. */
  answeredSeq = 0;
  private readonly options: LaneOptions;
  private readonly generation: number;
  private readonly queue: LaneParcel[] = [];
  private readonly unlisten: () => void;
  private inFlight = 0;
  private inFlightBytes = 0;
  private tail: Promise<void> = Promise.resolve();
  private draining = false;
  private closed = false;
  private turn: NodeJS.Timeout | undefined;

  /** @param generation of the connection that the marks were read on */
  constructor(options: LaneOptions, generation: number) {
    this.options = options;
    ({ node: this.node, connection: this.connection, refusals: this.refusals } = options);
    this.generation = generation;
    this.unlisten = this.connection.events.on('lost', ({ error }) => this.fail(error));
    if (this.connection.generation !== generation || !this.connection.isReady) {
      queueMicrotask(() => this.fail(new GodwitError('CONNECTION_LOST', 'a node of the target was connected anew')));
    }
  }

  get isQuiet(): boolean {
    return this.inFlight === 0 && this.queue.length === 0;
  }

  push(parcel: LaneParcel): void {
    parcel.end();
    this.queue.push(parcel);
    this.pump();
  }

  /** Sends a parcel by itself, past those that wait, and tells what was refused. Not in the order of the others: for slots that have nothing else under way. */
  async sendAlone(parcel: LaneParcel): Promise<Refusal[]> {
    parcel.end();
    return this.write(parcel.buffer, (index, nested, text) => parcel.refusal(index, nested, text));
  }

  /** As sendAlone(), of plain commands. */
  sendBuffer(buffer: BatchBuffer): Promise<Refusal[]> {
    return this.write(buffer, plainRefusal);
  }

  /** As sendBuffer(), with a payload that comes in pieces; `at` is its place. */
  async sendPayload(buffer: BatchBuffer, at: number, pieces: AsyncIterable<Buffer>): Promise<Refusal[]> {
    const { connection, generation } = this;
    const same = (): Connection => {
      if (connection.generation !== generation) throw new GodwitError('CONNECTION_LOST', 'a node of the target was connected anew within a value');
      return connection;
    };
    const answer = new Deferred<Refusal[]>();
    answer.promise.catch(() => {});
    try {
      same().beginPayload();
      connection.send([buffer.bytes.subarray(0, at)], [collector(buffer.commands, plainRefusal, answer)]);
      for await (const piece of pieces) if (!same().send([piece], [])) await connection.drained();
      same().send([buffer.bytes.subarray(at, buffer.length)], []);
      connection.endPayload();
    } catch (error) {
      // Half a command is with the node: whatever came next would be taken for the rest of it.
      if (connection.generation === generation)
        connection.disconnect(new GodwitError('CONNECTION_LOST', `a value was cut short: ${toGodwitError(error).message}`));
      throw error;
    }
    return answer.promise;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.turn);
    this.unlisten();
  }

  private fail(error: unknown): void {
    if (!this.closed) this.options.onFailed(toGodwitError(error));
  }

  private pump(): void {
    while (this.queue.length > 0 && !this.closed && !this.draining) {
      const [parcel] = this.queue;
      if (parcel.needs > this.answeredSeq && this.inFlight > 0) return;
      if (this.inFlight >= IN_FLIGHT_MAX || (this.inFlight > 0 && this.isTooMuch(parcel.buffer.length))) return;
      const { pacer } = this.options;
      if (pacer.waitMs > 0) return this.waitForTurn(pacer.waitMs);
      pacer.spend(parcel.buffer.commands, parcel.buffer.length);
      this.queue.shift();
      this.send(parcel);
    }
  }

  private isTooMuch(more: number): boolean {
    const { unansweredBytesMax } = this.options;
    return this.inFlightBytes > IN_FLIGHT_BYTES_MAX || (unansweredBytesMax > 0 && this.inFlightBytes + more > unansweredBytesMax);
  }

  private waitForTurn(ms: number): void {
    this.turn ??= setTimeout(() => {
      this.turn = undefined;
      this.pump();
    }, Math.ceil(ms));
  }

  private send(parcel: LaneParcel): void {
    this.options.onSending(this, parcel);
    this.inFlight++;
    this.inFlightBytes += parcel.buffer.length;
    const answer = this.write(parcel.buffer, (index, nested, text) => parcel.refusal(index, nested, text));
    const before = this.tail;
    this.tail = this.settle(before, answer, parcel);
    this.tail.catch((error: unknown) => this.fail(error));
  }

  private async write(buffer: BatchBuffer, refusal: RefusalOf): Promise<Refusal[]> {
    const { connection } = this;
    if (this.closed) throw new GodwitError('CONNECTION_LOST', 'this attempt is over');
    if (buffer.commands === 0) return [];
    if (connection.generation !== this.generation) throw new GodwitError('CONNECTION_LOST', 'a node of the target was connected anew');
    const answer = new Deferred<Refusal[]>();
    if (!connection.send([buffer.bytes.subarray(0, buffer.length)], [collector(buffer.commands, refusal, answer)])) this.waitForDrain();
    return answer.promise;
  }

  private waitForDrain(): void {
    this.draining = true;
    this.connection.drained().then(
      () => {
        this.draining = false;
        this.pump();
      },
      () => {},
    );
  }

  private async settle(before: Promise<void>, answer: Promise<Refusal[]>, parcel: LaneParcel): Promise<void> {
    const refusals = await answer;
    await before;
    const { seq } = parcel.wave;
    const { length } = parcel.buffer;
    await this.options.onAnswered(this, parcel, refusals);
    this.answeredSeq = seq;
    this.inFlight--;
    this.inFlightBytes -= length;
    this.pump();
  }
}

type RefusalOf = (index: number, nested: number, text: string) => Refusal;

const plainRefusal: RefusalOf = (command, _nested, text) => ({ command, carriedOut: true, text });

function collector(count: number, refusal: RefusalOf, answer: Deferred<Refusal[]>): ReplyCollector {
  const refusals: Refusal[] = [];
  return {
    count,
    onError: (index, nested, text) => refusals.push(refusal(index, nested, text)),
    onDone: () => answer.resolve(refusals),
    onLost: (error) => answer.reject(error),
  };
}
