/**
 * Keys as a Parquet file, one row per element, in row groups of ROWS_MAX rows or ROW_BYTES_MAX bytes:
 *
 *   db INT32   key BYTES   type UTF8   index INT64   field BYTES   value BYTES   score DOUBLE   ttl INT64   field_ttl INT64
 *
 * What a type does not have is null: index is of lists and arrays, score of sorted sets, field of hashes, sorted sets (the member) and streams (the id). A
 * stream's value is its fields as JSON; its groups have no place here. ttl and field_ttl are Unix ms. Bytes stay as they are.
 *
 * A cell is held whole, and so is a row group: a string of 1 GiB takes that much memory.
 */
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { VALUE_KIND_NAMES, ValueKind } from '../../model/value-kind.ts';
import { StreamNode } from '../../rdb/encodings/stream-node.ts';
import { idText } from '../id-list.ts';
import { GrowingBuffer } from '../../bytes/growing-buffer.ts';
import type { ContentWriter, KeyHead } from './export-writer.ts';
import { writeJson } from './json-text.ts';

const ROWS_MAX = 50_000;
const ROW_BYTES_MAX = 8 * 1024 * 1024;
const nothing = (): void => {};

/** In the order of the columns. */
type Row = readonly [
  db: number | null,
  key: Uint8Array | null,
  type: string,
  index: bigint | null,
  field: Uint8Array | null,
  value: Uint8Array | null,
  score: number | null,
  ttl: bigint | null,
  fieldTtl: bigint | null,
];

const COLUMNS = [
  { name: 'db', type: 'INT32' },
  { name: 'key', type: 'BYTE_ARRAY' },
  { name: 'type', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  { name: 'index', type: 'INT64' },
  { name: 'field', type: 'BYTE_ARRAY' },
  { name: 'value', type: 'BYTE_ARRAY' },
  { name: 'score', type: 'DOUBLE' },
  { name: 'ttl', type: 'INT64' },
  { name: 'field_ttl', type: 'INT64' },
] as const;

/** A dictionary takes 0 and -0 for one value, which scores are not. */
const NO_DICTIONARY = { encoding: 'PLAIN' } as const;

export class ParquetFileWriter implements ContentWriter {
  readonly buffer = new GrowingBuffer();
  private readonly bytes = new ByteWriter();
  private readonly file = new ParquetWriter({
    writer: this.bytes,
    schema: [{ name: 'root', num_children: COLUMNS.length }, ...COLUMNS.map((column) => ({ ...column, repetition_type: 'OPTIONAL' as const }))],
    createdBy: 'godwit',
    statistics: false,
  });
  private readonly node = new StreamNode();
  private readonly scratch = new GrowingBuffer();
  private columns = emptyColumns();
  private rows = 0;
  private rowBytes = 0;
  private head: { readonly db: number; readonly key: Uint8Array; readonly type: string; readonly ttl: bigint | null } = {
    db: 0,
    key: new Uint8Array(0),
    type: '',
    ttl: null,
  };
  private kind: ValueKind = ValueKind.String;
  private items = 0;
  private parts: Uint8Array[] = [];
  readonly open = nothing;
  readonly largeText = nothing;
  readonly arrayCursor = nothing;
  readonly stream = nothing;
  readonly streamGroup = nothing;
  readonly streamPending = nothing;
  readonly streamConsumer = nothing;
  readonly streamConsumerPending = nothing;
  readonly streamReturned = nothing;
  readonly streamProducer = nothing;
  readonly streamProducerId = nothing;

  close(): void {
    this.writeGroup();
    void this.file.finish();
    this.handOn();
  }

  key({ bytes, start, end, database, expiryMs, kind }: KeyHead): void {
    this.head = { db: database, key: copy(bytes, start, end), type: VALUE_KIND_NAMES[kind], ttl: expiryMs < 0 ? null : BigInt(expiryMs) };
  }

  code(kind: 'function' | 'script', bytes: Uint8Array, start: number, end: number): void {
    this.addRow([null, null, kind, null, null, copy(bytes, start, end), null, null, null]);
  }

  begin(kind: ValueKind): void {
    this.kind = kind;
    this.items = 0;
    this.parts = [];
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    this.parts.push(copy(bytes, start, end));
  }

  element(bytes: Uint8Array, start: number, end: number): void {
    this.add({ index: this.kind === ValueKind.List ? BigInt(this.items) : null, value: copy(bytes, start, end) });
  }

  member(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.add({ field: copy(bytes, start, end), score });
  }

  field(bytes: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number, expiryMs: number): void {
    this.add({ field: copy(bytes, start, end), value: copy(value, valueStart, valueEnd), fieldTtl: expiryMs < 0 ? null : BigInt(expiryMs) });
  }

  arrayElement(index: bigint, bytes: Uint8Array, start: number, end: number): void {
    this.add({ index: BigInt.asIntN(64, index), value: copy(bytes, start, end) });
  }

  raw(bytes: Uint8Array, start: number, end: number): void {
    this.text(bytes, start, end);
  }

  streamNode(id: Uint8Array, idStart: number, bytes: Uint8Array, start: number, end: number): void {
    const { node, scratch } = this;
    node.open(id, idStart, bytes, start, end);
    while (node.next()) {
      if (node.isDeleted) continue;
      scratch.clear();
      for (let fields = 0; node.nextField(); fields++) {
        scratch.ascii(fields === 0 ? '[[' : '],[');
        writeJson(scratch, node.name, node.nameStart, node.nameEnd);
        scratch.ascii(',');
        writeJson(scratch, node.value, node.valueStart, node.valueEnd);
      }
      scratch.ascii(']]');
      this.add({ field: Buffer.from(idText(node.id, 0)), value: copy(scratch.bytes, 0, scratch.length) });
    }
  }

  end(): void {
    const isOne = this.kind === ValueKind.String || this.kind === ValueKind.Module;
    if (isOne) this.add({ value: this.parts.length === 1 ? this.parts[0] : Buffer.concat(this.parts) });
    else if (this.items === 0) this.add({});
  }

  private add({ index = null, field = null, value = null, score = null, fieldTtl = null }: Partial<ElementCells>): void {
    const { db, key, type, ttl } = this.head;
    this.items++;
    this.addRow([db, key, type, index, field, value, score, ttl, fieldTtl]);
  }

  private addRow(row: Row): void {
    for (const [i, cell] of row.entries()) {
      this.columns[i].push(cell);
      if (cell instanceof Uint8Array) this.rowBytes += cell.length;
    }
    if (++this.rows >= ROWS_MAX || this.rowBytes >= ROW_BYTES_MAX) this.writeGroup();
  }

  private writeGroup(): void {
    if (this.rows === 0) return;
    void this.file.write({
      columnData: COLUMNS.map(({ name, type }, i) => ({ name, data: this.columns[i], ...(type === 'DOUBLE' ? NO_DICTIONARY : {}) })),
      rowGroupSize: this.rows,
    });
    this.columns = emptyColumns();
    this.rows = 0;
    this.rowBytes = 0;
    this.handOn();
  }

  /** Offsets in the file go on counting; only what is held is given away. */
  private handOn(): void {
    this.buffer.raw(this.bytes.getBytes(), 0, this.bytes.index);
    this.bytes.index = 0;
  }
}

interface ElementCells {
  readonly index: bigint | null;
  readonly field: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly score: number | null;
  readonly fieldTtl: bigint | null;
}

function emptyColumns(): unknown[][] {
  return COLUMNS.map(() => []);
}

function copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}
