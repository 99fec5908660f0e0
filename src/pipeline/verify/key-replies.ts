/**
 * The replies to some commands (columns) that were asked of some keys, wherever the keys lie: keys of one node have their replies in one slab, and a key that was
 * sent elsewhere has its own in another one. Of no column may the reply be an array.
 */
import { ReplyKind, ReplyColumns } from '../../resp/reply-columns.ts';

interface Part {
  readonly slab: ReplyColumns;
  /** Of the first reply of the first column. */
  readonly firstRow: number;
  readonly keys: number;
}

export class KeyReplies {
  private readonly parts: Part[] = [];
  /** By key. */
  private readonly part: Uint16Array;
  private readonly index: Uint32Array;
  private readonly pool: SlabPool;

  constructor(keys: number, pool: SlabPool) {
    this.part = new Uint16Array(keys);
    this.index = new Uint32Array(keys);
    this.pool = pool;
  }

  /** @param rows the keys whose replies these are, in the order that they were asked in; null = all */
  add(slab: ReplyColumns, firstRow: number, rows: ArrayLike<number> | null): void {
    const keys = rows?.length ?? this.index.length;
    const part = this.parts.push({ slab, firstRow, keys }) - 1;
    for (let i = 0; i < keys; i++) {
      const key = rows === null ? i : rows[i];
      this.part[key] = part;
      this.index[key] = i;
    }
  }

  slab(key: number): ReplyColumns {
    return this.parts[this.part[key]].slab;
  }

  /** Row in slab(key) of the reply to a column. */
  row(key: number, column: number): number {
    const { firstRow, keys } = this.parts[this.part[key]];
    return firstRow + column * keys + this.index[key];
  }

  kind(key: number, column: number): ReplyKind {
    return this.slab(key).kind[this.row(key, column)] as ReplyKind;
  }

  /** Of an integer reply; `otherwise` where it is none. */
  number(key: number, column: number, otherwise: number): number {
    const row = this.row(key, column);
    const { kind, number } = this.slab(key);
    return kind[row] === ReplyKind.Integer ? number[row] : otherwise;
  }

  text(key: number, column: number): string {
    return this.slab(key).text(this.row(key, column));
  }

  /** Nothing of it is used any more. */
  release(): void {
    for (const { slab } of this.parts) this.pool.give(slab);
    this.parts.length = 0;
  }
}

/** Slabs are large, and used again. */
export class SlabPool {
  private readonly free: ReplyColumns[] = [];

  take(): ReplyColumns {
    return this.free.pop() ?? new ReplyColumns();
  }

  give(slab: ReplyColumns): void {
    if (this.free.length < 16) this.free.push(slab);
  }
}
