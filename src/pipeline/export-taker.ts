/** What the export drives, for formats of content and for RDB alike: it takes keys one after the other and fills a buffer, which the export empties. */
import type { Batch } from '../model/batch.ts';
import type { LargeStep, SnapshotForm } from '../source/file/file-source.ts';
import type { GrowingBuffer } from '../bytes/growing-buffer.ts';

export interface ExportTaker {
  readonly buffer: GrowingBuffer;
  /** Keys that the format cannot say, and that may be left out. */
  readonly skipped: number;
  /** Keys that were written without all that they had. */
  readonly degraded: number;
  open(): void;
  close(): void;
  /** Before the rows or the large value of a step. Null: the source has no snapshot. */
  begin(snapshot: SnapshotForm | null): void;
  /** @returns false: left out. @throws GodwitError VALUE_NOT_REPRESENTABLE, COMMANDS_NOT_EXPORTABLE, RDB_CORRUPT */
  row(batch: Batch, row: number): boolean;
  /** @param empty to be called between pieces: resolves when the buffer has room again. As row() */
  large(step: LargeStep, empty: () => Promise<void>): Promise<boolean>;
  /** The buffer is about to be emptied, and was. */
  emptying(): void;
  emptied(): void;
}
