/** Changes on values of a snapshot: database, key, expiry. Values themselves are never touched, and stay byte ranges. */
import { type Batch, EntryKind } from '../model/batch.ts';
import type { LargeEntryHead } from '../rdb/large-entry.ts';
import { BatchEditor } from '../resp/batch-editor.ts';
import { type DatabaseMap, DROPPED } from './database-map.ts';
import type { KeyRename } from './key-rename.ts';
import type { TransformCounts } from './transform-counts.ts';
import type { TtlChange } from './ttl-change.ts';

export type ChangedHead = Pick<LargeEntryHead, 'key' | 'database' | 'expiryMs'>;

export class EntryTransform {
  private readonly rename: KeyRename;
  private readonly databases: DatabaseMap;
  private readonly ttl: TtlChange;
  private readonly counts: TransformCounts;
  private readonly editor = new BatchEditor();

  constructor(rename: KeyRename, databases: DatabaseMap, ttl: TtlChange, counts: TransformCounts) {
    this.rename = rename;
    this.databases = databases;
    this.ttl = ttl;
    this.counts = counts;
  }

  /**
   * Of a batch of a snapshot; libraries and scripts stay as they are.
   * @param nowMs what times to live count from, Unix ms. @returns the same object, over other bytes if a key has another name
   */
  apply(batch: Batch, nowMs: number): Batch {
    const { editor } = this;
    const { count } = batch;
    editor.begin(batch);
    for (let row = 0; row < count; row++) {
      if (batch.kind[row] === EntryKind.RdbValue) this.row(batch, row, nowMs);
      else editor.keep(row);
    }
    return editor.end();
  }

  /** Of one value that is larger than the window; what has no key stays as it is. Null: it is left out. */
  applyLarge(head: LargeEntryHead, nowMs: number): ChangedHead | null {
    const { key, database, expiryMs } = head;
    if (head.kind !== EntryKind.RdbValue) return head;
    const to = this.targetOf(database);
    if (to === DROPPED) return null;
    const time = this.ttl.isActive ? this.retimed(expiryMs, nowMs, key, 0, key.length) : expiryMs;
    return {
      key: this.renamed(key, 0, key.length) ? Buffer.from(this.rename.bytes.subarray(this.rename.start, this.rename.end)) : key,
      database: to,
      expiryMs: time,
    };
  }

  private row(batch: Batch, row: number, nowMs: number): void {
    const { editor, rename } = this;
    const { bytes } = batch;
    const [keyStart, keyEnd, database, expiryMs] = [batch.keyStart[row], batch.keyEnd[row], batch.database[row], batch.expiryMs[row]];
    const to = this.targetOf(database);
    if (to === DROPPED) return;
    const time = this.ttl.isActive ? this.retimed(expiryMs, nowMs, bytes, keyStart, keyEnd) : expiryMs;
    if (this.renamed(bytes, keyStart, keyEnd)) editor.keepValue(row, rename.bytes, rename.start, rename.end);
    else editor.keep(row);
    if (to !== database) editor.setDatabase(to);
    if (time !== expiryMs) editor.setExpiryMs(time);
  }

  private targetOf(database: number): number {
    const to = this.databases.targetOf(database);
    if (to === DROPPED) this.counts.dropped++;
    else if (to !== database) this.counts.moved++;
    return to;
  }

  private retimed(expiryMs: number, nowMs: number, key: Uint8Array, start: number, end: number): number {
    const time = this.ttl.change(expiryMs, nowMs, key, start, end);
    if (time !== expiryMs) this.counts.retimed++;
    return time;
  }

  private renamed(key: Uint8Array, start: number, end: number): boolean {
    const { rename } = this;
    if (!rename.rename(key, start, end)) return false;
    this.counts.countRenamed(key, start, end, rename.bytes, rename.start, rename.end);
    return true;
  }
}
