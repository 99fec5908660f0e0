/**
 * One instance of Lua 5.1 in WebAssembly, with imports of our own: it reaches no file, no environment, no clock and no process. Its memory is bounded, and
 * `onMeter` is called every few hundred thousand rounds of whatever loops in it (metered-module.ts).
 *
 * Errors of Lua are thrown through our frames as LONGJMP and caught where Lua called setjmp (invoke_vii). Anything else that is thrown through the instance
 * leaves it in no defined state: it is to be thrown away (MachineBroken).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { GLOBALS, type LuaApi, type LuaState } from './lua-api.ts';
import { FORMAT_NUMBER, METER, meteredModule } from './metered-module.ts';
import { numberText } from './number-text.ts';
import { addToTable, type LuaCallback, type LuaHook } from './trampolines.ts';
import { type WasmFunction, type WasmImports, WasmInstance, WasmModule } from '../../bytes/web-assembly.ts';

const PAGE_BYTES = 65_536;
/** Rounds between two calls of onMeter. */
const FUEL = 200_000;
/** Bytes copied outside of the module that count as much. */
const COPIED_BYTES_MAX = 4 * 1024 * 1024;
/** For strings on their way in, behind it 8 bytes for a size on its way out, behind that items of a list: two words for each. */
const SCRATCH_BYTES = 65_536;
const ITEMS_MAX = 256;
export const LIST_READ_MAX = 200;
const SIZE_BYTES = 8;
const WORD_BYTES = 4;
const ITEM_BYTES = 2 * WORD_BYTES;
const SMALL_BYTES = 128;
const SUFFIX_OUT_OF_MEMORY = 'not enough memory';
const LONGJMP = new Error('longjmp');
const require = createRequire(import.meta.url);
const BAD_FILE = 8;
const NOT_ALLOWED = -63;

/** The instance cannot go on. */
export class MachineBroken extends Error {}

export interface MachineOptions {
  readonly memoryBytesMax: number;
  /** Called by Lua as hook, see interrupt(). */
  readonly onHook: LuaHook;
  /** Called now and then while anything runs. It may call interrupt(), or throw, which ends the instance. */
  readonly onMeter: () => void;
}

let compiled: object | undefined;

export class LuaMachine {
  readonly api: LuaApi;
  /** The main thread of Lua. */
  readonly L: LuaState;
  /** The memory; another object after it has grown. */
  bytes: Buffer;
  private view: DataView;
  private words: Int32Array;
  /** Elements of a list on their way in, and their bytes. */
  private listCount = 0;
  private listBytes = 0;
  private readonly memoryBytesMax: number;
  private readonly onMeter: () => void;
  private copiedBytes = 0;
  private readonly scratch: number;
  private readonly items: number;
  private readonly hookIndex: number;
  /** Functions of the table that Lua has called in a protected way. */
  private readonly calls: WasmFunction[] = [];

  constructor({ memoryBytesMax, onHook, onMeter }: MachineOptions) {
    this.memoryBytesMax = memoryBytesMax;
    this.onMeter = onMeter;
    compiled ??= new WasmModule(meteredModule(readFileSync(require.resolve('wasmoon-lua5.1/dist/liblua5.1.wasm'))));
    this.api = new WasmInstance(compiled, this.imports()).exports as LuaApi;
    this.bytes = Buffer.from(this.api.memory.buffer);
    this.view = new DataView(this.api.memory.buffer);
    this.words = new Int32Array(this.api.memory.buffer);
    this.api.__wasm_call_ctors();
    this.api.emscripten_stack_init();
    this.hookIndex = addToTable(this.api.__indirect_function_table, onHook);
    this.scratch = this.api.malloc(SCRATCH_BYTES + SIZE_BYTES + ITEMS_MAX * ITEM_BYTES);
    this.items = this.scratch + SCRATCH_BYTES + SIZE_BYTES;
    this.L = this.api.luaL_newstate();
    if (this.L === 0) throw new MachineBroken('Lua does not start');
  }

  /** Makes a function of ours callable from Lua. */
  pointerTo(callback: LuaCallback): number {
    return addToTable(this.api.__indirect_function_table, callback);
  }

  /** Raises an error in whatever Lua code runs next on the main thread; C functions do not notice. Safe at any time. */
  interrupt(mask: number, count: number): void {
    this.api.lua_sethook(this.L, this.hookIndex, mask, count);
  }

  /** Counts work that is done outside of the module, so that it too is metered. */
  charge(bytes: number): void {
    this.copiedBytes += bytes;
    if (this.copiedBytes < COPIED_BYTES_MAX) return;
    this.copiedBytes = 0;
    this.onMeter();
  }

  /** Pushes bytes[start, end) as a string. */
  push(L: LuaState, from: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size <= SCRATCH_BYTES) {
      this.copyIn(from, start, end, this.scratch);
      this.api.lua_pushlstring(L, this.scratch, size);
      return;
    }
    const pointer = this.api.malloc(size);
    if (pointer === 0) this.raise(L, SUFFIX_OUT_OF_MEMORY);
    this.bytes.set(from.subarray(start, end), pointer);
    this.charge(size);
    this.api.lua_pushlstring(L, pointer, size);
    this.api.free(pointer);
  }

  /** Begins a list of strings; addItem() is to follow for each, then pushList(). False: it is too long for that. @param bytes as many as all have, or more */
  beginList(count: number, bytes: number): boolean {
    this.listCount = 0;
    this.listBytes = 0;
    return count <= ITEMS_MAX && bytes <= SCRATCH_BYTES;
  }

  addItem(from: Uint8Array, start: number, end: number): void {
    const at = this.items / WORD_BYTES + this.listCount * 2;
    this.copyIn(from, start, end, this.scratch + this.listBytes);
    this.words[at] = this.listBytes;
    this.listBytes += end - start;
    this.words[at + 1] = this.listBytes;
    this.listCount++;
  }

  /** Pushes the list as a table. */
  pushList(L: LuaState): void {
    this.api.push_list(L, this.scratch, this.items, this.listCount);
  }

  /** Pushes elements of the list at index 1 of the stack, LIST_READ_MAX at most, for which there is to be room; itemStart() and itemSize() tell what they are. */
  readList(L: LuaState, first: number, count: number): void {
    this.api.read_list(L, first, this.items, count);
  }

  /** Of an element that was read, from 0. 0: it is no string. */
  itemStart(index: number): number {
    return this.words[this.items / WORD_BYTES + index * 2];
  }

  itemSize(index: number): number {
    return this.words[this.items / WORD_BYTES + index * 2 + 1];
  }

  pushText(L: LuaState, text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    this.push(L, bytes, 0, bytes.length);
  }

  /** A string or number at the index as bytes of this memory: returns the start, and `size` is how many. 0: it is neither. */
  string(L: LuaState, index: number): number {
    return this.api.lua_tolstring(L, index, this.scratch + SCRATCH_BYTES);
  }

  /** As string(), but what is neither is an error of the script. */
  checkString(L: LuaState, index: number): number {
    return this.api.luaL_checklstring(L, index, this.scratch + SCRATCH_BYTES);
  }

  /** Of the last string(). */
  get size(): number {
    return this.view.getUint32(this.scratch + SCRATCH_BYTES, true);
  }

  /** A string or number at the index as text; undefined: it is neither. */
  text(L: LuaState, index: number): string | undefined {
    const start = this.string(L, index);
    return start === 0 ? undefined : this.bytes.toString('utf8', start, start + this.size);
  }

  /** Text that C has made. */
  cText(pointer: number): string {
    return pointer === 0 ? '' : this.bytes.toString('utf8', pointer, this.bytes.indexOf(0, pointer));
  }

  integerAt(pointer: number): number {
    return this.view.getInt32(pointer, true);
  }

  /** Text that stays for C to look at; at most a few, at the start. */
  constant(text: string): number {
    const bytes = Buffer.from(`${text}\0`, 'utf8');
    const pointer = this.api.malloc(bytes.length);
    if (pointer === 0) throw new MachineBroken(SUFFIX_OUT_OF_MEMORY);
    this.bytes.set(bytes, pointer);
    return pointer;
  }

  /** Raises an error of the script, with the line that called the running function. */
  raise(L: LuaState, message: string, level = 1): never {
    this.api.luaL_where(L, level);
    this.pushText(L, message);
    this.api.lua_concat(L, 2);
    this.api.lua_error(L);
    throw new MachineBroken(message);
  }

  /** Sets functions of ours in the table at the index; null takes out what is there. Only at the start. */
  set(index: number, callbacks: Readonly<Record<string, LuaCallback | null>>): void {
    const { api, L } = this;
    const at = index > 0 || index <= GLOBALS ? index : index - 1;
    for (const [name, callback] of Object.entries(callbacks)) {
      if (callback === null) api.lua_pushnil(L);
      else api.lua_pushcclosure(L, this.pointerTo(callback), 0);
      api.lua_setfield(L, at, this.constant(name));
    }
  }

  /** Makes a global table of functions of ours. */
  table(name: string, callbacks: Readonly<Record<string, LuaCallback>>): void {
    const { api, L } = this;
    api.lua_createtable(L, 0, 0);
    this.set(-1, callbacks);
    api.lua_setfield(L, GLOBALS, this.constant(name));
  }

  private copyIn(from: Uint8Array, start: number, end: number, to: number): void {
    const { bytes } = this;
    if (end - start > SMALL_BYTES) bytes.set(from.subarray(start, end), to);
    else for (let at = start, into = to; at < end;) bytes[into++] = from[at++];
  }

  /** All that Lua asks of the system; what is not needed for its own work is refused. */
  private imports(): WasmImports {
    const refused = (): number => NOT_ALLOWED;
    const badFile = (): number => BAD_FILE;
    const env: WasmImports[string] = {
      [METER]: () => {
        this.onMeter();
        return FUEL;
      },
      [FORMAT_NUMBER]: (text, _format, values) => this.formatNumber(text, this.view.getFloat64(values, true)),
      invoke_vii: (index, a, b) => this.protected(index, a, b),
      _emscripten_throw_longjmp: () => {
        throw LONGJMP;
      },
      emscripten_resize_heap: (bytesWanted) => (this.grow(bytesWanted >>> 0) ? 1 : 0),
      emscripten_memcpy_js: (to, from, size) => {
        this.bytes.copyWithin(to, from, from + size);
        this.charge(size);
      },
      emscripten_date_now: () => 0,
      exit: () => {
        throw new MachineBroken('an error outside of a protected call');
      },
      strftime: () => 0,
      _emscripten_system: () => 0,
    };
    for (const name of ['openat', 'fcntl64', 'ioctl', 'dup3', 'unlinkat', 'rmdir', 'renameat', 'readlinkat']) env[`__syscall_${name}`] = refused;
    for (const name of ['_mktime_js', '_localtime_js', '_gmtime_js']) env[name] = refused;
    const wasi = Object.fromEntries(['fd_write', 'fd_read', 'fd_close', 'fd_seek', 'environ_sizes_get', 'environ_get'].map((name) => [name, badFile]));
    return { env, wasi_snapshot_preview1: wasi };
  }

  private formatNumber(pointer: number, value: number): void {
    const { bytes } = this;
    const text = numberText(value);
    for (let i = 0; i < text.length; i++) bytes[pointer + i] = text.charCodeAt(i);
    bytes[pointer + text.length] = 0;
  }

  /** setjmp of Lua: its errors are caught here, and nothing else. */
  private protected(index: number, a: number, b: number): void {
    const { api } = this;
    const stack = api.stackSave();
    try {
      (this.calls[index] ??= api.__indirect_function_table.get(index))(a, b);
    } catch (error) {
      if (error !== LONGJMP) throw error;
      api.stackRestore(stack);
      api.setThrew(1, 0);
    }
  }

  private grow(bytesWanted: number): boolean {
    const { memory } = this.api;
    const now = memory.buffer.byteLength;
    if (bytesWanted > this.memoryBytesMax) return false;
    const pages = Math.ceil((Math.min(this.memoryBytesMax, Math.max(bytesWanted, now * 1.2)) - now) / PAGE_BYTES);
    try {
      memory.grow(pages);
    } catch {
      return false;
    }
    this.bytes = Buffer.from(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.words = new Int32Array(memory.buffer);
    return true;
  }
}
