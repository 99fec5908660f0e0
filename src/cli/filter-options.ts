/** The rules of a filter as flags: what passes (`--prefix`), and what does not (`--block-prefix`). One table makes the flags and reads them. */
import { type Command, Option as CommandOption } from 'commander';
import { parseDuration, parseSize } from '../config/quantity.ts';
import { GodwitError } from '../errors/errors.ts';
import type { FilterRules, Policy, RuleSide, SlotRange } from '../filter/filter-rules.ts';
import { VALUE_KIND_NAMES } from '../model/value-kind.ts';

type Words = Readonly<Record<string, unknown>>;

interface ListFlag {
  readonly name: string;
  readonly side: keyof RuleSide;
  readonly placeholder: string;
  readonly help: string;
  /** Several in one word, with commas between. */
  readonly isSplit: boolean;
  read(text: string, flag: string): unknown;
}

const GROUP = 'Filter:';
const bytes = (text: string): Buffer => Buffer.from(text);
const plain = (text: string): string => text;
const POLICY_FLAGS = [
  ['mixed', 'a command of which some keys pass, and that cannot be split'],
  ['unknown', 'a command that is not known, where keys are asked for'],
  ['flush', 'FLUSHALL, FLUSHDB and SWAPDB, where keys are asked for'],
  ['keyless', 'other commands without keys, where keys are asked for'],
] as const;

const LIST_FLAGS: readonly ListFlag[] = [
  { name: 'db', side: 'databases', placeholder: '<numbers>', help: 'these databases: 0,1', isSplit: true, read: databaseOf },
  { name: 'key', side: 'keys', placeholder: '<text>', help: 'this key', isSplit: false, read: bytes },
  { name: 'prefix', side: 'prefixes', placeholder: '<text>', help: 'keys that begin so', isSplit: false, read: bytes },
  { name: 'suffix', side: 'suffixes', placeholder: '<text>', help: 'keys that end so', isSplit: false, read: bytes },
  { name: 'glob', side: 'globs', placeholder: '<pattern>', help: 'keys that fit, as KEYS takes it: user:*:[0-9]', isSplit: false, read: bytes },
  { name: 'regex', side: 'regexes', placeholder: '<expression>', help: 'keys in which it is found (syntax of Go)', isSplit: false, read: plain },
  { name: 'slots', side: 'slots', placeholder: '<ranges>', help: 'keys of these hash slots: 0-8191,9000', isSplit: true, read: slotsOf },
  { name: 'type', side: 'types', placeholder: '<types>', help: `${VALUE_KIND_NAMES.join(', ')}, ReJSON-RL ...`, isSplit: true, read: plain },
  { name: 'command', side: 'commands', placeholder: '<names>', help: 'these commands of an AOF, and values that they make', isSplit: true, read: plain },
  { name: 'group', side: 'groups', placeholder: '<groups>', help: 'commands and values of these groups: string, sorted_set', isSplit: true, read: plain },
];

/** @param policies for commands that the rules cannot decide: only for what passes commands on */
export function addFilterOptions(command: Command, { policies }: { readonly policies: boolean }): void {
  for (const { name, placeholder, help, isSplit } of LIST_FLAGS) {
    const gather = (value: string, before: readonly string[]): string[] => [...before, ...(isSplit ? value.split(',') : [value])];
    const add = (flag: string, text: string): unknown =>
      command.addOption(new CommandOption(`--${flag} ${placeholder}`, text).argParser(gather).default([], '').helpGroup(GROUP));
    const more = isSplit ? '' : '; can be given several times';
    add(name, `only ${help}${more}`);
    add(`block-${name}`, `not ${help}${more}`);
  }
  const one = (flag: string, text: string): CommandOption => new CommandOption(flag, text).helpGroup(GROUP);
  command.addOption(one('--size-min <size>', 'only values of at least so many bytes, as they are stored: 1kb'));
  command.addOption(one('--size-max <size>', 'only values of at most so many bytes'));
  command.addOption(one('--ttl-min <duration>', 'only keys that live so long at least: 10m; those without an expiry do'));
  command.addOption(one('--ttl-max <duration>', 'only keys that live so long at most'));
  command.addOption(one('--expiring <which>', 'only keys with an expiry, or none of them').choices(['any', 'only', 'none']).default('any'));
  if (!policies) return;
  for (const [name, help] of POLICY_FLAGS) {
    const fallback = name === 'keyless' ? 'pass' : 'stop';
    command.addOption(one(`--on-${name} <policy>`, help).choices(['pass', 'drop', 'stop']).default(fallback));
  }
}

/** @param words what commander has read. @throws GodwitError CONFIG_INVALID with the flag */
export function filterRules(words: Words): FilterRules {
  const policies = POLICY_FLAGS.flatMap(([name]) => {
    const policy = words[attribute(`on-${name}`)] as Policy | undefined;
    return policy === undefined ? [] : [[attribute(`on-${name}`), policy] as const];
  });
  const [valueBytesMin, valueBytesMax] = [quantity(words, 'size-min', parseSize), quantity(words, 'size-max', parseSize)];
  const [ttlMinMs, ttlMaxMs] = [quantity(words, 'ttl-min', parseDuration), quantity(words, 'ttl-max', parseDuration)];
  return {
    allow: sideOf(words, ''),
    block: sideOf(words, 'block-'),
    ...(valueBytesMin === undefined ? {} : { valueBytesMin }),
    ...(valueBytesMax === undefined ? {} : { valueBytesMax }),
    ...(ttlMinMs === undefined ? {} : { ttlMinMs }),
    ...(ttlMaxMs === undefined ? {} : { ttlMaxMs }),
    expiring: words['expiring'] as 'any' | 'only' | 'none',
    policies: Object.fromEntries(policies),
  };
}

function sideOf(words: Words, before: string): RuleSide {
  return Object.fromEntries(
    LIST_FLAGS.map(({ name, side, read }) => {
      const flag = before + name;
      return [side, ((words[attribute(flag)] ?? []) as readonly string[]).map((text) => read(text, `--${flag}`))];
    }),
  ) as RuleSide;
}

function attribute(flag: string): string {
  return flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function quantity(words: Words, flag: string, parse: (text: string) => number | undefined): number | undefined {
  const text = words[attribute(flag)] as string | undefined;
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value !== undefined) return value;
  throw new GodwitError('CONFIG_INVALID', `--${flag} is ${JSON.stringify(text)}, which cannot be read`, {
    fix: flag.startsWith('size') ? 'Give a size such as 100, 64kb or 1mb.' : 'Give a duration such as 500ms, 10s, 5m or 1h.',
  });
}

function databaseOf(text: string, flag: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new GodwitError('CONFIG_INVALID', `${flag} has ${JSON.stringify(text)}, which is no number of a database`, {
    fix: `Give numbers with commas between: ${flag} 0,1.`,
  });
}

function slotsOf(text: string, flag: string): SlotRange {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (first !== undefined) return { first: Number(first), last: Number(last) };
  throw new GodwitError('CONFIG_INVALID', `${flag} has ${JSON.stringify(text)}, which is no range of slots`, { fix: `Give them as in ${flag} 0-8191,9000.` });
}
