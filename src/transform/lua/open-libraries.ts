/**
 * What a function may use of Lua: base, coroutine, string, table and math, without what reads files, takes compiled code (its verifier can be fooled into
 * reading and writing any memory of the instance) or runs when garbage is collected, with numbers of 64 bits where Lua as compiled here has 32, and `print` to the log.
 */
import { GLOBALS, type LuaApi, LuaType } from './lua-api.ts';
import type { LuaMachine } from './lua-machine.ts';
import { OsLibrary } from './os-library.ts';
import { StringFormat } from './string-format.ts';

/** ESC, with which compiled code begins. */
const COMPILED = 0x1b;
const NUMERAL = /^[ \t-\r]*([-+]?)(0x)?([0-9a-z]+)[ \t-\r]*$/i;
const REFUSED = 'compiled code is not loaded';
const CHUNK_BYTES_MAX = 16 * 1024 * 1024;

export interface Surroundings {
  readonly log: (text: string) => void;
  readonly nowMs: () => number;
}

/** Pointers to C functions that are called from ours. */
export interface OwnFunctions {
  readonly maxn: number;
}

/** To be called once, before anything is loaded. */
export function openLibraries(machine: LuaMachine, { log, nowMs }: Surroundings): OwnFunctions {
  const { api, L } = machine;
  for (const open of ['luaopen_base', 'luaopen_string', 'luaopen_table', 'luaopen_math'] as const satisfies (keyof LuaApi)[]) api[open](L);
  api.lua_settop(L, 0);
  const tostring = pointerOf(machine, GLOBALS, 'tostring');
  const own = { maxn: pointerIn(machine, 'table', 'maxn') };
  const format = new StringFormat(machine, pointerIn(machine, 'string', 'format'), tostring);
  const tonumber = api.__indirect_function_table.get(pointerOf(machine, GLOBALS, 'tonumber'));
  const nameless = machine.constant('=(load)');
  machine.set(GLOBALS, {
    dofile: null,
    loadfile: null,
    newproxy: null,
    load: (state) => load(machine, nameless, state),
    loadstring: (state) => loadString(machine, state),
    print: (state) => print(machine, tostring, log, state),
    tonumber: (state) => (api.lua_type(state, 2) <= LuaType.Nil ? tonumber(state) : toNumber(machine, state)),
  });
  api.lua_getfield(L, GLOBALS, machine.constant('string'));
  machine.set(1, { dump: null, format: (state) => format.call(state) });
  api.lua_settop(L, 0);
  new OsLibrary(machine, nowMs).open();
  return own;
}

function pointerOf(machine: LuaMachine, index: number, name: string): number {
  const { api, L } = machine;
  api.lua_getfield(L, index, machine.constant(name));
  const pointer = api.lua_tocfunction(L, -1);
  api.lua_settop(L, -2);
  return pointer;
}

function pointerIn(machine: LuaMachine, table: string, name: string): number {
  const { api, L } = machine;
  api.lua_getfield(L, GLOBALS, machine.constant(table));
  const pointer = pointerOf(machine, -1, name);
  api.lua_settop(L, -2);
  return pointer;
}

function loadString(machine: LuaMachine, L: number): number {
  const start = machine.checkString(L, 1);
  const { size } = machine;
  const name = machine.api.lua_type(L, 2) <= LuaType.Nil ? start : machine.checkString(L, 2);
  return loaded(machine, L, start, size, name);
}

/** The pieces that a function returns, until it returns nil or nothing. */
function load(machine: LuaMachine, nameless: number, L: number): number {
  const { api } = machine;
  api.luaL_checktype(L, 1, LuaType.Function);
  const pieces: Buffer[] = [];
  for (let bytes = 0; ;) {
    api.lua_pushvalue(L, 1);
    api.lua_call(L, 0, 1);
    const start = machine.string(L, -1);
    const { size } = machine;
    if (start === 0 || size === 0) break;
    bytes += size;
    if (bytes > CHUNK_BYTES_MAX) machine.raise(L, 'the chunk is too large');
    pieces.push(Buffer.from(machine.bytes.subarray(start, start + size)));
    api.lua_settop(L, -2);
  }
  const all = Buffer.concat(pieces);
  machine.push(L, all, 0, all.length);
  const start = machine.string(L, -1);
  return loaded(machine, L, start, all.length, api.lua_type(L, 2) === LuaType.String ? machine.string(L, 2) : nameless);
}

function loaded(machine: LuaMachine, L: number, start: number, size: number, name: number): number {
  const { api } = machine;
  if (size > 0 && machine.bytes[start] === COMPILED) machine.pushText(L, REFUSED);
  else if (api.luaL_loadbuffer(L, start, size, name) === 0) return 1;
  api.lua_pushnil(L);
  api.lua_insert(L, -2);
  return 2;
}

function print(machine: LuaMachine, tostring: number, log: (text: string) => void, L: number): number {
  const { api } = machine;
  const words: string[] = [];
  const count = api.lua_gettop(L);
  for (let i = 1; i <= count; i++) {
    api.lua_pushcclosure(L, tostring, 0);
    api.lua_pushvalue(L, i);
    api.lua_call(L, 1, 1);
    words.push(machine.text(L, -1) ?? '');
    api.lua_settop(L, count);
  }
  log(words.join('\t'));
  return 0;
}

/** `tonumber(text, base)`; Lua's own stops at 2^32. */
function toNumber(machine: LuaMachine, L: number): number {
  const { api } = machine;
  const base = api.luaL_checkinteger(L, 2);
  const start = machine.checkString(L, 1);
  const text = machine.bytes.toString('latin1', start, start + machine.size);
  if (base < 2 || base > 36) machine.raise(L, "bad argument #2 to 'tonumber' (base out of range)");
  const value = base === 10 ? decimal(text) : inBase(text, base);
  if (value === undefined) api.lua_pushnil(L);
  else api.lua_pushnumber(L, value);
  return 1;
}

function decimal(text: string): number | undefined {
  const value = Number(text);
  return text.trim() === '' || Number.isNaN(value) ? undefined : value;
}

function inBase(text: string, base: number): number | undefined {
  const found = NUMERAL.exec(text);
  if (found === null) return undefined;
  const [, sign, prefix, rest] = found;
  const digits = prefix !== undefined && base !== 16 ? prefix + rest : rest;
  let value = 0;
  for (const digit of digits) {
    const worth = Number.parseInt(digit, 36);
    if (worth >= base) return undefined;
    value = value * base + worth;
  }
  return sign === '-' ? -value : value;
}
