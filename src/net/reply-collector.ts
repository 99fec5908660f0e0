/** What waits for replies in the FIFO of a connection. */
import type { GodwitError } from '../errors/errors.ts';
import type { Reply } from '../resp/reply.ts';

/** Collects the replies of one bulk send without building them. Exactly one of onDone and onLost is called, once. */
export interface ReplyCollector {
  /** Replies that will come; a whole EXEC is one. */
  readonly count: number;
  /** @param nestedIndex index within the array of an EXEC, or -1 */
  onError(index: number, nestedIndex: number, text: string): void;
  /** A null array: an EXEC that was aborted. */
  onNull?(index: number): void;
  onDone(): void;
  onLost(error: GodwitError): void;
}

/** One reply that is decoded. Exactly one of the two functions is called, once; a `-` reply is a ReplyError given to onReply. */
export class PendingCall {
  readonly onReply: (reply: Reply) => void;
  readonly onLost: (error: GodwitError) => void;

  constructor(onReply: (reply: Reply) => void, onLost: (error: GodwitError) => void) {
    this.onReply = onReply;
    this.onLost = onLost;
  }
}

/** Takes the bytes of its replies itself. Exactly one of onDone and onLost is called, once. */
export interface ReplyTaker {
  /** Replies that will come. */
  readonly count: number;
  /** True when all have. */
  readonly done: boolean;
  /** Reads bytes[from, to) until all replies came or the bytes are used up; returns where it stopped. Throws PROTOCOL_ERROR. */
  feed(bytes: Uint8Array, from: number, to: number): number;
  onDone(): void;
  onLost(error: GodwitError): void;
}

export type Expectation = ReplyCollector | ReplyTaker | PendingCall;
