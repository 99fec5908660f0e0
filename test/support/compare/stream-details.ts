/**
 * A stream with all that belongs to it: entries, ids, counts, groups, consumers, pending entries with the time and number of their deliveries.
 * Not compared: how the server lays it out (radix-tree-*), when a consumer was last seen, and what only one of the two versions has.
 */
import type { Redis } from 'ioredis';
import { type BufferReply, bytes, callForBytes, fieldsOf, show, text } from './comparable.ts';

const ENTRIES_AT_ONCE_MAX = 10_000;
const ENTRIES = 1_000;
const VOLATILE = /^radix-tree|^seen-time$|^active-time$|^idle$|^inactive$/;

/** @returns what differs first, or null. */
export async function streamDifference(left: Redis, right: Redis, key: string, length: number): Promise<string | null> {
  const isLong = length > ENTRIES_AT_ONCE_MAX;
  const full = (client: Redis): Promise<BufferReply> => callForBytes(client, 'XINFO', 'STREAM', bytes(key), 'FULL', 'COUNT', isLong ? 1 : 0);
  const [leftFull, rightFull] = await Promise.all([full(left), full(right)]);
  const difference = compareFields(leftFull, rightFull, '');
  return difference ?? (isLong ? entriesDifference(left, right, key) : null);
}

async function entriesDifference(left: Redis, right: Redis, key: string): Promise<string | null> {
  for (let start = '-'; ;) {
    const range = (client: Redis): Promise<BufferReply> => callForBytes(client, 'XRANGE', bytes(key), start, '+', 'COUNT', ENTRIES);
    const [leftEntries, rightEntries] = (await Promise.all([range(left), range(right)])) as [BufferReply[], BufferReply[]];
    const at = leftEntries.findIndex((entry, i) => canonicalText(entry) !== canonicalText(rightEntries[i] ?? null));
    if (at >= 0) return `entry ${canonicalText(leftEntries[at])} | ${canonicalText(rightEntries[at] ?? null)}`;
    if (leftEntries.length !== rightEntries.length) return `entries after ${start}: ${leftEntries.length} | ${rightEntries.length}`;
    if (leftEntries.length < ENTRIES) return null;
    start = nextId(text((leftEntries.at(-1) as BufferReply[])[0]));
  }
}

function nextId(id: string): string {
  const [ms, sequence] = id.split('-');
  return `${ms}-${BigInt(sequence) + 1n}`;
}

/** Compares the fields that both have; groups and consumers by name. */
function compareFields(left: BufferReply, right: BufferReply, where: string): string | null {
  const [leftFields, rightFields] = [fieldsOf(left), fieldsOf(right)];
  for (const [name, value] of leftFields) {
    const other = rightFields.get(name);
    if (other === undefined || VOLATILE.test(name)) continue;
    const isNamedList = (name === 'groups' || name === 'consumers') && Array.isArray(value) && Array.isArray(other);
    const difference = isNamedList ? compareNamed(value, other, `${where}${name}`) : compareValue(value, other, `${where}${name}`);
    if (difference) return difference;
  }
  return null;
}

function compareNamed(left: readonly BufferReply[], right: readonly BufferReply[], where: string): string | null {
  const byName = (list: readonly BufferReply[]): Map<string, BufferReply> => new Map(list.map((item) => [text(fieldsOf(item).get('name')), item]));
  const [leftItems, rightItems] = [byName(left), byName(right)];
  const names = (items: Map<string, BufferReply>): string => show([...items.keys()].toSorted());
  if (names(leftItems) !== names(rightItems)) return `${where}: ${names(leftItems)} | ${names(rightItems)}`;
  for (const [name, item] of leftItems) {
    const difference = compareFields(item, rightItems.get(name)!, `${where} ${show(name)}: `);
    if (difference) return difference;
  }
  return null;
}

function compareValue(left: BufferReply, right: BufferReply, where: string): string | null {
  const [leftText, rightText] = [canonicalText(left), canonicalText(right)];
  return leftText === rightText ? null : `${where}: ${show(leftText)} | ${show(rightText)}`;
}

function canonicalText(reply: BufferReply): string {
  return Array.isArray(reply) ? `[${reply.map(canonicalText).join(',')}]` : JSON.stringify(text(reply));
}
