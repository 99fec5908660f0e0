/** Commands that are asked of many keys: what stands before and behind the key in the request, encoded once. */
import type { KeyRows } from './key-rows.ts';
import type { ArgumentBuffer } from '../../target/argument-buffer.ts';

export interface KeyCommand {
  readonly head: Buffer;
  readonly tail: Buffer;
}

/** The same for all keys, or by the number of the key's row. */
export type KeyColumn = KeyCommand | ((row: number) => KeyCommand);

/** @param before the name and what stands before the key; @param behind what stands behind it */
export function keyCommand(before: readonly string[], behind: readonly string[] = []): KeyCommand {
  const bulk = (word: string): string => `$${Buffer.byteLength(word)}\r\n${word}\r\n`;
  const head = `*${before.length + 1 + behind.length}\r\n${before.map(bulk).join('')}`;
  return { head: Buffer.from(head), tail: Buffer.from(behind.map(bulk).join('')) };
}

/** Writes the column for the rows: one command for each. */
export function writeColumn(out: ArgumentBuffer, keys: KeyRows, rows: ArrayLike<number> | null, column: KeyColumn): void {
  const count = rows === null ? keys.count : rows.length;
  for (let i = 0; i < count; i++) {
    const row = rows === null ? i : rows[i];
    const { head, tail } = typeof column === 'function' ? column(row) : column;
    out.addRaw(head, 0, head.length);
    out.add(keys.bytes, keys.start[row], keys.end[row]);
    if (tail.length > 0) out.addRaw(tail, 0, tail.length);
  }
}
