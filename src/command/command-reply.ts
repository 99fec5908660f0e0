/**
 * Rows of the table from what a server says of itself: the replies to COMMAND and COMMAND DOCS, as arrays (RESP 2). For the generator, and for the
 * table of a source with modules or with commands that are newer than ours. Redis before 7.0 has no key specs in its reply: then first, last and
 * step are taken, and a command with movable keys counts as incomplete. So does a command of a module that finds its keys itself (getkeys-api), of which the
 * specs of 7.0 say nothing or too little. Where the replies have an unknown form the field is left empty: nothing here throws.
 */
import type { KeyBegin, KeyFind, KeySpec } from './command.ts';
import { type CommandRow, keysText } from './command-row.ts';

/** What COMMAND DOCS tells, by name. */
export interface CommandDoc {
  readonly group: string;
  readonly since: string;
}

type Reply = unknown;

const FLAG_LETTERS: Readonly<Record<string, string>> = { write: 'w', readonly: 'r', pubsub: 'p', admin: 'a', blocking: 'b' };

/** One row per command and subcommand; both `since` are empty, since that is the product's to say. */
export function rowsFromReply(reply: readonly Reply[], docs: ReadonlyMap<string, CommandDoc> = new Map()): CommandRow[] {
  return reply.flatMap((entry) => (Array.isArray(entry) ? rowsOfEntry(entry, docs) : []));
}

/** The reply to COMMAND DOCS by name, subcommands as `xgroup|create`. */
export function docsFromReply(reply: readonly Reply[]): Map<string, CommandDoc> {
  const found = new Map<string, CommandDoc>();
  const take = (pairs: readonly Reply[]): void => {
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      const fields = fieldsOf(pairs[i + 1]);
      found.set(text(pairs[i]).toLowerCase(), { group: text(fields.get('group')), since: text(fields.get('since')) });
      const subcommands = fields.get('subcommands');
      if (Array.isArray(subcommands)) take(subcommands);
    }
  };
  take(reply);
  return found;
}

function rowsOfEntry(entry: readonly Reply[], docs: ReadonlyMap<string, CommandDoc>): CommandRow[] {
  const name = text(entry[0]).toLowerCase();
  const flags = list(entry[2]).map(text);
  const subcommands = list(entry[9]);
  const letters = flags.map((flag) => FLAG_LETTERS[flag] ?? '').join('') + (subcommands.length > 0 ? 'c' : '');
  const keys = Array.isArray(entry[8]) ? keysOfSpecs(entry[8], flags) : keysOfPositions(entry, flags);
  const row: CommandRow = [name, Number(entry[1]), letters, docs.get(name)?.group ?? '', keys, '', ''];
  return [row, ...rowsFromReply(subcommands, docs)];
}

function keysOfPositions(entry: readonly Reply[], flags: readonly string[]): string {
  const [index, last, step] = [Number(entry[3]), Number(entry[4]), Number(entry[5])];
  const incomplete = flags.includes('movablekeys');
  if (!(index > 0)) return keysText([], incomplete);
  if (![index, last, step].every(Number.isInteger) || step < 1) return keysText([], true);
  const find: KeyFind = { kind: 'range', lastKey: last < 0 ? last : last - index, step, limit: 0 };
  return keysText([{ begin: { kind: 'index', index }, find, isChannel: false }], incomplete);
}

function keysOfSpecs(specs: readonly Reply[], flags: readonly string[]): string {
  const read = specs.map(readSpec);
  const found = read.filter((spec) => spec !== undefined);
  return keysText(found, read.includes(undefined) || specs.some(isIncomplete) || findsKeysItself(flags, found));
}

/** A module's command moves its keys, but its specs are such that they stand still: it must be asked for them. */
function findsKeysItself(flags: readonly string[], specs: readonly KeySpec[]): boolean {
  return flags.includes('module') && flags.includes('movablekeys') && specs.every(({ begin, find }) => begin.kind === 'index' && find.kind === 'range');
}

function isIncomplete(spec: Reply): boolean {
  return list(fieldsOf(spec).get('flags')).map(text).includes('incomplete');
}

function readSpec(reply: Reply): KeySpec | undefined {
  const fields = fieldsOf(reply);
  const begin = readBegin(fieldsOf(fields.get('begin_search')));
  const find = readFind(fieldsOf(fields.get('find_keys')));
  if (!begin || !find || ![...Object.values(begin), ...Object.values(find)].every((value) => typeof value === 'string' || Number.isInteger(value)))
    return undefined;
  return { begin, find, isChannel: list(fields.get('flags')).map(text).includes('not_key') };
}

function readBegin(fields: ReadonlyMap<string, Reply>): KeyBegin | undefined {
  const spec = fieldsOf(fields.get('spec'));
  switch (text(fields.get('type'))) {
    case 'index':
      return { kind: 'index', index: Number(spec.get('index')) };
    case 'keyword':
      return { kind: 'keyword', keyword: text(spec.get('keyword')).toUpperCase(), startFrom: Number(spec.get('startfrom')) };
    default:
      return undefined;
  }
}

function readFind(fields: ReadonlyMap<string, Reply>): KeyFind | undefined {
  const spec = fieldsOf(fields.get('spec'));
  const number = (name: string): number => Number(spec.get(name));
  if (!(Number.isInteger(number('keystep')) && number('keystep') > 0)) return undefined;
  switch (text(fields.get('type'))) {
    case 'range':
      return { kind: 'range', lastKey: number('lastkey'), step: number('keystep'), limit: number('limit') };
    case 'keynum':
      return { kind: 'count', countIndex: number('keynumidx'), firstKey: number('firstkey'), step: number('keystep') };
    default:
      return undefined;
  }
}

/** A map as RESP 2 has it: names and values by turns. */
function fieldsOf(reply: Reply): Map<string, Reply> {
  const pairs = list(reply);
  const fields = new Map<string, Reply>();
  for (let i = 0; i + 1 < pairs.length; i += 2) fields.set(text(pairs[i]), pairs[i + 1]);
  return fields;
}

const list = (reply: Reply): readonly Reply[] => (Array.isArray(reply) ? reply : []);
const text = (reply: Reply): string => (typeof reply === 'string' || reply instanceof Uint8Array ? String(reply) : '');
