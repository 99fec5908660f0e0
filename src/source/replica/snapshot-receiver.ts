/**
 * Takes the snapshot out of the replication link: `$<length>` (from disk) or `$EOF:<40 bytes>` (diskless, ends with the same 40 bytes, which can be
 * cut anywhere). In diskless mode the source sends nothing behind the end mark until it gets an ACK, so the mark is always the last thing received.
 * Source: replication.c: readSyncBulkPayload.
 */
import { RdbChecksum } from './rdb-checksum.ts';
import type { SpoolLog } from './spool/spool-log.ts';

const MARK_BYTES = 40;

export class SnapshotReceiver {
  readonly log: SpoolLog;
  /** -1 = diskless. */
  readonly length: number;
  readonly checksum = new RdbChecksum();
  received = 0;
  done = false;
  private readonly endMark: Buffer | null;
  private tail = Buffer.alloc(0);

  /** @param header the line behind `$` */
  constructor(log: SpoolLog, header: string) {
    this.log = log;
    this.endMark = header.startsWith('EOF:') ? Buffer.from(header.slice(4, 4 + MARK_BYTES), 'latin1') : null;
    this.length = this.endMark === null ? Number(header) : -1;
  }

  get diskless(): boolean {
    return this.endMark !== null;
  }

  /** Returns the index behind what belongs to the snapshot. */
  push(bytes: Buffer, start: number, end: number): number {
    if (this.endMark === null) {
      const stop = Math.min(end, start + this.length - this.received);
      this.take(bytes, start, stop);
      this.done = this.received === this.length;
      return stop;
    }
    const all = this.tail.length === 0 ? bytes.subarray(start, end) : Buffer.concat([this.tail, bytes.subarray(start, end)]);
    const keepFrom = Math.max(0, all.length - MARK_BYTES);
    this.done = all.length >= MARK_BYTES && all.subarray(keepFrom).equals(this.endMark);
    this.take(all, 0, keepFrom);
    this.tail = this.done ? Buffer.alloc(0) : Buffer.from(all.subarray(keepFrom));
    return end;
  }

  private take(bytes: Buffer, start: number, end: number): void {
    if (end <= start) return;
    this.checksum.push(bytes, start, end);
    this.log.append(bytes.subarray(start, end));
    this.received += end - start;
  }
}
