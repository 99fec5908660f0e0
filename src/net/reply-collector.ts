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

/** Takes the bytes of its replies itself, for those that are many and looked at. Exactly one of onDone and onLost is called, once. */
export interface ReplyReader {
  /** Replies that will come, at least one; a whole array is one. */
  readonly count: number;
  /** True when all of them were read. */
  readonly done: boolean;
  /** Reads bytes[from, to) until all replies came or the bytes are used up. @returns where it stopped. @throws PROTOCOL_ERROR */
  read(bytes: Uint8Array, from: number, to: number): number;
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

export type Expectation = ReplyCollector | ReplyReader | PendingCall;
