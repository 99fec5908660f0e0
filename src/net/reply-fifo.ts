/**
 * The expectations of one socket, in the order of the commands that were sent: replies have no names, only their order matches them.
 * Counts what is unanswered, in replies and in bytes sent. Callbacks may send more or fail everything; feed() then stops where it is.
 *
 * On a connection that subscribes, messages come between the replies: each reply is then decoded and offered to onMessage first.
 */
import { GodwitError } from '../errors/errors.ts';
import { ReplyCounter } from '../resp/reply-counter.ts';
import type { Reply } from '../resp/reply.ts';
import { ReplyDecoder } from '../resp/reply-decoder.ts';
import { excerpt } from '../resp/reply-limits.ts';
import { type Expectation, PendingCall, type ReplyCollector, type ReplyReader } from './reply-collector.ts';

interface Entry {
  readonly expectation: Expectation;
  readonly bytes: number;
}

export class ReplyFifo {
  private readonly counter = new ReplyCounter();
  private readonly decoder: ReplyDecoder;
  private entries: Entry[] = [];
  private head = 0;
  /** The counter has begun with the head. */
  private counting = false;
  private replies = 0;
  private bytes = 0;
  /** Bytes of payload pieces whose expectation comes with a later one. */
  private bytesAhead = 0;
  private generation = 0;

  private readonly onMessage: ((reply: Reply) => boolean) | undefined;

  /** @param onMessage takes a reply that no command asked for, and says whether it did. Then only calls may be expected, no collectors. */
  constructor(bulkReplyBytesMax: number | undefined, onMessage?: (reply: Reply) => boolean) {
    this.decoder = new ReplyDecoder({ bulkBytesMax: bulkReplyBytesMax });
    this.onMessage = onMessage;
  }

  get unansweredReplies(): number {
    return this.replies - (this.counting ? this.counter.counted : 0);
  }

  get unansweredBytes(): number {
    return this.bytes + this.bytesAhead;
  }

  /** @param bytes sent for all of them together; they count as unanswered until the last is answered */
  push(expect: readonly Expectation[], bytes: number): void {
    this.bytesAhead += bytes;
    for (let i = 0; i < expect.length; i++) {
      const expectation = expect[i];
      const own = i === expect.length - 1 ? this.bytesAhead : 0;
      this.entries.push({ expectation, bytes: own });
      this.replies += expectation instanceof PendingCall ? 1 : expectation.count;
      this.bytes += own;
    }
    if (expect.length > 0) this.bytesAhead = 0;
    this.completeEmpty();
  }

  /** Takes received bytes[from, to). Throws PROTOCOL_ERROR for bytes that are no reply or that nobody waits for. */
  feed(bytes: Uint8Array, from: number, to: number): void {
    const { generation } = this;
    let at = from;
    while (at < to && generation === this.generation) {
      if (this.onMessage !== undefined) {
        at = this.feedMessage(this.onMessage, bytes, at, to);
        continue;
      }
      if (this.head === this.entries.length) {
        throw new GodwitError('PROTOCOL_ERROR', `received bytes that no command asked for: "${excerpt(bytes, at, to)}"`);
      }
      const { expectation } = this.entries[this.head];
      if (expectation instanceof PendingCall) at = this.feedCall(expectation, bytes, at, to);
      else if ('read' in expectation) at = this.feedReader(expectation, bytes, at, to);
      else at = this.feedCollector(expectation, bytes, at, to);
      if (generation === this.generation) this.completeEmpty();
    }
  }

  /** Everything that waits has lost its reply. All are told, even if one of them throws; that is thrown on at the end. */
  failAll(error: GodwitError): void {
    const lost = this.entries.slice(this.head);
    this.entries = [];
    this.head = 0;
    this.generation++;
    this.replies = 0;
    this.bytes = 0;
    this.bytesAhead = 0;
    this.counting = false;
    this.counter.reset();
    this.decoder.reset();
    const thrown: unknown[] = [];
    for (const entry of lost) {
      try {
        entry.expectation.onLost(error);
      } catch (defect) {
        thrown.push(defect);
      }
    }
    if (thrown.length > 0) throw thrown[0];
  }

  private feedMessage(onMessage: (reply: Reply) => boolean, bytes: Uint8Array, from: number, to: number): number {
    const { generation } = this;
    const at = this.decoder.decode(bytes, from, to);
    if (!this.decoder.complete) return at;
    const reply = this.decoder.take();
    if (onMessage(reply) || generation !== this.generation) return at;
    const expectation = this.entries[this.head]?.expectation;
    if (!(expectation instanceof PendingCall)) {
      throw new GodwitError('PROTOCOL_ERROR', `received bytes that no command asked for: "${excerpt(bytes, from, at)}"`);
    }
    this.shift(1);
    expectation.onReply(reply);
    if (generation === this.generation) this.completeEmpty();
    return at;
  }

  private feedCall(call: PendingCall, bytes: Uint8Array, from: number, to: number): number {
    const at = this.decoder.decode(bytes, from, to);
    if (this.decoder.complete) {
      const reply = this.decoder.take();
      this.shift(1);
      call.onReply(reply);
    }
    return at;
  }

  private feedReader(reader: ReplyReader, bytes: Uint8Array, from: number, to: number): number {
    const at = reader.read(bytes, from, to);
    if (reader.done) {
      this.shift(reader.count);
      reader.onDone();
    }
    return at;
  }

  private feedCollector(collector: ReplyCollector, bytes: Uint8Array, from: number, to: number): number {
    const { generation } = this;
    if (!this.counting) {
      this.counter.begin(collector.count, collector);
      this.counting = true;
    }
    const at = this.counter.scan(bytes, from, to);
    if (generation === this.generation && this.counter.done) {
      this.counting = false;
      this.shift(collector.count);
      collector.onDone();
    }
    return at;
  }

  /** Collectors that wait for nothing are done when their turn comes. */
  private completeEmpty(): void {
    while (this.head < this.entries.length) {
      const { expectation } = this.entries[this.head];
      if (expectation instanceof PendingCall || expectation.count > 0) return;
      this.shift(0);
      expectation.onDone();
    }
  }

  private shift(replies: number): void {
    this.replies -= replies;
    this.bytes -= this.entries[this.head].bytes;
    this.head++;
    if (this.head === this.entries.length) {
      this.entries = [];
      this.head = 0;
    } else if (this.head >= 1024 && this.head * 2 >= this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
  }
}
