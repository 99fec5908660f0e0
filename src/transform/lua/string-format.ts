/**
 * `string.format`: as in Lua 5.1, but with whole numbers of 64 bits, strings of any bytes, and `%s` of anything (nil, true), as gopher-lua has it.
 * What it does not do itself (`%f`, `%q`, mistakes) the function of Lua does.
 */
import { formatInteger, pad } from './format-integer.ts';
import { LuaType } from './lua-api.ts';
import type { LuaMachine } from './lua-machine.ts';
import type { WasmFunction } from '../../bytes/web-assembly.ts';

const SPEC = /%(?:%|([-+ #0]{0,5})(\d{0,2})(?:\.(\d{0,2}))?([A-Za-z]))/y;
const INTEGERS = 'diouxX';
/** What Lua's own function does. */
const FRACTIONS = 'eEfgG';
const QUOTED = 'q';
const KNOWN = `${INTEGERS}${FRACTIONS}${QUOTED}cs`;

export class StringFormat {
  private readonly machine: LuaMachine;
  private readonly original: WasmFunction;
  private readonly originalPointer: number;
  private readonly tostring: number;

  /** @param original pointer to Lua's own @param tostring pointer to Lua's own */
  constructor(machine: LuaMachine, original: number, tostring: number) {
    this.machine = machine;
    this.originalPointer = original;
    this.tostring = tostring;
    this.original = machine.api.__indirect_function_table.get(original);
  }

  call(L: number): number {
    const { machine } = this;
    const start = machine.checkString(L, 1);
    const format = machine.bytes.toString('latin1', start, start + machine.size);
    let result = '';
    let argument = 1;
    for (let at = 0; at < format.length;) {
      const percent = format.indexOf('%', at);
      if (percent < 0) {
        result += format.slice(at);
        break;
      }
      result += format.slice(at, percent);
      SPEC.lastIndex = percent;
      const spec = SPEC.exec(format);
      if (spec === null || (spec[0] !== '%%' && !KNOWN.includes(spec[4]))) return this.original(L);
      at = SPEC.lastIndex;
      result += spec[0] === '%%' ? '%' : this.one(L, spec, ++argument);
    }
    const bytes = Buffer.from(result, 'latin1');
    machine.push(L, bytes, 0, bytes.length);
    return 1;
  }

  private one(L: number, spec: RegExpExecArray, argument: number): string {
    const { machine } = this;
    const [text, flags, width, precision, conversion] = spec;
    const form = { flags, width: Number(width), precision: precision === undefined ? -1 : Number(precision) };
    if (INTEGERS.includes(conversion)) return formatInteger(conversion, form, machine.api.luaL_checknumber(L, argument));
    if (conversion === 'c') return pad(String.fromCharCode(machine.api.luaL_checkinteger(L, argument) & 0xff), flags, form.width);
    if (conversion !== 's') return this.delegate(L, text, argument);
    const whole = this.anyText(L, argument);
    return pad(form.precision < 0 ? whole : whole.slice(0, form.precision), flags, form.width);
  }

  private anyText(L: number, argument: number): string {
    const { machine } = this;
    const { api } = machine;
    if (argument > api.lua_gettop(L)) machine.checkString(L, argument);
    const isText = api.lua_type(L, argument) === LuaType.String;
    if (!isText) {
      api.lua_pushcclosure(L, this.tostring, 0);
      api.lua_pushvalue(L, argument);
      api.lua_call(L, 1, 1);
    }
    return this.taken(L, isText ? argument : -1);
  }

  /** One conversion by Lua's own function. */
  private delegate(L: number, spec: string, argument: number): string {
    const { api } = this.machine;
    if (spec.endsWith(QUOTED)) this.machine.checkString(L, argument);
    else api.luaL_checknumber(L, argument);
    api.lua_pushcclosure(L, this.originalPointer, 0);
    this.machine.pushText(L, spec);
    api.lua_pushvalue(L, argument);
    api.lua_call(L, 2, 1);
    return this.taken(L, -1);
  }

  /** The string at the index; one on the top is popped. */
  private taken(L: number, index: number): string {
    const { machine } = this;
    const start = machine.checkString(L, index);
    const text = machine.bytes.toString('latin1', start, start + machine.size);
    if (index < 0) machine.api.lua_settop(L, -2);
    return text;
  }
}
