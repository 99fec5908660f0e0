/**
 * A large value of a file beside the same key of a side: decoded window by window, and what a window holds is looked up at the side before the next one is read.
 * Then both have to hold the same number of elements. Streams are compared by entries, last id and number of groups.
 */
import { ValueKind } from '../../../model/value-kind.ts';
import type { Difference } from '../../../rdb/compare/first-difference.ts';
import { shownText, textDifference } from '../../../rdb/compare/first-difference.ts';
import { printableBytes } from '../../../rdb/inspect/printable-key.ts';
import type { ValueBytes } from '../../../rdb/compare/value-bytes.ts';
import { kindOfType } from '../../../rdb/kind-of-type.ts';
import { ValueDecoder } from '../../../rdb/values/value-decoder.ts';
import type { Reply } from '../../../resp/reply.ts';
import { decodePieces } from '../../decode-pieces.ts';
import { ChangedMeanwhile, type KeyReader, type PartDifference } from './part-reader.ts';
import { WindowItems } from './window-items.ts';

export interface FileValueOptions {
  readonly comparesTtl: boolean;
  readonly toleranceMs: number;
}

const TYPE_WORDS = ['string', 'list', 'set', 'zset', 'hash', 'stream'];
const LENGTHS = ['STRLEN', 'LLEN', 'SCARD', 'ZCARD', 'HLEN', 'XLEN'];
const NONE = 'none';

/** Ends the reading of the file's value early. */
class Found extends Error {
  readonly part: PartDifference;

  constructor(part: PartDifference) {
    super('a difference was found');
    this.part = part;
  }
}

/** @returns null when they are equal */
export async function fileValueDifference(
  value: Pick<ValueBytes, 'type' | 'dialect' | 'templates'>,
  pieces: AsyncIterable<Buffer>,
  side: KeyReader,
  options: FileValueOptions,
): Promise<Difference | 'missing' | null> {
  const kind = kindOfType(value.type);
  const word = TYPE_WORDS[kind];
  const type = String(await side.ask('TYPE', side.key));
  if (type === NONE) return 'missing';
  if (type !== word && word !== undefined) return { kind: 'type', where: '', source: word, target: type };
  const items = new WindowItems();
  const decoder = new ValueDecoder();
  decoder.begin(value.type, value.dialect, items, Number.POSITIVE_INFINITY, value.templates);
  try {
    await decodePieces(decoder, pieces, async () => lookUp(kind, items, side, options));
    await lookUp(kind, items, side, options);
    const length = LENGTHS[kind];
    const [own, other] = [items.count, length === undefined ? items.count : await side.ask(length, side.key)];
    return own === other ? null : { kind: kindOf(kind), where: 'number of elements', source: String(own), target: String(other) };
  } catch (error) {
    if (error instanceof Found) return { kind: kindOf(kind), ...error.part };
    if (error instanceof ChangedMeanwhile) return { kind: kindOf(kind), where: 'it changed while it was read', source: word, target: error.message };
    throw error;
  }
}

function kindOf(kind: ValueKind): 'stream' | 'value' {
  return kind === ValueKind.Stream ? 'stream' : 'value';
}

/** Looks up what the window has brought, and forgets it. */
async function lookUp(kind: ValueKind, items: WindowItems, side: KeyReader, options: FileValueOptions): Promise<void> {
  const { names, values, first, texts } = items;
  if (kind === ValueKind.String) await textAt(items.textStart, Buffer.concat(texts), side);
  else if (names.length > 0) await elements(kind, names, values, first, side);
  if (kind === ValueKind.Hash && options.comparesTtl && items.times.some((time) => time >= 0) && side.abilities.fieldExpiry) {
    const times = (await side.ask('HPEXPIRETIME', side.key, 'FIELDS', names.length, ...names)) as number[];
    const at = items.times.findIndex((time, i) => Math.abs(Math.max(-1, times[i]) - time) > options.toleranceMs);
    if (at >= 0) throw new Found({ where: `field "${printableBytes(names[at])}" expiry`, source: String(items.times[at]), target: String(times[at]) });
  }
  items.forget();
}

async function textAt(start: number, own: Buffer, side: KeyReader): Promise<void> {
  if (own.length === 0) return;
  const other = (await side.ask('GETRANGE', side.key, start, start + own.length - 1)) as Buffer;
  if (other.equals(own)) return;
  const found = textDifference(own.toString('latin1'), other.toString('latin1'));
  throw new Found({ ...found, where: `byte ${start + Number(/\d+/.exec(found.where)?.[0] ?? 0)}` });
}

async function elements(kind: ValueKind, names: readonly Buffer[], values: readonly (Buffer | number)[], first: number, side: KeyReader): Promise<void> {
  if (kind === ValueKind.Stream) {
    const entries = (await side.ask('XRANGE', side.key, String(names[0]), String(names[names.length - 1]))) as [Buffer, Buffer[]][];
    const shown = new Map(entries.map(([id, fields]) => [String(id), Buffer.concat(fields.flatMap((field) => [field, SEPARATOR]))]));
    const at = names.findIndex((id, i) => shown.get(String(id))?.equals(values[i] as Buffer) !== true);
    if (at >= 0) throw new Found({ where: `entry ${String(names[at])}`, source: 'in it', target: shown.has(String(names[at])) ? 'other fields' : NONE });
    return;
  }
  const found = await ask(kind, names, first, side);
  for (const [i, name] of names.entries()) {
    const [own, other] = [values[i], found[i]];
    const isSame =
      kind === ValueKind.Set
        ? other === 1
        : kind === ValueKind.Zset
          ? other !== null && Number(infinite(String(other))) === own
          : (own as Buffer).equals((other as Buffer) ?? EMPTY) && other !== undefined && other !== null;
    if (!isSame)
      throw new Found({
        where: whereOf(kind, name, first + i),
        source: shownValue(own),
        target: other === null || other === undefined || other === 0 ? NONE : shownValue(other as Buffer),
      });
  }
}

const SEPARATOR = Buffer.from([0, 1]);
const EMPTY = Buffer.alloc(0);

async function ask(kind: ValueKind, names: readonly Buffer[], first: number, side: KeyReader): Promise<Reply[]> {
  const { key, abilities } = side;
  if (kind === ValueKind.List) return (await side.ask('LRANGE', key, first, first + names.length - 1)) as Reply[];
  if (kind === ValueKind.Hash) return (await side.ask('HMGET', key, ...names)) as Reply[];
  const [many, one] = kind === ValueKind.Set ? ['SMISMEMBER', 'SISMEMBER'] : ['ZMSCORE', 'ZSCORE'];
  return abilities.manyMembers ? ((await side.ask(many, key, ...names)) as Reply[]) : side.askAll(names.map((name) => [one, key, name]));
}

function infinite(text: string): string {
  return text === 'inf' ? 'Infinity' : text === '-inf' ? '-Infinity' : text;
}

function whereOf(kind: ValueKind, name: Buffer, index: number): string {
  if (kind === ValueKind.List) return `index ${index}`;
  return `${kind === ValueKind.Hash ? 'field' : 'member'} "${printableBytes(name.subarray(0, 160))}"`;
}

function shownValue(value: Buffer | number): string {
  return Buffer.isBuffer(value) ? shownText(value.toString('latin1')) : String(value);
}
