/**
 * Two functions that are added to the module, for lists would else take two or three calls from JavaScript into it per element.
 *
 *   void push_list(lua_State *L, char *base, int *items, int count)     pushes a table of strings; items: start and end of each, from base
 *   void read_list(lua_State *L, int first, int *items, int count)      pushes elements first.. of the table at index 1; items: pointer (0: no string) and size of each
 */
import { Op, signed, unsigned } from './wasm-code.ts';

/** `(i32, i32, i32, i32) -> ()` among the types of the module. */
export const LIST_FUNCTION_TYPE = 7;
export const LIST_FUNCTIONS = ['push_list', 'read_list'] as const;

const ITEM_BYTES = 8;
const WORD_BYTES = 4;
const ALIGNED_TO_WORDS = 2;
const I32 = 0x7f;
const NO_RESULT = 0x40;
/** Parameters, and the local that counts. */
const [L, SECOND, THIRD, FOURTH, COUNTER] = [0, 1, 2, 3, 4];

const get = (local: number): number[] => [Op.LocalGet, local];
const constant = (value: number): number[] => [Op.I32Const, ...signed(value)];
const load = (pointer: number, offset: number): number[] => [...get(pointer), Op.I32Load, ALIGNED_TO_WORDS, offset];
const add = (local: number, by: number): number[] => [...get(local), ...constant(by), Op.I32Add];

/** Bodies of the functions in the order of LIST_FUNCTIONS. @param indexOf index of an exported function */
export function listFunctions(indexOf: (name: string) => number): Uint8Array[] {
  const call = (name: string): number[] => [Op.Call, ...unsigned(indexOf(name))];
  const makeList = [...get(L), ...get(FOURTH), ...constant(0), ...call('lua_createtable')];
  const pushItem = [
    [...get(L), ...get(SECOND), ...load(THIRD, 0), Op.I32Add],
    [...load(THIRD, WORD_BYTES), ...load(THIRD, 0), Op.I32Sub, ...call('lua_pushlstring')],
    [...get(L), ...constant(-2), ...add(COUNTER, 1), ...call('lua_rawseti')],
  ];
  const readItem = [
    [...get(L), ...constant(1), ...get(SECOND), ...get(COUNTER), Op.I32Add, ...call('lua_rawgeti')],
    [...get(THIRD), ...get(L), ...constant(-1), ...add(THIRD, WORD_BYTES), ...call('lua_tolstring'), Op.I32Store, ALIGNED_TO_WORDS, 0],
  ];
  const pushList = [...makeList, ...forEachItem(THIRD, pushItem.flat())];
  const readList = forEachItem(THIRD, readItem.flat());
  return [pushList, readList].map((code) => Uint8Array.of(1, 1, I32, ...code, Op.End));
}

/** `for (counter = 0; counter < count; counter++, items++) code` */
function forEachItem(items: number, code: readonly number[]): number[] {
  const leave = [...get(COUNTER), ...get(FOURTH), Op.I32GeU, Op.BrIf, 1];
  const next = [...add(items, ITEM_BYTES), Op.LocalSet, items, ...add(COUNTER, 1), Op.LocalSet, COUNTER, Op.Br, 0];
  return [Op.Block, NO_RESULT, Op.Loop, NO_RESULT, ...leave, ...code, ...next, Op.End, Op.End];
}
