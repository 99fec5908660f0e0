/** The functions of Lua's C API that the module exports, as far as they are used here; pointers and sizes are numbers of 32 bits. */
import type { WasmMemory, WasmTable } from '../../bytes/web-assembly.ts';

/** A pointer to a `lua_State`. */
export type LuaState = number;

export interface LuaApi {
  readonly memory: WasmMemory;
  readonly __indirect_function_table: WasmTable;
  __wasm_call_ctors(): void;
  emscripten_stack_init(): void;
  stackSave(): number;
  stackRestore(pointer: number): void;
  setThrew(threw: number, value: number): void;
  malloc(bytes: number): number;
  free(pointer: number): void;
  /** Ours: list-functions.ts. */
  push_list(L: LuaState, base: number, items: number, count: number): void;
  read_list(L: LuaState, first: number, items: number, count: number): void;
  luaL_newstate(): LuaState;
  luaopen_base(L: LuaState): number;
  luaopen_string(L: LuaState): number;
  luaopen_table(L: LuaState): number;
  luaopen_math(L: LuaState): number;
  luaL_loadbuffer(L: LuaState, bytes: number, size: number, name: number): number;
  luaL_ref(L: LuaState, table: number): number;
  luaL_where(L: LuaState, level: number): void;
  luaL_checktype(L: LuaState, index: number, type: number): void;
  luaL_checknumber(L: LuaState, index: number): number;
  luaL_checkinteger(L: LuaState, index: number): number;
  luaL_checklstring(L: LuaState, index: number, size: number): number;
  lua_pcall(L: LuaState, args: number, results: number, handler: number): number;
  lua_call(L: LuaState, args: number, results: number): void;
  lua_error(L: LuaState): number;
  lua_concat(L: LuaState, count: number): void;
  lua_gettop(L: LuaState): number;
  lua_settop(L: LuaState, index: number): void;
  lua_remove(L: LuaState, index: number): void;
  lua_insert(L: LuaState, index: number): void;
  lua_checkstack(L: LuaState, room: number): number;
  lua_type(L: LuaState, index: number): number;
  lua_typename(L: LuaState, type: number): number;
  lua_toboolean(L: LuaState, index: number): number;
  lua_tonumber(L: LuaState, index: number): number;
  lua_isnumber(L: LuaState, index: number): number;
  lua_tolstring(L: LuaState, index: number, size: number): number;
  lua_tocfunction(L: LuaState, index: number): number;
  lua_topointer(L: LuaState, index: number): number;
  lua_objlen(L: LuaState, index: number): number;
  lua_pushnil(L: LuaState): void;
  lua_pushnumber(L: LuaState, value: number): void;
  lua_pushboolean(L: LuaState, value: number): void;
  lua_pushlstring(L: LuaState, bytes: number, size: number): void;
  lua_pushcclosure(L: LuaState, tableIndex: number, upvalues: number): void;
  lua_pushvalue(L: LuaState, index: number): void;
  lua_createtable(L: LuaState, items: number, fields: number): void;
  lua_getfield(L: LuaState, index: number, name: number): void;
  lua_setfield(L: LuaState, index: number, name: number): void;
  lua_rawget(L: LuaState, index: number): void;
  lua_rawset(L: LuaState, index: number): void;
  lua_rawgeti(L: LuaState, index: number, item: number): void;
  lua_rawseti(L: LuaState, index: number, item: number): void;
  lua_setmetatable(L: LuaState, index: number): number;
  lua_sethook(L: LuaState, hook: number, mask: number, count: number): number;
  lua_getstack(L: LuaState, level: number, activation: number): number;
  lua_getinfo(L: LuaState, what: number, activation: number): number;
  lua_gc(L: LuaState, what: number, data: number): number;
}

export const REGISTRY = -10_000;
export const GLOBALS = -10_002;

export const LuaType = { Nil: 0, Boolean: 1, Number: 3, String: 4, Table: 5, Function: 6 } as const;

/** What lua_pcall and luaL_loadbuffer return. */
export const LuaStatus = { Ok: 0, Run: 2, Syntax: 3, Memory: 4, InHandler: 5 } as const;

export const HOOK_EVERY_COUNT = 8;
export const GC_COLLECT = 2;
export const GC_COUNT_KIB = 3;
