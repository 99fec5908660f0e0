/**
 * Gives a script the globals of an entry: only those that it uses, and ARGV in the way that it allows (script-look.ts). Names of commands and groups are
 * strings that Lua keeps, so that none is made for them.
 */
import type { Command } from '../../command/command.ts';
import { slotOf } from '../../model/slot.ts';
import type { CurrentEntry } from './current-entry.ts';
import { GLOBALS, REGISTRY } from './lua-api.ts';
import { LazyArguments } from './lazy-arguments.ts';
import type { LuaMachine } from './lua-machine.ts';
import { pushArguments } from './push-arguments.ts';
import { ARGUMENT_COUNT, type EntryName, type ScriptLook } from './script-look.ts';

const ARGV = Buffer.from('ARGV');
/** As RedisShake has it for commands that it does not know. */
const UNKNOWN_GROUP = 'unknown';

interface Words {
  /** References in Lua's registry. */
  readonly name: number;
  readonly group: number;
}

export class EntryGlobals {
  /** Only for scripts whose ARGV is lazy. */
  readonly lazyArguments: LazyArguments | undefined;
  readonly count: number;
  private readonly machine: LuaMachine;
  private readonly entry: CurrentEntry;
  private readonly pushers: readonly ((L: number) => void)[];
  private readonly words = new Map<Command, Words>();
  private readonly argvName: number;
  /** ARGV has been made for this entry. */
  private isMade = false;

  constructor(machine: LuaMachine, entry: CurrentEntry, { names, argv, looksAtElements }: ScriptLook) {
    this.machine = machine;
    this.entry = entry;
    this.count = names.length;
    this.argvName = machine.constant('ARGV');
    const pushers: Readonly<Record<EntryName, (L: number) => void>> = {
      DB: (L) => machine.api.lua_pushnumber(L, entry.database),
      CMD: (L) => this.pushName(L),
      GROUP: (L) => this.pushGroup(L),
      KEYS: (L) => pushArguments(machine, L, entry, entry.keys),
      KEY_INDEXES: (L) => this.pushNumbers(L, (index) => index + 1),
      SLOTS: (L) => this.pushNumbers(L, (index) => slotOf(entry.args.bytes, entry.args.start(index), entry.args.end(index))),
      ARGV: (L) => pushArguments(machine, L, entry),
    };
    this.lazyArguments = argv === 'lazy' ? new LazyArguments(machine, entry, looksAtElements) : undefined;
    if (argv === 'lazy') machine.set(GLOBALS, { [ARGUMENT_COUNT]: (L) => this.lazyArguments!.count(L) });
    if (argv === 'touched') this.watchGlobals();
    const ways = { ...pushers, ...(argv === 'lazy' ? { ARGV: (L: number) => this.lazyArguments!.push(L) } : {}) };
    if (argv === 'touched') ways.ARGV = (L) => this.pushNoArguments(L);
    this.pushers = names.map((name) => ways[name]);
  }

  /** Pushes the values of the names that the script uses, in their order. */
  push(L: number): void {
    for (const push of this.pushers) push(L);
  }

  private pushName(L: number): void {
    const { machine, entry } = this;
    if (entry.command !== undefined) machine.api.lua_rawgeti(L, REGISTRY, this.wordsOf(entry.command).name);
    else machine.pushText(L, Buffer.from(entry.args.value(0)).toString('latin1').toUpperCase());
  }

  private pushGroup(L: number): void {
    const { machine, entry } = this;
    if (entry.command !== undefined) machine.api.lua_rawgeti(L, REGISTRY, this.wordsOf(entry.command).group);
    else machine.pushText(L, UNKNOWN_GROUP);
  }

  /** `xgroup|create` of `sorted-set` is XGROUP-CREATE of SORTED_SET. */
  private wordsOf(command: Command): Words {
    const known = this.words.get(command);
    if (known !== undefined) return known;
    const words = { name: this.reference(command.name.replace('|', '-')), group: this.reference(command.group.replaceAll('-', '_') || UNKNOWN_GROUP) };
    this.words.set(command, words);
    return words;
  }

  private reference(word: string): number {
    this.machine.pushText(this.machine.L, word === UNKNOWN_GROUP ? word : word.toUpperCase());
    return this.machine.api.luaL_ref(this.machine.L, REGISTRY);
  }

  private pushNumbers(L: number, numberOf: (index: number) => number): void {
    const { api } = this.machine;
    const { keys } = this.entry;
    api.lua_createtable(L, keys.length, 0);
    for (let i = 0; i < keys.length; i++) {
      api.lua_pushnumber(L, numberOf(keys[i]));
      api.lua_rawseti(L, -2, i + 1);
    }
  }

  private pushNoArguments(L: number): void {
    this.isMade = false;
    this.machine.api.lua_pushnil(L);
  }

  /** Makes ARGV when the script reads it first: a global that is nil is looked for in the metatable. */
  private watchGlobals(): void {
    const { machine } = this;
    const { api, L } = machine;
    api.lua_createtable(L, 0, 1);
    machine.set(-1, { __index: (state) => this.missing(state) });
    api.lua_setmetatable(L, GLOBALS);
  }

  /** `__index(globals, name)` */
  private missing(L: number): number {
    const { machine } = this;
    const { api } = machine;
    const start = machine.string(L, 2);
    if (start === 0 || machine.size !== ARGV.length || ARGV.compare(machine.bytes, start, start + ARGV.length) !== 0 || this.isMade) api.lua_pushnil(L);
    else {
      this.isMade = true;
      pushArguments(machine, L, this.entry);
      api.lua_pushvalue(L, -1);
      api.lua_setfield(L, GLOBALS, this.argvName);
    }
    return 1;
  }
}
