/**
 * Decodes values: calls a ValueVisitor with what the bytes of an RDB value (behind type byte and key) hold. The value needs not be whole; bytes come
 * window by window, as with ValueSkipper.
 *
 *   begin(type, dialect, values, bytesLeftMax, templates)
 *   at = feed(bytes, start, end)   consumed up to `at`; then one of
 *     done                         the value ends at `at`, and values.end() was called
 *     not done                     give bytes[at, end) again with more behind: `needed` bytes from `at` on are enough to go on
 *
 * What is taken whole: an element, a field with its value, a packed blob, a compressed string. A plain string passes in parts.
 *
 * Invariants: nothing at or behind `end` is read; nothing is allocated by a length that the bytes do not bear out; nothing is allocated per
 * element but for arrays; what the bytes say of themselves (lengths, counts, order) is checked. After an error the decoder has to begin anew.
 */
import { ValueKind } from '../../model/value-kind.ts';
import type { Dialect } from '../dialect.ts';
import { RdbType } from '../opcodes.ts';
import { corruptAt } from '../rdb-length.ts';
import { NO_TEMPLATES, type TemplateNames } from '../template-names.ts';
import { unknownType, type ValueProgram, valuePrograms } from '../value-program.ts';
import { ArrayReader } from './array-reader.ts';
import { ElementReader } from './element-reader.ts';
import { HashReader } from './hash-reader.ts';
import { ItemWindow } from './item-window.ts';
import { ModuleReader } from './module-reader.ts';
import { type PackedForm, PackedReader } from './packed-reader.ts';
import { type StreamForm, StreamReader } from './stream-reader.ts';
import { StringReader } from './string-reader.ts';
import { TemplateHashReader } from './template-hash-reader.ts';
import type { ValueReader } from './value-reader.ts';
import type { ValueVisitor } from './value-visitor.ts';
import { ZsetReader } from './zset-reader.ts';

const { List, Set, Zset, Hash } = ValueKind;

/** Types that are alike in all dialects that have them. Those of 22 and 23 are in hashReader(). */
const PACKED: ReadonlyMap<number, PackedForm> = new Map<number, PackedForm>([
  [RdbType.HashZipmap, { kind: Hash, packing: 'zipmap' }],
  [RdbType.ListZiplist, { kind: List, packing: 'ziplist' }],
  [RdbType.SetIntset, { kind: Set, packing: 'intset' }],
  [RdbType.ZsetZiplist, { kind: Zset, packing: 'ziplist' }],
  [RdbType.HashZiplist, { kind: Hash, packing: 'ziplist' }],
  [RdbType.ListQuicklist, { kind: List, packing: 'ziplist', chain: 'blobs' }],
  [RdbType.HashListpack, { kind: Hash, packing: 'listpack' }],
  [RdbType.ZsetListpack, { kind: Zset, packing: 'listpack' }],
  [RdbType.ListQuicklist2, { kind: List, packing: 'listpack', chain: 'tagged' }],
  [RdbType.SetListpack, { kind: Set, packing: 'listpack' }],
  [RdbType.HashListpackExPreGa, { kind: Hash, packing: 'listpack', expiry: true }],
  [RdbType.HashListpackEx, { kind: Hash, packing: 'listpack', expiry: true, least: true }],
]);

const STREAMS: ReadonlyMap<number, StreamForm> = new Map<number, StreamForm>([
  [RdbType.StreamListpacks, {}],
  [RdbType.StreamListpacks2, { counters: true }],
  [RdbType.StreamListpacks3, { counters: true, activeTime: true }],
  [RdbType.StreamListpacks4, { counters: true, activeTime: true, producers: true }],
  [RdbType.StreamListpacks5, { counters: true, activeTime: true, producers: true, nacks: true }],
]);

export class ValueDecoder {
  done = true;
  /** Bytes to give from where feed() ended, so that it can go on. */
  needed = 0;
  private readonly window = new ItemWindow();
  private readonly strings = new StringReader(this.window);
  private readonly elements = new ElementReader(this.window);
  private readonly zsets = new ZsetReader(this.window);
  private readonly hashes = new HashReader(this.window);
  private readonly packed = new PackedReader(this.window);
  private readonly streams = new StreamReader(this.window);
  private readonly arrays = new ArrayReader(this.window);
  private readonly templateHashes = new TemplateHashReader(this.window);
  private readonly modules = new ModuleReader(this.window);
  private reader: ValueReader = this.strings;
  private values!: ValueVisitor;
  private bytesLeft = Number.POSITIVE_INFINITY;

  /**
   * @param bytesLeftMax bytes that the file has from the value's begin on; a value that says it is longer is damage
   * @param templates of the file that the value is in (RdbDecoder.templates)
   * @throws GodwitError RDB_UNSUPPORTED if the dialect has no such type, or it cannot be read
   */
  begin(type: number, dialect: Dialect, values: ValueVisitor, bytesLeftMax = Number.POSITIVE_INFINITY, templates: TemplateNames = NO_TEMPLATES): void {
    const program = valuePrograms(dialect)[type];
    if (!program) throw unknownType(dialect, type);
    this.values = values;
    this.bytesLeft = bytesLeftMax;
    this.reader = this.readerOf(type, dialect, values, program, templates);
    this.done = false;
  }

  /** @returns the index up to which bytes are consumed. @throws GodwitError RDB_CORRUPT, with the index as details.at; and what `values` throws */
  feed(bytes: Uint8Array, start: number, end: number): number {
    if (this.done) return start;
    const { window, reader } = this;
    window.open(bytes, end, start + this.bytesLeft);
    const at = reader.read(start);
    this.bytesLeft -= at - start;
    if (reader.done) {
      this.done = true;
      reader.release?.();
      this.values.end();
    } else {
      if (this.bytesLeft <= 0) throw corruptAt(at, 'a value goes beyond the end of the file');
      this.needed = Math.max(window.needed, end + 1) - at;
    }
    return at;
  }

  private readerOf(type: number, dialect: Dialect, values: ValueVisitor, program: ValueProgram, templates: TemplateNames): ValueReader {
    if (type === RdbType.String) return this.strings.begin(values);
    if (type === RdbType.List || type === RdbType.Set) return this.elements.begin(values, type === RdbType.List ? List : Set);
    if (type === RdbType.Zset || type === RdbType.Zset2) return this.zsets.begin(values, type === RdbType.Zset);
    if (type === RdbType.Hash) return this.hashes.begin(values, 'plain');
    if (type === RdbType.HashMetadata) return this.hashes.begin(values, 'expiry-from-least');
    if (type === RdbType.HashMetadataPreGa) return this.hashes.begin(values, dialect.magic === 'VALKEY' ? 'expiry-last' : 'expiry-first');
    const packed = PACKED.get(type);
    if (packed) return this.packed.begin(values, packed);
    const stream = STREAMS.get(type);
    if (stream) return this.streams.begin(values, stream);
    if (type === RdbType.Array) return this.arrays.begin(values);
    if (type === RdbType.Module2) return this.modules.begin(values, program, this.bytesLeft);
    if (type === RdbType.HashTemplateListpack) return this.templateHashes.begin(values, { registry: null, packed: true });
    if (type === RdbType.HashTemplateArray) return this.templateHashes.begin(values, { registry: null, packed: false });
    if (type === RdbType.HashTemplateListpackRef) return this.templateHashes.begin(values, { registry: templates, packed: true });
    if (type === RdbType.HashTemplateArrayRef) return this.templateHashes.begin(values, { registry: templates, packed: false });
    throw unknownType(dialect, type);
  }
}
