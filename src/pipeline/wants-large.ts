/** Values that are larger than the window, before a filter: the head is read only if a rule asks for the name of the module. */
import type { Filter } from '../filter/filter.ts';
import type { LargeStep } from '../source/file/file-source.ts';

/** Bytes that hold the id of a module's type. */
const MODULE_ID_BYTES = 9;

/** @param nowMs what times to live count from, Unix ms */
export async function wantsLarge({ entries, isActive }: Filter, { entry, value }: LargeStep, nowMs: number): Promise<boolean> {
  if (!isActive) return true;
  const bytes = entry.valueEnd - entry.valueStart;
  return entries.wantsLarge(entry, bytes, nowMs, entries.moduleNameMatters(entry.type) ? await headOf(value()) : undefined);
}

/** The first bytes of a value, enough for a module's name. */
export async function headOf(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  for await (const piece of pieces) {
    head = Buffer.concat([head, piece.subarray(0, MODULE_ID_BYTES)]);
    if (head.length >= MODULE_ID_BYTES) break;
  }
  return head;
}
