/**
 * The compact text form of an entry, for the generated table.
 *
 *   row    = [name, arity, flags, group, keys, redisSince, valkeySince]      since: `6.2.0`, or empty
 *   flags  = any of: w writes, r reads only, c container, p pub/sub, a admin, b blocks
 *   keys   = spec *(" " spec)                          empty: no keys
 *   spec   = begin find ["!"] | "?"                    "!": a channel; "?": more keys than the server's specs can say
 *   begin  = index | KEYWORD "@" startFrom
 *   find   = "+" lastKey "/" step "/" limit | "#" countIndex "/" firstKey "/" step
 */
import { type Command, type KeyBegin, type KeyFind, type KeySpec, packVersion } from './command.ts';

export type CommandRow = readonly [name: string, arity: number, flags: string, group: string, keys: string, redisSince: string, valkeySince: string];

const SPEC = /^(?:(\d+)|(\S+)@(-?\d+))([+#])(-?\d+)\/(-?\d+)\/(-?\d+)(!?)$/;

/** @throws Error for a row that is not in the form above */
export function commandFromRow([name, arity, flags, group, keys, redisSince, valkeySince]: CommandRow): Command {
  const specs = keys === '' ? [] : keys.split(' ');
  return {
    name,
    arity,
    writes: flags.includes('w'),
    readsOnly: flags.includes('r'),
    isContainer: flags.includes('c'),
    isPubSub: flags.includes('p'),
    isAdmin: flags.includes('a'),
    blocks: flags.includes('b'),
    group,
    keySpecs: specs.filter((spec) => spec !== '?').map((spec) => keySpec(name, spec)),
    keysIncomplete: specs.includes('?'),
    redisSince: version(redisSince),
    valkeySince: version(valkeySince),
  };
}

/** The keys column of a row. */
export function keysText(specs: readonly KeySpec[], incomplete: boolean): string {
  return [...specs.map(specText), ...(incomplete ? ['?'] : [])].join(' ');
}

function specText({ begin, find, isChannel }: KeySpec): string {
  const from = begin.kind === 'index' ? String(begin.index) : `${begin.keyword}@${begin.startFrom}`;
  const keys = find.kind === 'range' ? `+${find.lastKey}/${find.step}/${find.limit}` : `#${find.countIndex}/${find.firstKey}/${find.step}`;
  return from + keys + (isChannel ? '!' : '');
}

function keySpec(name: string, text: string): KeySpec {
  const found = SPEC.exec(text);
  if (!found) throw new Error(`the key spec ${text} of ${name} cannot be read`);
  const [, index, keyword, startFrom, kind] = found;
  const [a, b, c] = [Number(found[5]), Number(found[6]), Number(found[7])];
  const begin: KeyBegin = index === undefined ? { kind: 'keyword', keyword, startFrom: Number(startFrom) } : { kind: 'index', index: Number(index) };
  const find: KeyFind = kind === '+' ? { kind: 'range', lastKey: a, step: b, limit: c } : { kind: 'count', countIndex: a, firstKey: b, step: c };
  return { begin, find, isChannel: found[8] === '!' };
}

function version(text: string): number | undefined {
  if (text === '') return undefined;
  const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number);
  return packVersion(major, minor, patch);
}
