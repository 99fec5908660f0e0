/**
 * Hashes whose field names stand elsewhere (Redis 8.10): in the registry of their file, or in front of the values.
 *
 *   reference, packed    listpack ( id value* )                          ; type 30
 *   reference, array     id value*                                       ; type 32
 *   alone, packed        names listpack ( id value* )                    ; type 29, the id means nothing
 *   alone, array         names value*                                    ; type 31
 *   names                0 listpack / 1 count string*
 *
 * The names of one template are held while its hash is read: they are within the file, so that no count alone makes memory.
 */
import { ValueKind } from '../../model/value-kind.ts';
import { Listpack } from '../encodings/listpack.ts';
import { corruptAt, lengthAt, NEED_MORE } from '../rdb-length.ts';
import type { TemplateNames } from '../template-names.ts';
import { BlobSlot } from './blob-slot.ts';
import type { ItemWindow } from './item-window.ts';
import { CountedReader } from './value-reader.ts';
import type { ValueVisitor } from './value-visitor.ts';

export interface TemplateForm {
  /** Names of all templates of the file; null where the hash brings its own. */
  readonly registry: TemplateNames | null;
  /** Values in one listpack. */
  readonly packed: boolean;
}

const NAMES_PACKED = 0;
const NAMES_ONE_BY_ONE = 1;

export class TemplateHashReader extends CountedReader {
  private readonly blob: BlobSlot;
  private readonly listpack = new Listpack();
  private form: TemplateForm = { registry: null, packed: true };
  private names: readonly Uint8Array[] = [];
  /** Names still to come, one by one; -1 before their form was read, 0 when all are there. */
  private namesLeft = -1;
  private ownNames: Uint8Array[] = [];

  constructor(window: ItemWindow) {
    super(window);
    this.blob = new BlobSlot(window);
  }

  begin(values: ValueVisitor, form: TemplateForm): this {
    this.start(values);
    this.form = form;
    this.ownNames = [];
    this.names = this.ownNames;
    this.namesLeft = form.registry === null ? -1 : 0;
    return this;
  }

  release(): void {
    this.blob.release();
    this.ownNames = [];
    this.names = this.ownNames;
  }

  override read(at: number): number {
    let from = at;
    while (this.namesLeft !== 0) {
      const next = this.namesLeft < 0 ? this.readNamesHead(from) : this.readName(from);
      if (next < 0) return from;
      from = next;
    }
    return super.read(from);
  }

  protected readHead(at: number): number {
    const { window, form } = this;
    if (form.packed) {
      this.left = 1;
      return at;
    }
    let from = at;
    if (form.registry !== null) {
      from = window.lengthEnd(at);
      if (from < 0) return NEED_MORE;
      this.names = this.find(at, lengthAt(window.bytes, at));
    }
    this.left = this.names.length;
    if (this.left === 0) throw corruptAt(at, 'a hash template has no fields');
    this.values.begin(ValueKind.Hash, this.left);
    return from;
  }

  protected readItems(at: number): number {
    const { blob, names, values } = this;
    let from = at;
    while (this.left > 0) {
      const next = blob.takeAt(from);
      if (next < 0) break;
      if (this.form.packed) this.unpack();
      else {
        const name = names[names.length - this.left];
        values.field(name, 0, name.length, blob.bytes, blob.start, blob.end, -1);
      }
      from = next;
      this.left--;
    }
    return from;
  }

  private readNamesHead(at: number): number {
    const { window, blob } = this;
    const from = window.lengthEnd(at);
    if (from < 0) return NEED_MORE;
    const form = lengthAt(window.bytes, at);
    if (form === NAMES_ONE_BY_ONE) {
      const next = window.lengthEnd(from);
      if (next >= 0) this.namesLeft = window.countAt(from);
      return next;
    }
    if (form !== NAMES_PACKED) throw corruptAt(at, `a hash template cannot have the form ${form}`);
    const next = blob.takeAt(from);
    if (next < 0) return NEED_MORE;
    try {
      const { listpack } = this;
      listpack.open(blob.bytes, blob.start, blob.end);
      while (listpack.next()) this.ownNames.push(new Uint8Array(listpack.bytes.subarray(listpack.start, listpack.end)));
    } catch (error) {
      throw blob.placed(error);
    }
    this.namesLeft = 0;
    return next;
  }

  private readName(at: number): number {
    const { blob } = this;
    const next = blob.takeAt(at);
    if (next < 0) return NEED_MORE;
    this.ownNames.push(new Uint8Array(blob.bytes.subarray(blob.start, blob.end)));
    this.namesLeft--;
    return next;
  }

  private unpack(): void {
    const { blob, listpack, form, values } = this;
    try {
      listpack.open(blob.bytes, blob.start, blob.end);
      const id = listpack.next() ? listpack.integer() : Number.NaN;
      if (!(id >= 0)) throw corruptAt(blob.start, 'a hash has no id of its template');
      const names = form.registry === null ? this.names : this.find(blob.start, id);
      if (names.length === 0 || (listpack.count >= 0 && listpack.count !== names.length + 1)) throw this.uneven(blob.start);
      values.begin(ValueKind.Hash, names.length);
      for (const name of names) {
        if (!listpack.next()) throw this.uneven(blob.start);
        values.field(name, 0, name.length, listpack.bytes, listpack.start, listpack.end, -1);
      }
      if (listpack.next()) throw this.uneven(blob.start);
    } catch (error) {
      throw blob.placed(error);
    }
  }

  private find(at: number, id: number): readonly Uint8Array[] {
    const names = this.form.registry?.get(id);
    if (!names) throw corruptAt(at, `there is no hash template ${id}`);
    return names;
  }

  private uneven(at: number): Error {
    return corruptAt(at, 'a hash has another number of values than its template has fields');
  }
}
