/** Values that are one packed blob, and lists that are a chain of them. */
import { ValueKind } from '../../model/value-kind.ts';
import { Intset } from '../encodings/intset.ts';
import { Listpack } from '../encodings/listpack.ts';
import type { PackedEntries } from '../encodings/packed-entries.ts';
import { Ziplist } from '../encodings/ziplist.ts';
import { Zipmap } from '../encodings/zipmap.ts';
import { corruptAt, lengthAt, NEED_MORE } from '../rdb-length.ts';
import { BlobSlot } from './blob-slot.ts';
import { elementsTo, type EntriesPerItem, expiringFieldsTo, fieldsTo, itemCount, membersTo } from './packed-content.ts';
import { CountedReader } from './value-reader.ts';
import type { ValueVisitor } from './value-visitor.ts';

export type Packing = 'ziplist' | 'listpack' | 'intset' | 'zipmap';

export interface PackedForm {
  readonly kind: ValueKind;
  readonly packing: Packing;
  /** Fields have an expiry. */
  readonly expiry?: boolean;
  /** The least expiry of the fields stands before the blob; nobody needs it. */
  readonly least?: boolean;
  /** A count, and so many blobs. */
  readonly chain?: 'blobs' | 'tagged';
}

const LEAST_BYTES = 8;
const PLAIN_NODE = 1;
const PACKED_NODE = 2;

export class PackedReader extends CountedReader {
  private readonly blob = new BlobSlot(this.window);
  private readonly listpack = new Listpack();
  private readonly packings: Readonly<Record<Packing, PackedEntries>> = {
    listpack: this.listpack,
    ziplist: new Ziplist(),
    intset: new Intset(),
    zipmap: new Zipmap(),
  };
  private form: PackedForm = { kind: ValueKind.List, packing: 'listpack' };

  begin(values: ValueVisitor, form: PackedForm): this {
    this.start(values);
    this.form = form;
    return this;
  }

  release(): void {
    this.blob.release();
  }

  protected readHead(at: number): number {
    const { window, form } = this;
    if (form.chain) {
      const next = window.lengthEnd(at);
      if (next < 0) return next;
      this.left = window.countAt(at);
      this.values.begin(form.kind, this.left === 0 ? 0 : -1);
      return next;
    }
    const next = form.least ? window.fixedEnd(at, LEAST_BYTES) : at;
    if (next >= 0) this.left = 1;
    return next;
  }

  protected readItems(at: number): number {
    let from = at;
    while (this.left > 0) {
      const next = this.form.chain === 'tagged' ? this.readTagged(from) : this.readBlob(from);
      if (next < 0) break;
      from = next;
      this.left--;
    }
    return from;
  }

  /** A node of a quicklist: an element of its own, or a listpack. */
  private readTagged(at: number): number {
    const { window, blob, values } = this;
    const from = window.lengthEnd(at);
    if (from < 0) return NEED_MORE;
    const container = lengthAt(window.bytes, at);
    if (container === PACKED_NODE) return this.readBlob(from);
    if (container !== PLAIN_NODE) throw corruptAt(at, `a node of a list cannot be of kind ${container}`);
    const next = blob.takeAt(from);
    if (next >= 0) values.element(blob.bytes, blob.start, blob.end);
    return next;
  }

  private readBlob(at: number): number {
    const { blob, form } = this;
    const next = blob.takeAt(at);
    if (next < 0) return NEED_MORE;
    try {
      this.unpack(form);
    } catch (error) {
      throw blob.placed(error);
    }
    return next;
  }

  private unpack(form: PackedForm): void {
    const { blob, values } = this;
    const entries = this.packings[form.packing];
    entries.open(blob.bytes, blob.start, blob.end);
    const isSingle = form.kind === ValueKind.List || form.kind === ValueKind.Set;
    const perItem: EntriesPerItem = isSingle ? 1 : form.expiry ? 3 : 2;
    const count = itemCount(entries, perItem, blob.start);
    if (!form.chain) values.begin(form.kind, count);
    if (isSingle) elementsTo(values, entries);
    else if (form.kind === ValueKind.Zset) membersTo(values, entries, blob.start);
    else if (form.expiry) expiringFieldsTo(values, this.listpack, blob.start);
    else fieldsTo(values, entries, blob.start);
  }
}
