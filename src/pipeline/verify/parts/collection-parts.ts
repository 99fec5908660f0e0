/**
 * Large sets, hashes and sorted sets: every element of the source is looked up at the target, and if they hold another number of elements, those of the target
 * at the source. So elements may come in any order, and twice.
 */
import { printableBytes } from '../../../rdb/inspect/printable-key.ts';
import { shownText, shownTime } from '../../../rdb/compare/first-difference.ts';
import type { Reply } from '../../../resp/reply.ts';
import { isSameTime } from '../key-finding.ts';
import { type KeyReader, type PartDifference } from './part-reader.ts';

export type CollectionType = 'set' | 'hash' | 'zset';

export interface FieldTimes {
  /** Times of fields are compared. */
  readonly compares: boolean;
  readonly toleranceMs: number;
}

const SCANS = { set: 'SSCAN', hash: 'HSCAN', zset: 'ZSCAN' } as const;
const SIZES = { set: 'SCARD', hash: 'HLEN', zset: 'ZCARD' } as const;
const NONE = 'none';

/** @returns null when they are equal. @throws ChangedMeanwhile */
export async function collectionDifference(type: CollectionType, source: KeyReader, target: KeyReader, times: FieldTimes): Promise<PartDifference | null> {
  for await (const part of source.scan(SCANS[type])) {
    const found = await partDifference(type, part, source, target, times);
    if (found !== null) return found;
  }
  const [own, other] = await Promise.all([source.ask(SIZES[type], source.key), target.ask(SIZES[type], target.key)]);
  if (own === other) return null;
  for await (const part of target.scan(SCANS[type])) {
    const names = namesOf(type, part);
    const values = await lookUp(type, names, source);
    const at = values.findIndex((value) => value === null);
    if (at >= 0) return { where: whereOf(type, names[at]), source: NONE, target: shownValue(type, part, at) };
  }
  return { where: 'number of elements', source: String(own), target: String(other) };
}

async function partDifference(
  type: CollectionType,
  part: readonly Buffer[],
  source: KeyReader,
  target: KeyReader,
  times: FieldTimes,
): Promise<PartDifference | null> {
  const names = namesOf(type, part);
  const values = await lookUp(type, names, target);
  for (const [i, name] of names.entries()) {
    const other = values[i];
    if (other === null) return { where: whereOf(type, name), source: shownValue(type, part, i), target: NONE };
    if (isSameValue(type, part, i, other)) continue;
    return { where: whereOf(type, name), source: shownValue(type, part, i), target: shownOther(type, other) };
  }
  return type === 'hash' && times.compares ? timeDifference(names, source, target, times.toleranceMs) : null;
}

async function timeDifference(names: readonly Buffer[], source: KeyReader, target: KeyReader, toleranceMs: number): Promise<PartDifference | null> {
  const ask = (side: KeyReader): Promise<Reply> => side.ask('HPEXPIRETIME', side.key, 'FIELDS', names.length, ...names);
  const [own, other] = (await Promise.all([ask(source), ask(target)])) as [number[] | null, number[] | null];
  for (const [i, name] of names.entries()) {
    const [time, otherTime] = [own?.[i] ?? -1, other?.[i] ?? -1];
    if (isSameTime(Math.max(-1, time), Math.max(-1, otherTime), toleranceMs)) continue;
    return { where: `${whereOf('hash', name)} expiry`, source: shownTime(time), target: shownTime(otherTime) };
  }
  return null;
}

/** Of each element: its value or score, anything for a member of a set; null = it is not there. */
async function lookUp(type: CollectionType, names: readonly Buffer[], side: KeyReader): Promise<(Reply | null)[]> {
  const { key, abilities } = side;
  if (type === 'hash') return (await side.ask('HMGET', key, ...names)) as Reply[];
  if (type === 'zset') {
    if (abilities.manyMembers) return (await side.ask('ZMSCORE', key, ...names)) as Reply[];
    return side.askAll(names.map((name) => ['ZSCORE', key, name]));
  }
  const flags = abilities.manyMembers
    ? ((await side.ask('SMISMEMBER', key, ...names)) as Reply[])
    : await side.askAll(names.map((name) => ['SISMEMBER', key, name]));
  return flags.map((flag) => (flag === 0 ? null : flag));
}

function namesOf(type: CollectionType, part: readonly Buffer[]): Buffer[] {
  return type === 'set' ? [...part] : part.filter((_, i) => i % 2 === 0);
}

function isSameValue(type: CollectionType, part: readonly Buffer[], i: number, other: Reply): boolean {
  if (type === 'set') return true;
  const own = part[i * 2 + 1];
  return type === 'hash' ? own.equals(other as Buffer) : scoreOf(own) === scoreOf(other as Buffer);
}

function scoreOf(text: Buffer): number {
  const word = text.toString();
  if (/^[+-]?inf/i.test(word)) return word.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(word);
}

function whereOf(type: CollectionType, name: Buffer): string {
  return `${type === 'hash' ? 'field' : 'member'} "${printableBytes(name.subarray(0, 160))}"`;
}

function shownValue(type: CollectionType, part: readonly Buffer[], i: number): string {
  return type === 'set' ? 'in it' : shownOther(type, part[i * 2 + 1]);
}

function shownOther(type: CollectionType, value: Reply): string {
  const text = (value as Buffer).toString('latin1');
  return type === 'zset' ? `score ${text}` : shownText(text);
}
