/** Replies of one send into a slab. */
import { Deferred } from '../../async/deferred.ts';
import type { GodwitError } from '../../errors/errors.ts';
import type { Connection } from '../../net/connection.ts';
import type { ReplyTaker } from '../../net/reply-collector.ts';
import type { ReplyColumns } from '../../resp/reply-columns.ts';

class SlabReader implements ReplyTaker {
  readonly count: number;
  readonly whenDone = new Deferred<void>();
  private readonly slab: ReplyColumns;

  constructor(slab: ReplyColumns, count: number, bulkKeepMax: number) {
    this.slab = slab;
    this.count = count;
    slab.begin(count, bulkKeepMax);
  }

  get done(): boolean {
    return this.slab.done;
  }

  feed(bytes: Uint8Array, from: number, to: number): number {
    return this.slab.read(bytes, from, to);
  }

  onDone(): void {
    this.whenDone.resolve();
  }

  onLost(error: GodwitError): void {
    this.whenDone.reject(error);
  }
}

/**
 * Sends commands that have `count` replies, and resolves when these are in the slab.
 * @param request must stay as it is until then. @throws CONNECTION_LOST, CONNECTION_DEAD
 */
export function readReplies(connection: Connection, request: Uint8Array, count: number, slab: ReplyColumns, bulkKeepMax: number): Promise<void> {
  const reader = new SlabReader(slab, count, bulkKeepMax);
  connection.send([request], [reader]);
  return reader.whenDone.promise;
}
