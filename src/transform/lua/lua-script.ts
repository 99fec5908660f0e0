/**
 * A function loaded into a machine of its own, and run for one entry after the other. Its globals live as long as the machine does. What may fail for want of
 * memory runs in one protected call: making the globals, the script, and shake.call.
 */
import { GodwitError } from '../../errors/errors.ts';
import type { CurrentEntry } from './current-entry.ts';
import { EntryGlobals } from './entry-globals.ts';
import { ErrorPlace } from './error-place.ts';
import { GC_COLLECT, GC_COUNT_KIB, type LuaApi, LuaStatus, LuaType, REGISTRY } from './lua-api.ts';
import { LuaMachine } from './lua-machine.ts';
import { openLibraries } from './open-libraries.ts';
import { OutputWriter } from './output-writer.ts';
import type { ScriptLook } from './script-look.ts';
import { TimeLimit } from './time-limit.ts';

export interface ScriptLimits {
  readonly memoryBytesMax: number;
  readonly callMsMax: number;
  readonly outputBytesMax: number;
}

export interface ScriptHost {
  readonly log: (text: string) => void;
  /** Time of day, for os.time. */
  readonly nowMs: () => number;
  /** A clock that only goes forward, for the limit. */
  readonly clockMs: () => number;
}

/** Parts of the memory: all garbage is collected from the first on, and in no case later than at the second. */
const COLLECT_FROM = 0.125;
const COLLECT_AT = 0.5;
const GROWTH = 1.5;
const KIB = 1024;
const HANDLER = 1;
const ENTER = 2;

export class LuaScript {
  readonly place: ErrorPlace;
  private readonly machine: LuaMachine;
  private readonly api: LuaApi;
  private readonly L: number;
  private readonly globals: EntryGlobals;
  private readonly writer: OutputWriter;
  private readonly timeLimit: TimeLimit;
  private readonly memoryBytesMax: number;
  private readonly runner: number;
  private collectAtKib: number;

  /**
   * @param source as the user wrote it @param name for messages
   * @throws TRANSFORM_INVALID for a mistake of syntax
   */
  constructor(source: Uint8Array, name: string, look: ScriptLook, entry: CurrentEntry, host: ScriptHost, limits: ScriptLimits) {
    this.memoryBytesMax = limits.memoryBytesMax;
    this.collectAtKib = (limits.memoryBytesMax * COLLECT_FROM) / KIB;
    this.timeLimit = new TimeLimit(limits.callMsMax, host.clockMs);
    this.machine = new LuaMachine({
      memoryBytesMax: limits.memoryBytesMax,
      onMeter: () => this.timeLimit.check(this.machine),
      onHook: (L, _activation) => this.machine.raise(L, this.timeLimit.message, 0),
    });
    const { machine } = this;
    this.api = machine.api;
    this.L = machine.L;
    const own = openLibraries(machine, host);
    this.writer = new OutputWriter(machine, entry, own, limits.outputBytesMax);
    this.place = new ErrorPlace(machine);
    this.globals = new EntryGlobals(machine, entry, look);
    machine.table('shake', { call: (L) => this.call(L), log: (L) => this.log(L, host.log) });
    this.compile(source, name, look.gotoLine);
    this.runner = this.makeRunner(Buffer.from(look.runnable, 'latin1'), name, look);
    machine.api.lua_settop(this.L, 0);
    machine.api.lua_pushcclosure(
      this.L,
      machine.pointerTo((L) => this.failed(L)),
      0,
    );
    machine.api.lua_pushcclosure(
      this.L,
      machine.pointerTo((L) => this.enter(L)),
      0,
    );
  }

  /** Runs it for the entry. @returns what went wrong, undefined if nothing @throws MachineBroken, or what V8 throws: then it cannot be run again */
  run(): string | undefined {
    const { api, L, timeLimit } = this;
    timeLimit.begin();
    api.lua_pushvalue(L, ENTER);
    const status = api.lua_pcall(L, 0, 0, HANDLER);
    if (api.lua_gc(L, GC_COUNT_KIB, 0) > this.collectAtKib) this.collect();
    if (status === LuaStatus.Ok && !timeLimit.isOver) return undefined;
    const isTimeOut = timeLimit.isOver;
    timeLimit.end(this.machine);
    if (status === LuaStatus.Ok) return undefined;
    const message = this.machine.text(L, -1) ?? 'an error without a message';
    api.lua_settop(L, ENTER);
    if (status !== LuaStatus.Memory) return isTimeOut && !message.includes(timeLimit.message) ? `${message} (${timeLimit.message})` : message;
    this.place.forget();
    return `not enough memory (the limit is ${this.memoryBytesMax} bytes)`;
  }

  /** Lua 5.1 collects in steps that are small beside large strings, and does not collect when memory is short: garbage would use it up. */
  private collect(): void {
    const { api, L, memoryBytesMax } = this;
    api.lua_gc(L, GC_COLLECT, 0);
    const liveBytes = api.lua_gc(L, GC_COUNT_KIB, 0) * KIB;
    this.collectAtKib = Math.min(Math.max(memoryBytesMax * COLLECT_FROM, liveBytes * GROWTH), Math.max(memoryBytesMax * COLLECT_AT, liveBytes)) / KIB;
  }

  /** The protected call: makes the globals and runs the script. */
  private enter(L: number): number {
    const { api } = this;
    api.lua_rawgeti(L, REGISTRY, this.runner);
    this.globals.push(L);
    api.lua_call(L, this.globals.count, 0);
    return 0;
  }

  /** The handler: finds the place, and makes text of errors that are none. */
  private failed(L: number): number {
    const { api, machine } = this;
    this.place.find(L, 1);
    if (machine.text(L, 1) !== undefined) return 1;
    machine.pushText(L, `an error that is a ${machine.cText(api.lua_typename(L, api.lua_type(L, 1)))}`);
    return 1;
  }

  private call(L: number): number {
    const { api, writer } = this;
    const database = writer.database(L);
    api.luaL_checktype(L, 2, LuaType.Table);
    if (this.globals.lazyArguments?.write(L, 2, database, writer) === true) return 0;
    api.lua_settop(L, 2);
    api.lua_remove(L, 1);
    writer.list(L, database);
    return 0;
  }

  private log(L: number, log: (text: string) => void): number {
    const { api, machine } = this;
    const type = api.lua_type(L, 1);
    const text = machine.text(L, 1) ?? (type === LuaType.Boolean ? String(api.lua_toboolean(L, 1) === 1) : machine.cText(api.lua_typename(L, type)));
    log(text);
    return 0;
  }

  private compile(source: Uint8Array, name: string, gotoLine?: number): void {
    const { api, L, machine } = this;
    const pointer = api.malloc(source.length + 1);
    if (pointer === 0) throw new GodwitError('TRANSFORM_INVALID', `${name} is too large`);
    machine.bytes.set(source, pointer);
    const status = source[0] === 0x1b ? LuaStatus.Syntax : api.luaL_loadbuffer(L, pointer, source.length, machine.constant(`=${name}`));
    api.free(pointer);
    if (status === LuaStatus.Ok) return;
    const message = source[0] === 0x1b ? `${name} is compiled code` : (machine.text(L, -1) ?? `${name} is not Lua`);
    const hint = gotoLine === undefined ? '' : ` (line ${gotoLine} has a goto, which is not in Lua 5.1)`;
    throw new GodwitError('TRANSFORM_INVALID', message + hint);
  }

  /** A function that takes the values of the globals, sets them, and runs the script. @returns its reference */
  private makeRunner(runnable: Uint8Array, name: string, { names }: ScriptLook): number {
    const { api, L } = this;
    const values = names.map((_, i) => `v${i}`).join(',');
    const assignment = names.length === 0 ? '' : `${names.join(',')}=${values}`;
    this.compile(Buffer.from(`local run=... return function(${values}) ${assignment} return run() end`), name);
    this.compile(runnable, name);
    api.lua_call(L, 1, 1);
    return api.luaL_ref(L, REGISTRY);
  }
}
