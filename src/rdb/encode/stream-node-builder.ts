/**
 * Packs entries of a stream into nodes as servers do (encodings/stream-node.ts has the grammar): 4 KiB or 100 entries each, or one entry that is larger.
 *
 *   for each entry: if (!builder.add(id, 0, fields)) { write builder.id, builder.bytes[0, builder.close()); builder.reset(); builder.add(id, 0, fields); }
 */
import { canonicalInteger } from './canonical-integer.ts';
import { writeBacklen, writeNumber, writeTextHead } from './listpack-node.ts';
import { writeLittleEndian } from './packed-node.ts';
import { STREAM_ID_BYTES } from '../encodings/stream-node.ts';

/** Names and values of one entry, behind each other: item i is bytes[starts[i], starts[i + 1]); 2 * fields items. */
export interface EntryFields {
  readonly bytes: Uint8Array;
  readonly starts: ArrayLike<number>;
  readonly fields: number;
}

const NODE_BYTES_MAX = 4096;
/** Its number fits into one byte, so that it can be corrected in place. */
const ENTRIES_MAX = 100;
const HEADER_BYTES = 6;
const COUNT_MAX = 0xffff;
const SAME_FIELDS = 2;
const AROUND_BYTES_MAX = 16;
const END = 0xff;
const INT64 = 0xf4;

export class StreamNodeBuilder {
  bytes = new Uint8Array(NODE_BYTES_MAX * 2);
  /** Of the node: that of its first entry. */
  readonly id = new Uint8Array(STREAM_ID_BYTES);
  entries = 0;
  private at = HEADER_BYTES;
  private items = 0;
  /** Names of the first entry. */
  private names: Uint8Array = new Uint8Array(0);
  private nameStarts: number[] = [];

  reset(): void {
    this.entries = 0;
  }

  /** @returns false: the node is full; nothing is changed then */
  add(id: Uint8Array, idStart: number, fields: EntryFields): boolean {
    const count = fields.fields * 2;
    const size = fields.starts[count] + (count + 6) * AROUND_BYTES_MAX;
    if (this.entries > 0 && (this.entries >= ENTRIES_MAX || this.at + size > NODE_BYTES_MAX)) return false;
    // The first entry has its names twice at most.
    this.reserve(size * 2);
    if (this.entries === 0) this.begin(id, idStart, fields);
    const isSame = this.hasNames(fields);
    this.number(isSame ? SAME_FIELDS : 0);
    this.difference(id, idStart, 0);
    this.difference(id, idStart, 8);
    if (!isSame) this.number(fields.fields);
    for (let i = isSame ? 1 : 0; i < count; i += isSame ? 2 : 1) this.text(fields.bytes, fields.starts[i], fields.starts[i + 1]);
    this.number(isSame ? fields.fields + 3 : count + 4);
    this.entries++;
    return true;
  }

  /** Completes the node, which has an entry at least. @returns its length: it is bytes[0, length) */
  close(): number {
    const { bytes } = this;
    bytes[HEADER_BYTES] = this.entries;
    bytes[this.at] = END;
    writeLittleEndian(bytes, 0, this.at + 1, 4);
    writeLittleEndian(bytes, 4, Math.min(this.items, COUNT_MAX), 2);
    return this.at + 1;
  }

  /** Entries, deleted entries, and the names that others can share. */
  private begin(id: Uint8Array, idStart: number, fields: EntryFields): void {
    this.id.set(id.subarray(idStart, idStart + STREAM_ID_BYTES));
    this.at = HEADER_BYTES;
    this.items = 0;
    this.number(0);
    this.number(0);
    this.number(fields.fields);
    const { bytes, starts } = fields;
    this.names = new Uint8Array(bytes.subarray(0, starts[fields.fields * 2]));
    this.nameStarts = [];
    for (let i = 0; i < fields.fields * 2; i += 2) {
      this.text(bytes, starts[i], starts[i + 1]);
      this.nameStarts.push(starts[i], starts[i + 1]);
    }
    this.number(0);
  }

  private hasNames({ bytes, starts, fields }: EntryFields): boolean {
    const { names, nameStarts } = this;
    if (nameStarts.length !== fields * 2) return false;
    for (let i = 0; i < fields * 2; i += 2) {
      const length = starts[i + 1] - starts[i];
      if (nameStarts[i + 1] - nameStarts[i] !== length) return false;
      for (let j = 0; j < length; j++) if (names[nameStarts[i] + j] !== bytes[starts[i] + j]) return false;
    }
    return true;
  }

  private number(n: number): void {
    const begin = this.at;
    this.endItem(begin, writeNumber(this.bytes, begin, n));
  }

  /** Half of an id less that of the node, modulo 2^64. */
  private difference(id: Uint8Array, idStart: number, half: number): void {
    const n = BigInt.asIntN(64, uint64be(id, idStart + half) - uint64be(this.id, half));
    if (n >= -0x8000_0000n && n < 0x8000_0000n) {
      this.number(Number(n));
      return;
    }
    const begin = this.at;
    this.bytes[begin] = INT64;
    new DataView(this.bytes.buffer).setBigInt64(begin + 1, n, true);
    this.endItem(begin, begin + 9);
  }

  private text(from: Uint8Array, start: number, end: number): void {
    const { bytes, at: begin } = this;
    const n = canonicalInteger(from, start, end);
    if (n === n) {
      this.number(n);
      return;
    }
    const at = writeTextHead(bytes, begin, end - start);
    bytes.set(from.subarray(start, end), at);
    this.endItem(begin, at + end - start);
  }

  private endItem(begin: number, end: number): void {
    this.at = writeBacklen(this.bytes, end, end - begin);
    this.items++;
  }

  private reserve(size: number): void {
    const needed = (this.entries === 0 ? HEADER_BYTES : this.at) + size;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(needed);
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
  }
}

function uint64be(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at);
}
