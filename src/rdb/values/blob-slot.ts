/** The text of an RDB string that is a structure of its own. Damage within it is told at its place in the file: exactly, or if the blob is compressed, at its begin. */
import { NEED_MORE } from '../rdb-length.ts';
import { errorIndex, placedError } from '../located-error.ts';
import type { ItemWindow } from './item-window.ts';
import { TextSlot } from './text-slot.ts';

export class BlobSlot extends TextSlot {
  private readonly window: ItemWindow;
  private at = 0;

  constructor(window: ItemWindow) {
    super();
    this.window = window;
  }

  /** Takes the string at `at` of the window. @returns the index behind it, or NEED_MORE. @throws GodwitError RDB_CORRUPT */
  takeAt(at: number): number {
    const next = this.window.stringEnd(at);
    if (next < 0) return NEED_MORE;
    this.at = at;
    this.take(this.window.bytes, at, next);
    return next;
  }

  /** An error with an index of `bytes`, as one with an index of the window. */
  placed(error: unknown): unknown {
    return placedError(error, this.bytes === this.window.bytes ? errorIndex(error, this.at) : this.at);
  }
}
