/** Pushes arguments of an entry as a table of strings. */
import type { CurrentEntry } from './current-entry.ts';
import type { LuaMachine } from './lua-machine.ts';

/** @param indexes which of them; all if left out */
export function pushArguments(machine: LuaMachine, L: number, entry: CurrentEntry, indexes?: readonly number[]): void {
  const { args } = entry;
  const { bytes } = args;
  const count = indexes?.length ?? args.count;
  if (machine.beginList(count, entry.end - entry.start)) {
    for (let i = 0; i < count; i++) {
      const index = indexes === undefined ? i : indexes[i];
      machine.addItem(bytes, args.start(index), args.end(index));
    }
    machine.pushList(L);
    return;
  }
  machine.api.lua_createtable(L, count, 0);
  for (let i = 0; i < count; i++) {
    const index = indexes === undefined ? i : indexes[i];
    machine.push(L, bytes, args.start(index), args.end(index));
    machine.api.lua_rawseti(L, -2, i + 1);
  }
}
