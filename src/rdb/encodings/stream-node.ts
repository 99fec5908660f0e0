/**
 * One node of a stream's radix tree: a listpack with some entries, whose ids count from the node's own. All versions since 5.0 write it alike.
 *
 *   node    = count deleted fields *name 0 *entry                        ; names: those of the first entry, which others can share
 *   entry   = flags ms seq ( *value / fields *( name value ) ) items     ; flags 1: deleted, 2: names and number of fields are those of the node
 *                                                                        ; ms, seq: more than in the node's id; items: elements before this one
 *
 *   open(id, idStart, bytes, start, end)
 *   while (next()) { id and isDeleted of an entry; while (nextField()) its names and values }
 *
 * Invariants: fields need not be read; a node read to its end is whole: next() refuses what does not fit its own counts. Ranges are valid up to
 * the next call of nextField() or next(); `id` is overwritten by next().
 *
 * Facts: redis t_stream.c (streamAppendItem, streamIteratorGetID, streamValidateListpackIntegrity).
 */
import { corruptAt } from '../rdb-length.ts';
import { Listpack } from './listpack.ts';

export const STREAM_ID_BYTES = 16;

const DELETED = 1;
const SAME_FIELDS = 2;
/** flags, ms, seq. */
const ENTRY_HEAD = 3;
const OFFSETS_MIN = 16;
const NO_BYTES = new Uint8Array(0);

export class StreamNode {
  /** Of the entry: ms and seq, big endian. */
  readonly id = new Uint8Array(STREAM_ID_BYTES);
  isDeleted = false;
  fields = 0;
  name: Uint8Array = NO_BYTES;
  nameStart = 0;
  nameEnd = 0;
  value: Uint8Array = NO_BYTES;
  valueStart = 0;
  valueEnd = 0;
  private nodeId: Uint8Array = NO_BYTES;
  private nodeIdStart = 0;
  private blobStart = 0;
  private readonly entries = new Listpack();
  /** The same listpack, to go back to the names of the node. */
  private readonly names = new Listpack();
  private nameOffsets = new Float64Array(OFFSETS_MIN);
  private nodeFields = 0;
  private isSame = false;
  private fieldsLeft = -1;
  private live = 0;
  private deleted = 0;

  /** @throws GodwitError RDB_CORRUPT */
  open(id: Uint8Array, idStart: number, bytes: Uint8Array, start: number, end: number): void {
    this.nodeId = id;
    this.nodeIdStart = idStart;
    this.blobStart = start;
    this.entries.open(bytes, start, end);
    this.names.open(bytes, start, end);
    this.live = this.count('entries');
    this.deleted = this.count('deleted entries');
    this.nodeFields = this.count('fields');
    for (let i = 0; i < this.nodeFields; i++) {
      if (i === this.nameOffsets.length) this.growOffsets();
      this.nameOffsets[i] = this.entries.at;
      this.element();
    }
    if (this.count('entries at its begin') !== 0) throw this.corrupt('does not end its own fields');
    this.fieldsLeft = -1;
  }

  /** @throws GodwitError RDB_CORRUPT */
  next(): boolean {
    this.finish();
    const { entries } = this;
    if (!entries.next()) {
      if (this.live !== 0 || this.deleted !== 0) throw this.corrupt('has another number of entries than it says');
      return false;
    }
    const flags = entries.integer();
    if (!(flags >= 0 && flags <= (DELETED | SAME_FIELDS))) throw this.corrupt('has an entry with flags that there are not');
    this.isDeleted = (flags & DELETED) !== 0;
    this.isSame = (flags & SAME_FIELDS) !== 0;
    if (this.isDeleted) this.deleted--;
    else this.live--;
    this.half(0);
    this.half(8);
    this.fields = this.isSame ? this.nodeFields : this.count('fields of an entry');
    this.fieldsLeft = this.fields;
    return true;
  }

  /** @throws GodwitError RDB_CORRUPT */
  nextField(): boolean {
    if (this.fieldsLeft <= 0) return false;
    const { entries, names } = this;
    if (this.isSame) {
      names.again(this.nameOffsets[this.fields - this.fieldsLeft]);
      this.name = names.bytes;
      this.nameStart = names.start;
      this.nameEnd = names.end;
    } else {
      this.element();
      this.name = entries.bytes;
      this.nameStart = entries.start;
      this.nameEnd = entries.end;
    }
    this.element();
    this.value = entries.bytes;
    this.valueStart = entries.start;
    this.valueEnd = entries.end;
    this.fieldsLeft--;
    return true;
  }

  /** Goes to the end of the entry. */
  private finish(): void {
    if (this.fieldsLeft < 0) return;
    const elements = this.isSame ? this.fieldsLeft : this.fieldsLeft * 2;
    for (let i = 0; i < elements; i++) this.element();
    const items = ENTRY_HEAD + (this.isSame ? this.fields : this.fields * 2 + 1);
    if (this.count('elements of an entry') !== items) throw this.corrupt('has an entry with another number of elements than it says');
    this.fieldsLeft = -1;
  }

  /** Half of the id: that of the node, and the number of the entry, modulo 2^64. */
  private half(at: number): void {
    this.element();
    const { entries, nodeId, id } = this;
    if (!entries.isInteger) throw this.corrupt('has an entry without an id');
    const from = this.nodeIdStart + at;
    const low = uint32be(nodeId, from + 4) + entries.low;
    const high = uint32be(nodeId, from) + entries.high + (low > 0xffff_ffff ? 1 : 0);
    writeUint32be(id, at, high | 0);
    writeUint32be(id, at + 4, low | 0);
  }

  private count(what: string): number {
    this.element();
    const value = this.entries.integer();
    if (!(value >= 0)) throw this.corrupt(`has no number of ${what}`);
    return value;
  }

  private element(): void {
    if (!this.entries.next()) throw this.corrupt('ends within an entry');
  }

  private growOffsets(): void {
    const larger = new Float64Array(this.nameOffsets.length * 2);
    larger.set(this.nameOffsets);
    this.nameOffsets = larger;
  }

  private corrupt(what: string): Error {
    return corruptAt(this.blobStart, `a node of a stream ${what}`);
  }
}

function uint32be(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

function writeUint32be(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
