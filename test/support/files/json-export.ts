/** Exports a file source to JSON in memory, and reads what any file source holds as plain objects, whatever its encodings. */
import { Filter } from '../../../src/filter/filter.ts';
import { EntryKind } from '../../../src/model/batch.ts';
import { ContentTaker } from '../../../src/pipeline/content-taker.ts';
import { ExportPipeline } from '../../../src/pipeline/export-pipeline.ts';
import type { FilePosition, FileSource, LargeStep, RowsStep } from '../../../src/source/file/file-source.ts';
import { LossReport } from '../../../src/target/loss-report.ts';
import { JsonWriter } from '../../../src/target/file/json-writer.ts';
import { type CollectedValue } from '../rdb/value-collector.ts';
import { decodeWhole } from '../rdb/decode-value.ts';

export interface HeldKey {
  readonly what: 'key' | 'function' | 'script';
  readonly database: number;
  /** Base64. */
  readonly key: string;
  readonly expiryMs: number;
  readonly idle: number;
  readonly freq: number;
  readonly value: unknown;
}

export interface HeldKeys {
  readonly keys: readonly HeldKey[];
  /** One for each step: how many keys there were behind it, and where it stood. */
  readonly stops: readonly { readonly keys: number; readonly position: FilePosition }[];
  readonly largeValues: number;
}

/** The source is read to its end and closed. */
export async function exportedToJson(source: FileSource, format: 'jsonl' | 'json'): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const output = { write: async (bytes: Uint8Array) => void pieces.push(Buffer.from(bytes)), finish: async () => {}, discard: async () => {} };
  const makeTaker = (): ContentTaker => new ContentTaker({ writer: new JsonWriter(format), refused: new Set(), skipRefused: false, losses: new LossReport() });
  await new ExportPipeline({ source, filter: new Filter({}), output, makeTaker }).run();
  return Buffer.concat(pieces);
}

/** The source is read to its end, or an error, and closed. */
export async function heldKeys(source: FileSource): Promise<HeldKeys> {
  const keys: HeldKey[] = [];
  const stops: { keys: number; position: FilePosition }[] = [];
  let largeValues = 0;
  try {
    for (;;) {
      const step = await source.next();
      if (step.kind === 'end') return { keys, stops, largeValues };
      if (step.kind === 'large') largeValues++;
      keys.push(...(step.kind === 'rows' ? keysOf(step, source) : [await keyOf(step, source)]));
      stops.push({ keys: keys.length, position: JSON.parse(JSON.stringify(source.position)) as FilePosition });
    }
  } finally {
    await source.close();
  }
}

function keysOf({ batch }: RowsStep, source: FileSource): HeldKey[] {
  return Array.from({ length: batch.count }, (_, row) => {
    const part = (from: number, to: number): Buffer => Buffer.from(batch.bytes.slice(from, to));
    const { database, expiryMs, idle, freq } = batch;
    const head = { key: part(batch.keyStart[row], batch.keyEnd[row]), database: database[row], expiryMs: expiryMs[row], idle: idle[row], freq: freq[row] };
    return heldKey(batch.kind[row], batch.type[row], head, part(batch.start[row], batch.end[row]), source);
  });
}

async function keyOf({ entry, value }: LargeStep, source: FileSource): Promise<HeldKey> {
  const pieces: Buffer[] = [];
  for await (const piece of value()) pieces.push(Buffer.from(piece));
  const { database, expiryMs, idle, freq } = entry;
  const head = { key: Buffer.from(entry.key), database, expiryMs, idle, freq };
  return heldKey(entry.kind, entry.type, head, Buffer.concat(pieces), source);
}

type Head = Pick<HeldKey, 'database' | 'expiryMs' | 'idle' | 'freq'> & { readonly key: Buffer };

function heldKey(kind: number, type: number, head: Head, bytes: Buffer, { snapshot }: FileSource): HeldKey {
  const { key, database, expiryMs, idle, freq } = head;
  const common = { database, key: key.toString('base64'), expiryMs, idle, freq };
  if (snapshot === null || snapshot.dialect === null) throw new Error('there is no snapshot');
  if (kind === EntryKind.RdbScript) return { ...common, what: 'script', value: bytes.toString('base64') };
  const isFunction = kind === EntryKind.RdbFunction;
  const value = decodeWhole({ type: isFunction ? 0 : type, dialect: snapshot.dialect, value: new Uint8Array(bytes), templates: snapshot.templates });
  return { ...common, what: isFunction ? 'function' : 'key', value: comparable(value) };
}

/** Without what a form says of itself, and without entries that are deleted. */
function comparable(value: CollectedValue): unknown {
  const { stream } = value;
  const content: Record<string, unknown> = { ...value, count: -1 };
  if (stream !== undefined) content['stream'] = { ...stream, deleted: [], firstId: stream.firstId !== null };
  return content;
}
