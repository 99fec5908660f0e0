/** Compares one value that is too large to be held, piece by piece. */
import type { Redis } from 'ioredis';
import { type BufferReply, bytes, callForBytes, text } from './comparable.ts';
import { contentDifference } from './content-difference.ts';
import { type Abilities, type Content, hashFields, scorePairs } from './key-facts.ts';

const ELEMENTS = 1_000;
const STRING_BYTES = 8 * 1024 * 1024;

export interface Sides {
  readonly left: Redis;
  readonly right: Redis;
  readonly both: Abilities;
  readonly toleranceMs: number;
}

/** Both sides have the key with this type and size already. @returns what differs first, or null. */
export async function largeDifference(sides: Sides, key: string, type: string, size: number): Promise<string | null> {
  if (type === 'set' || type === 'hash') return memberDifference(sides, key, type);
  const step = type === 'string' ? STRING_BYTES : ELEMENTS;
  for (let start = 0; start < size; start += step) {
    const [left, right] = await Promise.all([sides.left, sides.right].map((client) => readRange(client, key, type, start, start + step - 1)));
    const difference = contentDifference(left, right, sides.toleranceMs);
    if (difference) return `from ${start} on: ${difference}`;
  }
  return null;
}

async function readRange(client: Redis, key: string, type: string, first: number, last: number): Promise<Content> {
  if (type === 'string') return text(await callForBytes(client, 'GETRANGE', bytes(key), first, last));
  if (type === 'list') return ((await callForBytes(client, 'LRANGE', bytes(key), first, last)) as BufferReply[]).map(text);
  return scorePairs((await callForBytes(client, 'ZRANGE', bytes(key), first, last, 'WITHSCORES')) as BufferReply[]);
}

/** The sizes are equal, so that each member of the left being in the right, and the same there, is equality. */
async function memberDifference(sides: Sides, key: string, type: 'set' | 'hash'): Promise<string | null> {
  let cursor = '0';
  do {
    const scan = type === 'set' ? 'SSCAN' : 'HSCAN';
    const [next, items] = (await callForBytes(sides.left, scan, bytes(key), cursor, 'COUNT', ELEMENTS)) as [Buffer, Buffer[]];
    cursor = text(next);
    const difference = type === 'set' ? await missingMember(sides.right, key, items) : await fieldDifference(sides, key, items);
    if (difference) return difference;
  } while (cursor !== '0');
  return null;
}

async function missingMember(right: Redis, key: string, members: readonly Buffer[]): Promise<string | null> {
  const pipeline = right.pipeline();
  for (const member of members) pipeline.sismember(bytes(key), member);
  const replies = (await pipeline.exec()) ?? [];
  const at = replies.findIndex(([, isMember]) => isMember !== 1);
  return at < 0 ? null : `member ${JSON.stringify(text(members[at]))} is missing`;
}

async function fieldDifference(sides: Sides, key: string, items: readonly Buffer[]): Promise<string | null> {
  if (items.length === 0) return null;
  const names = items.filter((_, i) => i % 2 === 0);
  const values = (await callForBytes(sides.right, 'HMGET', bytes(key), ...names)) as BufferReply[];
  const expiries = (client: Redis): Promise<number[] | null> => (sides.both.fieldExpiry ? fieldExpiries(client, key, names) : Promise.resolve(null));
  const [leftExpiries, rightExpiries] = await Promise.all([expiries(sides.left), expiries(sides.right)]);
  const rightItems = names.flatMap((name, i) => [name, values[i]!]);
  return contentDifference(hashFields(items, leftExpiries), hashFields(rightItems, rightExpiries), sides.toleranceMs);
}

async function fieldExpiries(client: Redis, key: string, names: readonly Buffer[]): Promise<number[]> {
  return ((await callForBytes(client, 'HPEXPIRETIME', bytes(key), 'FIELDS', names.length, ...names)) as number[]).map(Number);
}
