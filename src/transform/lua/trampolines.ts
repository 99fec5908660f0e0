/**
 * Makes functions of JavaScript callable by pointer from WebAssembly: a table of functions takes those of a module only, so a module is made that imports
 * the function and exports it again.
 *
 *   (i32) -> i32        lua_CFunction
 *   (i32, i32) -> ()    lua_Hook
 */
import { type WasmFunction, WasmInstance, WasmModule, type WasmTable } from '../../bytes/web-assembly.ts';

export type LuaCallback = (L: number) => number;
export type LuaHook = (L: number, activation: number) => void;

const I32 = 0x7f;
const FUNCTION_TYPE = 0x60;
const FUNCTION = 0;
const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const NAME = [1, 0x66];
const C_FUNCTION = moduleOf([FUNCTION_TYPE, 1, I32, 1, I32]);
const HOOK = moduleOf([FUNCTION_TYPE, 2, I32, I32, 0]);

/** Adds it to the table; the number of its parameters says which it is. @returns its index there, which is what a pointer to it is */
export function addToTable(table: WasmTable, callback: LuaCallback | LuaHook): number {
  const { exports } = new WasmInstance(callback.length === 2 ? HOOK : C_FUNCTION, { f: { f: callback } });
  const index = table.grow(1);
  table.set(index, (exports as { f: WasmFunction }).f);
  return index;
}

function moduleOf(type: readonly number[]): object {
  const imported = [...NAME, ...NAME, FUNCTION, 0];
  const exported = [...NAME, FUNCTION, 0];
  return new WasmModule(Uint8Array.from([...HEADER, ...section(1, type), ...section(2, imported), ...section(7, exported)]));
}

/** A section of one item. */
function section(id: number, item: readonly number[]): number[] {
  return [id, item.length + 1, 1, ...item];
}
