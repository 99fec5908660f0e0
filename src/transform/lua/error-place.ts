/** Where in a script an error was raised: the innermost function of the script on the stack of calls. */
import type { LuaMachine } from './lua-machine.ts';

/** `lua_Debug`: offsets of its fields, and its size. */
const NAME_AT = 4;
const WHAT_AT = 12;
const LINE_AT = 20;
const RECORD_BYTES = 128;
const LEVELS_MAX = 50;

export class ErrorPlace {
  line: number | undefined = undefined;
  functionName: string | undefined = undefined;
  private readonly machine: LuaMachine;
  private readonly record: number;
  private readonly wanted: number;

  constructor(machine: LuaMachine) {
    this.machine = machine;
    this.record = machine.api.malloc(RECORD_BYTES);
    this.wanted = machine.constant('nSl');
  }

  forget(): void {
    this.line = undefined;
    this.functionName = undefined;
  }

  /** Looks from the level on; to be called while the error is on its way. */
  find(L: number, from: number): void {
    const { machine, record } = this;
    const { api } = machine;
    for (let level = from; level < from + LEVELS_MAX && api.lua_getstack(L, level, record) === 1; level++) {
      api.lua_getinfo(L, this.wanted, record);
      const line = machine.integerAt(record + LINE_AT);
      if (line <= 0) continue;
      this.line = line;
      const what = machine.cText(machine.integerAt(record + WHAT_AT));
      const name = machine.cText(machine.integerAt(record + NAME_AT));
      this.functionName = what === 'main' || name === '' ? undefined : name;
      return;
    }
  }
}
