/** Reads a file source to its end; rows come as plain objects that can be compared. */
import { EntryKind } from '../../../src/model/batch.ts';
import type { EndStep, FilePosition, FileSource, LargeStep, RowsStep } from '../../../src/source/file/file-source.ts';

export interface SourceRow {
  readonly kind: number;
  readonly type: number;
  /** Latin-1. */
  readonly key: string;
  readonly value: string;
  readonly database: number;
  readonly expiryMs: number;
}

export interface ReadSource {
  readonly rows: readonly SourceRow[];
  /** One for each step that had rows: how many there were behind it, and where it stood. */
  readonly stops: readonly { readonly rows: number; readonly position: FilePosition }[];
  readonly end: EndStep;
  readonly largeValues: number;
}

/** The source is closed, in the end and on errors. */
export async function readSource(source: FileSource): Promise<ReadSource> {
  const rows: SourceRow[] = [];
  const stops: { rows: number; position: FilePosition }[] = [];
  let largeValues = 0;
  try {
    for (;;) {
      const step = await source.next();
      if (step.kind === 'end') return { rows, stops, end: step, largeValues };
      if (step.kind === 'large') largeValues++;
      rows.push(...(step.kind === 'rows' ? rowsOf(step) : [await rowOfLarge(step)]));
      stops.push({ rows: rows.length, position: JSON.parse(JSON.stringify(source.position)) as FilePosition });
    }
  } finally {
    await source.close();
  }
}

function rowsOf({ batch }: RowsStep): SourceRow[] {
  const text = (from: number, to: number): string => Buffer.from(batch.bytes.subarray(from, to)).toString('latin1');
  return Array.from({ length: batch.count }, (_, row) => ({
    kind: batch.kind[row],
    type: batch.kind[row] === EntryKind.Command ? -1 : batch.type[row],
    key: text(batch.keyStart[row], batch.keyEnd[row]),
    value: text(batch.start[row], batch.end[row]),
    database: batch.database[row],
    expiryMs: batch.kind[row] === EntryKind.Command ? -1 : batch.expiryMs[row],
  }));
}

async function rowOfLarge({ entry, value }: LargeStep): Promise<SourceRow> {
  const pieces: Buffer[] = [];
  for await (const piece of value()) pieces.push(Buffer.from(piece));
  return {
    kind: entry.kind,
    type: entry.type,
    key: Buffer.from(entry.key).toString('latin1'),
    value: Buffer.concat(pieces).toString('latin1'),
    database: entry.database,
    expiryMs: entry.expiryMs,
  };
}
