/**
 * Values that were read from the source, as commands for the target: through the job's rules first, then `SET` or `RESTORE ... REPLACE` as the target takes them, and
 * `UNLINK` for what the source does not have. What a rule leaves out, or the target cannot hold, makes no command.
 */
import { Batch, EntryKind } from '../../model/batch.ts';
import { DUMP_FOOTER_BYTES } from '../../rdb/restore-footer.ts';
import { encodeCommand } from '../../resp/encode.ts';
import type { RestoreOptions } from '../../target/batch-buffer.ts';
import { holdTime } from '../../target/held-expiry.ts';
import { dumpDialect } from '../dump-dialect.ts';
import type { Edits } from '../edits/edits.ts';
import { ValueRows } from '../edits/value-rows.ts';
import type { MendOutcome, SourceValue } from './key-to-mend.ts';

export interface MendedRows {
  /** Commands, in names and databases of the target; their bytes are their own. */
  readonly batch: Batch;
  readonly outcome: MendOutcome;
}

const NONE = new Batch(0);

export class MendRows {
  private readonly edits: Edits | null;
  private readonly rows: ValueRows;
  private readonly isFinal: boolean;

  /** @param restore of the target; @param edits null = everything passes as it is; @param isFinal nothing follows that could renew a key that expires */
  constructor(restore: RestoreOptions, edits: Edits | null, isFinal = false) {
    this.edits = edits;
    this.isFinal = isFinal;
    this.rows = new ValueRows(restore, false);
  }

  /** @param offset that the rows get as theirs. @param bytesMax of an argument that the target takes; 0 = unknown */
  of(value: SourceValue, offset: number, bytesMax: number): MendedRows {
    const { payload } = value;
    if (payload !== null && bytesMax > 0 && payload.length >= bytesMax) return { batch: NONE, outcome: 'too-large' };
    try {
      const batch = payload === null ? this.removal(value, offset) : this.renewal(value, payload, offset);
      if (batch.count === 0) return { batch: NONE, outcome: 'left-out' };
      return { batch: ownRows(batch, offset), outcome: payload === null ? 'removed' : 'brought' };
    } catch {
      // What a target cannot hold stops a sync where it is told to; here it is a key that cannot be mended.
      return { batch: NONE, outcome: 'left-out' };
    }
  }

  private removal({ database, key }: SourceValue, offset: number): Batch {
    const bytes = encodeCommand(['UNLINK', key]);
    const batch = rowOf(bytes, database, offset);
    batch.kind[0] = EntryKind.Command;
    batch.end[0] = bytes.length;
    batch.keyEnd[0] = bytes.length - 2;
    batch.keyStart[0] = batch.keyEnd[0] - key.length;
    return this.edits === null ? batch : this.edits.commands(batch, Date.now()).batch;
  }

  private renewal({ database, key, expiryMs }: SourceValue, payload: Buffer, offset: number): Batch {
    const { edits, rows } = this;
    const { restore } = rows;
    const bytes = Buffer.concat([key, payload]);
    const batch = rowOf(bytes, database, offset);
    batch.kind[0] = EntryKind.RdbValue;
    batch.type[0] = payload[0];
    batch.start[0] = key.length + 1;
    batch.end[0] = bytes.length - DUMP_FOOTER_BYTES;
    batch.keyEnd[0] = key.length;
    batch.expiryMs[0] = expiryMs;
    batch.idle[0] = -1;
    batch.freq[0] = -1;
    const form = { dialect: dumpDialect(payload, payload.length), templates: undefined };
    const { replace } = restore;
    // Also where the job has passed over keys that were there: this one is to be as at the source.
    restore.replace = true;
    try {
      const edited = edits === null ? batch : edits.values(batch, form, restore, Date.now()).batch;
      return edited.count === 0 || edits?.hasFunction === true ? edited : rows.ofBatch(edited, form, holdTime(this.isFinal));
    } finally {
      restore.replace = replace;
    }
  }
}

function rowOf(bytes: Uint8Array, database: number, offset: number): Batch {
  const batch = new Batch(1, bytes);
  batch.count = 1;
  batch.database[0] = database;
  batch.endOffset[0] = offset;
  return batch;
}

/** A copy: what made them uses its buffers again. */
function ownRows(from: Batch, offset: number): Batch {
  const batch = new Batch(from.count);
  batch.copyRows(from);
  batch.bytes = Uint8Array.from(from.bytes.subarray(0, Math.max(...from.end.subarray(0, from.count))));
  batch.endOffset.fill(offset);
  return batch;
}
