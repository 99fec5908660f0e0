/** What reads values of one shape. ValueDecoder keeps one of each and uses it again for value after value. */
import { corruptAt } from '../rdb-length.ts';
import type { ItemWindow } from './item-window.ts';
import type { ValueVisitor } from './value-visitor.ts';

export interface ValueReader {
  /** The value ended where the last read() did. */
  readonly done: boolean;
  /**
   * Reads as many items from `at` on as are whole in the window.
   * @returns the index behind the last one; give what is behind it again, with more behind
   * @throws GodwitError RDB_CORRUPT, with the index as details.at
   */
  read(at: number): number;
  /** Lets go of what the value needed. */
  release?(): void;
}

/** A count, perhaps with something around it, and so many items. */
export abstract class CountedReader implements ValueReader {
  protected readonly window: ItemWindow;
  protected values!: ValueVisitor;
  /** Items still to come; -1 before the count was read. */
  protected left = -1;

  constructor(window: ItemWindow) {
    this.window = window;
  }

  get done(): boolean {
    return this.left === 0;
  }

  read(at: number): number {
    let from = at;
    if (this.left < 0) {
      from = this.readHead(at);
      if (from < 0) return at;
    }
    return this.left === 0 ? from : this.readItems(from);
  }

  protected start(values: ValueVisitor): void {
    this.values = values;
    this.left = -1;
  }

  /** Reads what stands before the items, whole, and sets `left`. @returns the index behind it, or NEED_MORE */
  protected abstract readHead(at: number): number;

  /** Reads items while `left` > 0 and they are whole. @returns the index behind the last one */
  protected abstract readItems(at: number): number;
}

/** A time in Unix ms. @throws GodwitError RDB_CORRUPT for what cannot be one */
export function timeMs(at: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw corruptAt(at, `${value} ms is no time`);
  return value;
}
