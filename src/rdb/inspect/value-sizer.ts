/**
 * What one value of a snapshot is to a server that loads it: kind, encoding (as OBJECT ENCODING says it), elements, and estimated bytes with its key.
 * Packed values are judged by the heads of their blobs; only tables, streams and the like are decoded.
 *
 *   measure(entry, bytes, start, end)                    the raw value is bytes[start, end), whole
 *   beginLarge(entry, bytesTotal); feedLarge(piece)*     a value that comes in pieces; what is held is an element, or a packed blob
 *
 * Invariants: nothing is allocated per element; the results are those of the last value and change with the next.
 */
import { GodwitError } from '../../errors/errors.ts';
import { ValueKind } from '../../model/value-kind.ts';
import type { Dialect } from '../dialect.ts';
import { RdbType } from '../opcodes.ts';
import { corruptAt, lengthAt, lengthEnd, stringEnd } from '../rdb-length.ts';
import type { TemplateNames } from '../template-names.ts';
import { ValueDecoder } from '../values/value-decoder.ts';
import { isInteger64 } from './integer64.ts';
import type { MemoryModel } from './memory-model.ts';
import { type PackedForm, PackedHead } from './packed-head.ts';
import { ValueTally } from './value-tally.ts';

export interface SizedEntry {
  readonly type: number;
  readonly keyLength: number;
  readonly hasExpiry: boolean;
}

interface Packed {
  readonly kind: ValueKind;
  readonly form: PackedForm;
  readonly perElement: 1 | 2 | 3;
  readonly encoding: string;
  /** Bytes before the blob: the least expiry of its fields. */
  readonly before?: number;
}

const { List, Set, Zset, Hash } = ValueKind;

const PACKED: ReadonlyMap<number, Packed> = new Map<number, Packed>([
  [RdbType.ListZiplist, { kind: List, form: 'ziplist', perElement: 1, encoding: 'ziplist' }],
  [RdbType.SetIntset, { kind: Set, form: 'intset', perElement: 1, encoding: 'intset' }],
  [RdbType.ZsetZiplist, { kind: Zset, form: 'ziplist', perElement: 2, encoding: 'ziplist' }],
  [RdbType.HashZiplist, { kind: Hash, form: 'ziplist', perElement: 2, encoding: 'ziplist' }],
  [RdbType.HashListpack, { kind: Hash, form: 'listpack', perElement: 2, encoding: 'listpack' }],
  [RdbType.ZsetListpack, { kind: Zset, form: 'listpack', perElement: 2, encoding: 'listpack' }],
  [RdbType.SetListpack, { kind: Set, form: 'listpack', perElement: 1, encoding: 'listpack' }],
  [RdbType.HashListpackEx, { kind: Hash, form: 'listpack', perElement: 3, encoding: 'listpackex', before: 8 }],
]);

/** By ValueKind, of what is decoded. */
const DECODED_ENCODINGS = ['raw', 'quicklist', 'hashtable', 'skiplist', 'hashtable', 'stream', 'array', 'module'] as const;
const NODE_PLAIN = 1;
const INTEGER_TEXT_MAX = 20;
const ENCODED = 0xc0;
const LZF = 0xc3;
/** Redis 7.2, Valkey: a list of one small node is a listpack. */
const SMALL_LIST_VERSION_MIN = 11;

export class ValueSizer {
  kind: ValueKind = ValueKind.String;
  encoding = '';
  elements = 0;
  /** With the key. */
  bytes = 0;
  templates: TemplateNames = new Map();
  private readonly model: MemoryModel;
  private readonly dialect: Dialect;
  private readonly decoder = new ValueDecoder();
  private readonly tally: ValueTally;
  private readonly head = new PackedHead();
  private held: Uint8Array[] = [];
  private heldBytes = 0;
  private large: SizedEntry | null = null;
  private largeBytes = 0;

  constructor(model: MemoryModel, dialect: Dialect) {
    this.model = model;
    this.dialect = dialect;
    this.tally = new ValueTally(model);
  }

  /** @throws GodwitError RDB_CORRUPT, RDB_UNSUPPORTED, with the index in `bytes` as details.at */
  measure(entry: SizedEntry, bytes: Uint8Array, start: number, end: number): void {
    const { type } = entry;
    if (type === RdbType.String) {
      this.measureString(entry, bytes, start, end);
      return;
    }
    if ((type === RdbType.ListQuicklist2 || type === RdbType.ListQuicklist) && this.measureList(entry, bytes, start, end)) return;
    const packed = PACKED.get(type);
    if (packed !== undefined && this.measurePacked(entry, packed, bytes, start, end)) return;
    this.decoder.begin(type, this.dialect, this.tally, end - start, this.templates);
    this.decoder.feed(bytes, start, end);
    if (!this.decoder.done) throw corruptAt(end, 'a value ends within an item');
    this.takeTally(entry, end - start);
  }

  /** @param bytes of the value, as in the file. @returns false if the first piece is all that is needed */
  beginLarge(entry: SizedEntry, bytes: number): boolean {
    this.large = entry;
    this.largeBytes = bytes;
    this.held = [];
    this.heldBytes = 0;
    if (entry.type === RdbType.String) return false;
    this.decoder.begin(entry.type, this.dialect, this.tally, bytes, this.templates);
    this.decoder.needed = 1;
    return true;
  }

  /** The pieces in order; they are copied as far as they have to be held. */
  feedLarge(piece: Uint8Array): void {
    const { decoder, large } = this;
    if (large === null) throw new GodwitError('INTERNAL', 'a large value was fed before it was begun');
    if (large.type === RdbType.String) {
      this.measureString(large, piece, 0, piece.length);
      return;
    }
    this.heldBytes += piece.length;
    if (this.heldBytes < decoder.needed) {
      this.held.push(new Uint8Array(piece));
      return;
    }
    const window = this.held.length === 0 ? piece : Buffer.concat([...this.held, piece]);
    const at = decoder.feed(window, 0, window.length);
    this.held = at < window.length ? [new Uint8Array(window.subarray(at))] : [];
    this.heldBytes = window.length - at;
    if (decoder.done) this.takeTally(large, this.largeBytes);
  }

  private measureString({ keyLength, hasExpiry }: SizedEntry, bytes: Uint8Array, start: number, end: number): void {
    const first = bytes[start];
    const isLzf = first === LZF;
    const lengthAtIndex = isLzf ? lengthEnd(bytes, start + 1, end) : start;
    const isNumber = first >= ENCODED && !isLzf;
    const length = isNumber ? 0 : lengthAt(bytes, lengthAtIndex);
    const isInteger = isNumber || (!isLzf && length <= INTEGER_TEXT_MAX && isInteger64(bytes, end - length, end));
    this.kind = ValueKind.String;
    this.elements = 1;
    this.encoding = isInteger ? 'int' : this.model.isEmbedded(keyLength, length, hasExpiry) ? 'embstr' : 'raw';
    this.bytes = this.model.string(keyLength, length, isInteger, hasExpiry);
  }

  private measurePacked(entry: SizedEntry, packed: Packed, bytes: Uint8Array, start: number, end: number): boolean {
    const { head } = this;
    if (!head.read(packed.form, bytes, start + (packed.before ?? 0), end) || head.entries < 0) return false;
    this.kind = packed.kind;
    this.encoding = packed.encoding;
    this.elements = Math.floor(head.entries / packed.perElement);
    this.bytes = this.keyed(entry) + this.packedBytes(packed, head.bytes);
    return true;
  }

  /** The nodes of a quicklist by their heads. @returns false if one of them cannot say how many elements it has */
  private measureList(entry: SizedEntry, bytes: Uint8Array, start: number, end: number): boolean {
    const { head, model } = this;
    const isTagged = entry.type === RdbType.ListQuicklist2;
    const nodes = lengthAt(bytes, start);
    let at = lengthEnd(bytes, start, end);
    let elements = 0;
    let size = 0;
    let isPlain = false;
    for (let i = 0; i < nodes; i++) {
      isPlain = isTagged && lengthAt(bytes, at) === NODE_PLAIN;
      const blob = isTagged ? lengthEnd(bytes, at, end) : at;
      at = stringEnd(bytes, blob, end);
      if (isPlain) size += model.packed(bytes[blob] === LZF ? lengthAt(bytes, lengthEnd(bytes, blob + 1, end)) : at - blob);
      else {
        if (!head.read(isTagged ? 'listpack' : 'ziplist', bytes, blob, at) || head.entries < 0) return false;
        size += model.packed(head.bytes);
      }
      elements += isPlain ? 1 : head.entries;
    }
    const isSmall = isTagged && nodes === 1 && !isPlain && this.dialect.version >= SMALL_LIST_VERSION_MIN;
    this.kind = List;
    this.encoding = isSmall ? 'listpack' : 'quicklist';
    this.elements = elements;
    this.bytes = this.keyed(entry) + size + (isSmall ? 0 : model.list(nodes));
    return true;
  }

  private takeTally(entry: SizedEntry, rawBytes: number): void {
    const { tally } = this;
    const packed = PACKED.get(entry.type);
    this.kind = tally.kind;
    this.elements = tally.elements;
    this.encoding = packed?.encoding ?? DECODED_ENCODINGS[tally.kind];
    this.bytes = this.keyed(entry) + (packed === undefined ? tally.bytes : this.packedBytes(packed, rawBytes));
  }

  private packedBytes({ before = 0 }: Packed, bytes: number): number {
    return before > 0 ? this.model.packedFields(bytes) : this.model.packed(bytes);
  }

  private keyed({ keyLength, hasExpiry }: SizedEntry): number {
    return this.model.keyed(keyLength, hasExpiry);
  }
}
