/** Writes what a script passes to shake.call as commands of the output, with an error of the script for what is no command. */
import type { CurrentEntry } from './current-entry.ts';
import { LuaType } from './lua-api.ts';
import { LIST_READ_MAX, type LuaMachine } from './lua-machine.ts';
import type { OwnFunctions } from './open-libraries.ts';
import type { WasmFunction } from '../../bytes/web-assembly.ts';

/** As many as servers take in a command by default. */
const ARGUMENTS_MAX = 1024 * 1024;
const DATABASE_MAX = 2 ** 31 - 1;

export class OutputWriter {
  private readonly machine: LuaMachine;
  private readonly entry: CurrentEntry;
  private readonly bytesMax: number;
  private readonly maxn: WasmFunction;

  /** @param bytesMax what one entry may make at most, beside its own size */
  constructor(machine: LuaMachine, entry: CurrentEntry, own: OwnFunctions, bytesMax: number) {
    this.machine = machine;
    this.entry = entry;
    this.bytesMax = bytesMax;
    this.maxn = machine.api.__indirect_function_table.get(own.maxn);
  }

  /** The first argument of shake.call. */
  database(L: number): number {
    const database = this.machine.api.luaL_checknumber(L, 1);
    if (!Number.isInteger(database) || database < 0 || database > DATABASE_MAX)
      this.machine.raise(L, "bad argument #1 to 'call' (no database has this number)");
    return database;
  }

  /** The command of the entry as it came. */
  copy(L: number, database: number): void {
    const { entry } = this;
    this.checkSize(L, entry.end - entry.start);
    entry.output.command(entry.row, database, entry.bytes, entry.start, entry.end);
  }

  /** The list at index 1 of the stack, which is the only element. */
  list(L: number, database: number): void {
    const { machine, entry } = this;
    const { api } = machine;
    this.maxn(L);
    const count = api.lua_tonumber(L, -1);
    api.lua_settop(L, 1);
    if (count < 1) machine.raise(L, "bad argument #2 to 'call' (an empty list is no command)");
    if (count > ARGUMENTS_MAX) machine.raise(L, "bad argument #2 to 'call' (too many elements)");
    entry.output.open(entry.row, database, Math.floor(count));
    if (api.lua_checkstack(L, LIST_READ_MAX + 1) === 0) machine.raise(L, 'stack overflow');
    for (let first = 1; first <= count; first += LIST_READ_MAX) {
      this.chunk(L, first, Math.min(count + 1 - first, LIST_READ_MAX));
      api.lua_settop(L, 1);
    }
    entry.output.close();
  }

  /** Elements of the list at index 1, which are pushed. */
  private chunk(L: number, first: number, count: number): void {
    const { machine, entry } = this;
    machine.readList(L, first, count);
    for (let i = 0; i < count; i++) {
      const start = machine.itemStart(i);
      const size = machine.itemSize(i);
      if (start === 0) this.value(L, i + 2, first + i);
      else {
        this.checkSize(L, size);
        entry.output.argument(machine.bytes, start, start + size);
      }
    }
  }

  open(L: number, database: number, count: number): void {
    this.checkSize(L, 0);
    this.entry.output.open(this.entry.row, database, count);
  }

  range(L: number, start: number, end: number): void {
    this.checkSize(L, end - start);
    this.entry.output.range(this.entry.bytes, start, end);
  }

  close(): void {
    this.entry.output.close();
  }

  /** The value at the index as an argument. @param item for messages */
  value(L: number, index: number, item: number): void {
    const { machine, entry } = this;
    const start = machine.string(L, index);
    if (start > 0) {
      const { size } = machine;
      this.checkSize(L, size);
      entry.output.argument(machine.bytes, start, start + size);
      return;
    }
    const type = machine.api.lua_type(L, index);
    if (type === LuaType.Nil) entry.output.word('nil');
    else if (type === LuaType.Boolean) entry.output.word(machine.api.lua_toboolean(L, index) ? 'true' : 'false');
    else machine.raise(L, `bad argument #2 to 'call' (element ${item} is a ${machine.cText(machine.api.lua_typename(L, type))})`);
  }

  private checkSize(L: number, more: number): void {
    const { entry } = this;
    this.machine.charge(more);
    const limit = this.bytesMax + entry.end - entry.start;
    if (entry.output.length - entry.outputLength + more > limit) this.machine.raise(L, `the entry makes more than ${limit} bytes`);
  }
}
