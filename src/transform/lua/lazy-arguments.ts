/**
 * ARGV for scripts that only index, count and pass it on (script-look.ts): an empty table whose elements are fetched when they are read. What is assigned is
 * put into the table and remembered, so that the command goes out as ranges of the source's bytes with the new elements between them. Anything that this
 * cannot follow (an element behind the last, nil) makes it a plain table with all elements.
 *
 *   lazy --- assignment within 1..count ---> lazy, assigned
 *   lazy --- any other assignment ---------> table
 *
 * The table is used for one entry after the other as long as nothing is assigned; the script cannot keep it. Short commands of scripts that look at elements are
 * plain tables from the start: that costs less than a call for each element.
 */
import type { CurrentEntry } from './current-entry.ts';
import { GLOBALS, LuaType, REGISTRY } from './lua-api.ts';
import type { LuaMachine } from './lua-machine.ts';
import type { OutputWriter } from './output-writer.ts';
import { pushArguments } from './push-arguments.ts';

const LF = 0x0a;
const SHORT = 8;

export class LazyArguments {
  private readonly machine: LuaMachine;
  private readonly entry: CurrentEntry;
  private readonly metatable: number;
  private readonly table: number;
  /** To be compared with what a script passes. */
  private pointer = 0;
  /** From 1. */
  private readonly assigned = new Set<number>();
  private isPlain = false;
  private readonly looksAtElements: boolean;
  private readonly name: number;

  constructor(machine: LuaMachine, entry: CurrentEntry, looksAtElements: boolean) {
    this.machine = machine;
    this.entry = entry;
    this.looksAtElements = looksAtElements;
    this.name = machine.constant('ARGV');
    const { api, L } = machine;
    api.lua_createtable(L, 0, 2);
    machine.set(-1, { __index: (state) => this.index(state), __newindex: (state) => this.newIndex(state) });
    this.metatable = api.luaL_ref(L, REGISTRY);
    this.pushNew(L);
    this.table = api.luaL_ref(L, REGISTRY);
  }

  /** Pushes the table for the current entry. */
  push(L: number): void {
    const { api } = this.machine;
    if (this.looksAtElements && this.entry.args.count <= SHORT) {
      this.isPlain = true;
      pushArguments(this.machine, L, this.entry);
      return;
    }
    if (this.assigned.size > 0 || this.isPlain) {
      this.assigned.clear();
      this.isPlain = false;
      this.pushNew(L);
      api.lua_rawseti(L, REGISTRY, this.table);
    }
    api.lua_rawgeti(L, REGISTRY, this.table);
  }

  /** Pushes how many there are. */
  count(L: number): number {
    const { api } = this.machine;
    if (this.isPlain) api.lua_getfield(L, GLOBALS, this.name);
    api.lua_pushnumber(L, this.isPlain ? api.lua_objlen(L, -1) : this.entry.args.count);
    return 1;
  }

  /** Adds the command if what stands at the index is this table and can be written as ranges. False: it is to be read as a plain table. */
  write(L: number, index: number, database: number, writer: OutputWriter): boolean {
    const { entry, assigned } = this;
    const { api } = this.machine;
    if (this.isPlain || api.lua_topointer(L, index) !== this.pointer) return false;
    if (assigned.size === 0) {
      writer.copy(L, database);
      return true;
    }
    const items = [...assigned].sort((a, b) => a - b);
    if (!items.every((item) => this.isValue(L, index, item))) {
      this.makePlain(L, index);
      return false;
    }
    const { args, bytes } = entry;
    writer.open(L, database, args.count);
    let from = bytes.indexOf(LF, entry.start) + 1;
    for (const item of items) {
      const to = item === 1 ? from : args.end(item - 2) + 2;
      if (to > from) writer.range(L, from, to);
      api.lua_rawgeti(L, index, item);
      writer.value(L, -1, item);
      api.lua_settop(L, -2);
      from = args.end(item - 1) + 2;
    }
    if (from < entry.end) writer.range(L, from, entry.end);
    writer.close();
    return true;
  }

  private isValue(L: number, index: number, item: number): boolean {
    const { api } = this.machine;
    api.lua_rawgeti(L, index, item);
    const isNil = api.lua_type(L, -1) === LuaType.Nil;
    api.lua_settop(L, -2);
    return !isNil;
  }

  private pushNew(L: number): void {
    const { api } = this.machine;
    api.lua_createtable(L, 0, 1);
    api.lua_rawgeti(L, REGISTRY, this.metatable);
    api.lua_setmetatable(L, -2);
    this.pointer = api.lua_topointer(L, -1);
  }

  /** `__index(table, key)` */
  private index(L: number): number {
    const item = this.itemAt(L, 2);
    if (item === 0 || this.assigned.has(item)) this.machine.api.lua_pushnil(L);
    else this.pushItem(L, item);
    return 1;
  }

  /** `__newindex(table, key, value)` */
  private newIndex(L: number): number {
    const { api } = this.machine;
    const item = this.itemAt(L, 2);
    if (item === 0 || api.lua_type(L, 3) === LuaType.Nil) this.makePlain(L, 1);
    else this.assigned.add(item);
    api.lua_settop(L, 3);
    if (api.lua_type(L, 2) === LuaType.Nil) this.machine.raise(L, 'table index is nil');
    api.lua_rawset(L, 1);
    return 0;
  }

  /** 0: no index of an element. */
  private itemAt(L: number, index: number): number {
    const { api } = this.machine;
    if (api.lua_type(L, index) !== LuaType.Number) return 0;
    const item = api.lua_tonumber(L, index);
    return Number.isInteger(item) && item >= 1 && item <= this.entry.args.count ? item : 0;
  }

  private pushItem(L: number, item: number): void {
    const { args, bytes } = this.entry;
    this.machine.push(L, bytes, args.start(item - 1), args.end(item - 1));
  }

  private makePlain(L: number, index: number): void {
    const { api } = this.machine;
    for (let item = 1; item <= this.entry.args.count; item++) {
      if (this.assigned.has(item)) continue;
      this.pushItem(L, item);
      api.lua_rawseti(L, index, item);
    }
    api.lua_pushnil(L);
    api.lua_setmetatable(L, index);
    this.isPlain = true;
  }
}
