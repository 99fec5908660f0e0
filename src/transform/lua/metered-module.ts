/**
 * The module of Lua 5.1, changed in memory before it is compiled, so that nothing in it can run without end and numbers become text as we want:
 *
 * - Metering. Each loop, and each function that calls itself, counts down a number; at zero it asks an import how to go on. C functions are caught by that as
 *   well as scripts: string.rep, patterns that go back and forth, sort. A count hook of Lua would not be called there.
 * - `sprintf` with Lua's format of numbers goes to an import (number-text.ts): stock Lua prints 14 digits, and 16-digit numbers are no rarity in Redis.
 * - `lua_tointeger` keeps to the nearest of what 32 bits hold. As compiled, 2^31 becomes -2^31, and string.sub(s, 1, 1e10) is empty.
 * - Two functions of ours are added (list-functions.ts).
 *
 *   module  = magic version section*       section = id size bytes
 *
 * No index is moved: what is new comes last, and imports that a sandbox has no use for are called under another meaning (METER, FORMAT_NUMBER).
 * Where the inner functions of the module are is known for one version of it alone, so the file is compared with a hash.
 */
import { createHash } from 'node:crypto';
import { LIST_FUNCTIONS, LIST_FUNCTION_TYPE, listFunctions } from './list-functions.ts';
import { Op, WasmCursor, signed, unsigned } from './wasm-code.ts';

const SHA256 = 'cba969b97e8a319eba8996b5df488aed5cdd22a56f2de53b42598e474014e610';
/** Imports with a new meaning: `() -> fuel`, called at zero, and `(text, format, arguments)`. */
export const METER = '_emscripten_get_now_is_monotonic';
export const FORMAT_NUMBER = '_tzset_js';

/** Where `"%.14g"` is in memory, and which function is sprintf. */
const NUMBER_FORMAT_ADDRESS = 3715;
const SPRINTF_INDEX = 498;

const HEADER_BYTES = 8;
const SectionId = { Import: 2, Function: 3, Global: 6, Export: 7, Code: 10 } as const;
const ImportKind = { Function: 0, Table: 1, Memory: 2, Global: 3 } as const;
const I32 = 0x7f;
const NO_RESULT = 0x40;
const TRUNCATE_SATURATING_F64_I32 = 2;

interface Indexes {
  readonly imports: ReadonlyMap<string, number>;
  readonly exports: ReadonlyMap<string, number>;
  /** How many functions there are, with those that are imported. */
  readonly functions: number;
  /** Of the global that counts down. */
  readonly fuel: number;
}

/** @param file the module as it is on disk @returns the module to compile @throws Error if it is not the one that is known */
export function meteredModule(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const sha256 = createHash('sha256').update(file).digest('hex');
  if (sha256 !== SHA256) throw new Error('liblua5.1.wasm is not the one of wasmoon-lua5.1 1.18.10');
  const sections = readSections(file);
  const payloadOf = (id: number): Uint8Array => sections.find((section) => section.id === id)?.payload ?? new Uint8Array(1);
  const imports = functionImports(payloadOf(SectionId.Import));
  const indexes = {
    imports,
    functions: imports.size + new WasmCursor(payloadOf(SectionId.Function)).number(),
    exports: functionExports(payloadOf(SectionId.Export)),
    fuel: new WasmCursor(payloadOf(SectionId.Global)).number(),
  };
  const parts: Uint8Array[] = [file.subarray(0, HEADER_BYTES)];
  for (const { id, payload } of sections) {
    const changed = changedSection(id, payload, indexes);
    parts.push(Uint8Array.of(id, ...unsigned(changed.length)), changed);
  }
  return Uint8Array.from(Buffer.concat(parts));
}

function changedSection(id: number, payload: Uint8Array, indexes: Indexes): Uint8Array {
  switch (id) {
    case SectionId.Function:
      return withItems(
        payload,
        LIST_FUNCTIONS.map(() => Uint8Array.of(LIST_FUNCTION_TYPE)),
      );
    case SectionId.Global:
      return withItems(payload, [Uint8Array.of(I32, 1, Op.I32Const, 1, Op.End)]);
    case SectionId.Export:
      return withItems(
        payload,
        LIST_FUNCTIONS.map((name, i) => Uint8Array.of(name.length, ...Buffer.from(name), 0, ...unsigned(indexes.functions + i))),
      );
    case SectionId.Code:
      return meteredCode(payload, indexes);
    default:
      return payload;
  }
}

/** Adds items at the end of a section's list. */
function withItems(payload: Uint8Array, items: readonly Uint8Array[]): Uint8Array {
  const cursor = new WasmCursor(payload);
  const count = cursor.number();
  return Buffer.concat([Uint8Array.from(unsigned(count + items.length)), payload.subarray(cursor.at), ...items]);
}

function readSections(file: Uint8Array): { id: number; payload: Uint8Array }[] {
  const cursor = new WasmCursor(file, HEADER_BYTES);
  const sections: { id: number; payload: Uint8Array }[] = [];
  while (cursor.at < file.length) {
    const id = cursor.byte();
    const size = cursor.number();
    sections.push({ id, payload: file.subarray(cursor.at, cursor.at + size) });
    cursor.at += size;
  }
  return sections;
}

/** Names of the imported functions; they have the first indexes. */
function functionImports(payload: Uint8Array): ReadonlyMap<string, number> {
  const cursor = new WasmCursor(payload);
  const names = new Map<string, number>();
  for (let left = cursor.number(); left > 0; left--) {
    cursor.name();
    const name = cursor.name();
    const kind = cursor.byte();
    if (kind !== ImportKind.Function) throw new Error(`the module imports ${name}, which is no function`);
    cursor.skipNumber();
    names.set(name, names.size);
  }
  return names;
}

function functionExports(payload: Uint8Array): ReadonlyMap<string, number> {
  const cursor = new WasmCursor(payload);
  const names = new Map<string, number>();
  for (let left = cursor.number(); left > 0; left--) {
    const name = cursor.name();
    const isFunction = cursor.byte() === ImportKind.Function;
    const index = cursor.number();
    if (isFunction) names.set(name, index);
  }
  return names;
}

function meteredCode(payload: Uint8Array, indexes: Indexes): Uint8Array {
  const cursor = new WasmCursor(payload);
  const count = cursor.number();
  const added = listFunctions((name) => indexes.exports.get(name)!);
  const parts: Uint8Array[] = [Uint8Array.from(unsigned(count + added.length))];
  for (let i = 0; i < count; i++) {
    const size = cursor.number();
    const body = payload.subarray(cursor.at, cursor.at + size);
    const changed = changedBody(body, indexes.imports.size + i, indexes);
    parts.push(Uint8Array.from(unsigned(changed.length)), changed);
    cursor.at += size;
  }
  for (const body of added) parts.push(Uint8Array.from(unsigned(body.length)), body);
  return Buffer.concat(parts);
}

function changedBody(body: Uint8Array, index: number, indexes: Indexes): Uint8Array {
  if (index === indexes.exports.get('lua_tointeger')) return nearestInteger(indexes);
  const cursor = new WasmCursor(body);
  for (let groups = cursor.number(); groups > 0; groups--) {
    cursor.skipNumber();
    cursor.byte();
  }
  const codeStart = cursor.at;
  const meter = meterCode(indexes);
  const parts: Uint8Array[] = [];
  let from = codeStart;
  let callsItself = false;
  while (cursor.at < body.length) {
    const start = cursor.at;
    const op = cursor.instruction();
    if (op === Op.Call && new WasmCursor(body, start + 1).number() === index) callsItself = true;
    if (op !== Op.Loop) continue;
    parts.push(body.subarray(from, cursor.at), meter);
    from = cursor.at;
  }
  parts.push(body.subarray(from));
  const entry = index === SPRINTF_INDEX ? numberFormatCode(indexes) : callsItself ? meter : new Uint8Array(0);
  return Buffer.concat([body.subarray(0, codeStart), entry, ...parts]);
}

/** `if (--fuel == 0) fuel = METER()` */
function meterCode({ fuel, imports }: Indexes): Uint8Array {
  const [global, meter] = [unsigned(fuel), unsigned(imports.get(METER)!)];
  const countDown = [Op.GlobalGet, ...global, Op.I32Const, 1, Op.I32Sub, Op.GlobalSet, ...global];
  return Uint8Array.of(...countDown, Op.GlobalGet, ...global, Op.I32Eqz, Op.If, NO_RESULT, Op.Call, ...meter, Op.GlobalSet, ...global, Op.End);
}

/** `if (format == LUA_NUMBER_FMT) return FORMAT_NUMBER(text, format, arguments)` */
function numberFormatCode({ imports }: Indexes): Uint8Array {
  const isNumberFormat = [Op.LocalGet, 1, Op.I32Const, ...signed(NUMBER_FORMAT_ADDRESS), Op.I32Eq];
  const call = [Op.LocalGet, 0, Op.LocalGet, 1, Op.LocalGet, 2, Op.Call, ...unsigned(imports.get(FORMAT_NUMBER)!), Op.Return];
  return Uint8Array.of(...isNumberFormat, Op.If, NO_RESULT, ...call, Op.End);
}

/** `return saturate(lua_tonumber(L, index))`, without locals */
function nearestInteger({ exports }: Indexes): Uint8Array {
  const call = [Op.LocalGet, 0, Op.LocalGet, 1, Op.Call, ...unsigned(exports.get('lua_tonumber')!)];
  return Uint8Array.of(0, ...call, Op.Prefixed, TRUNCATE_SATURATING_F64_I32, Op.End);
}
