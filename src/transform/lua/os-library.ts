/** The `os` of a function: time, date, clock and difftime. Nothing that reaches a file, the environment or the process. */
import { dateFields, dateText } from './date-text.ts';
import { LuaType } from './lua-api.ts';
import type { LuaMachine } from './lua-machine.ts';

const FIELDS = ['year', 'month', 'day', 'hour', 'min', 'sec', 'wday', 'yday'] as const;
const NOON = 12;

export class OsLibrary {
  private readonly machine: LuaMachine;
  private readonly nowMs: () => number;
  private readonly startMs: number;
  private readonly fieldNames: ReadonlyMap<string, number>;

  constructor(machine: LuaMachine, nowMs: () => number) {
    this.machine = machine;
    this.nowMs = nowMs;
    this.startMs = nowMs();
    this.fieldNames = new Map([...FIELDS, 'isdst'].map((name) => [name, machine.constant(name)]));
  }

  /** Leaves the library as the global `os`. */
  open(): void {
    const { machine } = this;
    const calls = {
      time: (L: number) => this.time(L),
      date: (L: number) => this.date(L),
      clock: (L: number) => this.number(L, (this.nowMs() - this.startMs) / 1000),
      difftime: (L: number) => this.number(L, machine.api.luaL_checknumber(L, 1) - machine.api.luaL_checknumber(L, 2)),
    };
    machine.table('os', calls);
  }

  private number(L: number, value: number): number {
    this.machine.api.lua_pushnumber(L, value);
    return 1;
  }

  private time(L: number): number {
    const { api } = this.machine;
    if (api.lua_type(L, 1) <= LuaType.Nil) return this.number(L, Math.floor(this.nowMs() / 1000));
    api.luaL_checktype(L, 1, LuaType.Table);
    api.lua_settop(L, 1);
    const date = [this.field(L, 'year'), this.field(L, 'month') - 1, this.field(L, 'day')] as const;
    const ms = new Date(date[0], date[1], date[2], this.field(L, 'hour', NOON), this.field(L, 'min', 0), this.field(L, 'sec', 0)).getTime();
    return this.number(L, Math.floor(ms / 1000));
  }

  private field(L: number, name: string, otherwise?: number): number {
    const { machine } = this;
    const { api } = machine;
    api.lua_getfield(L, 1, this.fieldNames.get(name)!);
    if (api.lua_isnumber(L, -1) === 0 && otherwise === undefined) machine.raise(L, `field '${name}' missing in date table`);
    const value = api.lua_isnumber(L, -1) === 0 ? otherwise! : api.lua_tonumber(L, -1);
    api.lua_settop(L, 1);
    return value;
  }

  private date(L: number): number {
    const { machine } = this;
    const { api } = machine;
    const given = api.lua_type(L, 1) <= LuaType.Nil ? '%c' : this.latin1(L, 1);
    const isUtc = given.startsWith('!');
    const format = isUtc ? given.slice(1) : given;
    const seconds = api.lua_type(L, 2) <= LuaType.Nil ? Math.floor(this.nowMs() / 1000) : api.luaL_checknumber(L, 2);
    const fields = dateFields(seconds, isUtc);
    if (Number.isNaN(fields.year)) machine.raise(L, 'time out of range');
    if (!format.startsWith('*t')) {
      const text = Buffer.from(dateText(format, fields), 'latin1');
      machine.push(L, text, 0, text.length);
      return 1;
    }
    api.lua_createtable(L, 0, FIELDS.length + 1);
    for (const name of FIELDS) {
      api.lua_pushnumber(L, fields[name]);
      api.lua_setfield(L, -2, this.fieldNames.get(name)!);
    }
    api.lua_pushboolean(L, 0);
    api.lua_setfield(L, -2, this.fieldNames.get('isdst')!);
    return 1;
  }

  private latin1(L: number, index: number): string {
    const start = this.machine.checkString(L, index);
    return this.machine.bytes.toString('latin1', start, start + this.machine.size);
  }
}
