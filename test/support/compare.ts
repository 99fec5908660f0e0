/**
 * Compares two servers completely by content: every database, every key: type, value, expiry, field expiries, all of a stream, and function
 * libraries. Keys are read in batches and large values in pieces, so that memory stays bounded with any number of keys.
 *
 * Both sides should be at rest. A key that expires while it is looked at is no difference.
 */
import type { Redis } from 'ioredis';
import { type BufferReply, type Comparable, bytes, callForBytes, fieldsOf, show, text } from './compare/comparable.ts';
import { closeTo, contentDifference } from './compare/content-difference.ts';
import { type Abilities, type KeyFacts, abilitiesOf, readFacts } from './compare/key-facts.ts';
import { type Sides, largeDifference } from './compare/large-value.ts';
import { vectorSetDifference } from './compare/vector-set.ts';
import { streamDifference } from './compare/stream-details.ts';

export type { Comparable } from './compare/comparable.ts';

export interface CompareOptions {
  /** Keys that begin so are not looked at; `__godwit` unless told. */
  ignorePrefix?: string;
  /** By how much expiries may differ; 0 unless told, 5 ms where a server cannot say them exactly (before Redis 7.0). */
  ttlToleranceMs?: number;
  /** Looking stops after so many; 50 unless told. */
  differencesMax?: number;
}

const BATCH_KEYS = 500;

/** @returns what differs, as lines `db 0 "key": what: left | right`; empty when equal. */
export async function compareServers(left: Comparable, right: Comparable, options: CompareOptions = {}): Promise<string[]> {
  const comparison = new Comparison(left, right, options);
  try {
    await comparison.run();
  } finally {
    comparison.close();
  }
  return comparison.differences;
}

class Comparison {
  readonly differences: string[] = [];
  private readonly left: Redis;
  private readonly right: Redis;
  private readonly ignorePrefix: string;
  private readonly differencesMax: number;
  private readonly toleranceAsked: number | undefined;
  private sides!: Sides & { readonly leftOwn: Abilities; readonly rightOwn: Abilities };

  constructor(left: Comparable, right: Comparable, options: CompareOptions) {
    this.left = left.client();
    this.right = right.client();
    this.ignorePrefix = options.ignorePrefix ?? '__godwit';
    this.differencesMax = options.differencesMax ?? 50;
    this.toleranceAsked = options.ttlToleranceMs;
  }

  async run(): Promise<void> {
    const { left, right } = this;
    const [leftOwn, rightOwn] = await Promise.all([abilitiesOf(left), abilitiesOf(right)]);
    const both = { exactExpiry: leftOwn.exactExpiry && rightOwn.exactExpiry, fieldExpiry: leftOwn.fieldExpiry && rightOwn.fieldExpiry };
    this.sides = { left, right, leftOwn, rightOwn, both, toleranceMs: this.toleranceAsked ?? (both.exactExpiry ? 0 : 5) };
    const databases = new Set([...(await databasesOf(left)), ...(await databasesOf(right))]);
    for (const database of [...databases].toSorted((a, b) => a - b)) await this.compareDatabase(database);
    await this.compareFunctions();
  }

  close(): void {
    this.left.disconnect();
    this.right.disconnect();
  }

  private get isFull(): boolean {
    return this.differences.length >= this.differencesMax;
  }

  private async compareDatabase(database: number): Promise<void> {
    await Promise.all([this.left.select(database), this.right.select(database)]);
    for await (const keys of this.batches(this.left)) await this.compareKeys(database, keys, true);
    for await (const keys of this.batches(this.right)) await this.compareKeys(database, await missingKeys(this.left, keys), false);
  }

  private async *batches(client: Redis): AsyncGenerator<string[]> {
    let cursor = '0';
    do {
      const [next, keys] = (await callForBytes(client, 'SCAN', cursor, 'COUNT', BATCH_KEYS)) as [Buffer, Buffer[]];
      cursor = text(next);
      const wanted = keys.map((key) => text(key)).filter((key) => this.ignorePrefix === '' || !key.startsWith(this.ignorePrefix));
      if (wanted.length > 0) yield wanted;
    } while (cursor !== '0' && !this.isFull);
  }

  /** @param withContent false: only whether the keys are there. */
  private async compareKeys(database: number, keys: readonly string[], withContent: boolean): Promise<void> {
    const { left, right, leftOwn, rightOwn, both } = this.sides;
    const [leftFacts, rightFacts] = await Promise.all([readFacts(left, keys, leftOwn, both), readFacts(right, keys, rightOwn, both)]);
    for (const [i, key] of keys.entries()) {
      if (this.isFull) return;
      const found = this.compareFacts(leftFacts[i], rightFacts[i]);
      const difference = found ?? (withContent ? await this.compareContent(key, leftFacts[i], rightFacts[i]) : null);
      if (difference) this.differences.push(`db ${database} ${show(key)}: ${difference}`);
    }
  }

  private compareFacts(left: KeyFacts, right: KeyFacts): string | null {
    if (left.type === 'none' || right.type === 'none') {
      const expireAt = Math.max(left.expireAt, right.expireAt);
      const isExpiring = expireAt >= 0 && expireAt <= Date.now() + 50;
      return left.type === right.type || isExpiring ? null : `type: ${left.type} | ${right.type}`;
    }
    if (left.type !== right.type) return `type: ${left.type} | ${right.type}`;
    if (!closeTo(left.expireAt, right.expireAt, this.sides.toleranceMs)) return `expires at: ${left.expireAt} | ${right.expireAt}`;
    return left.size === right.size || left.content !== null ? null : `size: ${left.size} | ${right.size}`;
  }

  private async compareContent(key: string, left: KeyFacts, right: KeyFacts): Promise<string | null> {
    if (left.type === 'none' || right.type === 'none') return null;
    if (left.type === 'vectorset') return prefixed('vector set', await vectorSetDifference(this.left, this.right, key));
    if (left.type === 'stream') return prefixed('stream', await streamDifference(this.left, this.right, key, left.size));
    if (left.content !== null && right.content !== null) return prefixed('value', contentDifference(left.content, right.content, this.sides.toleranceMs));
    if (left.size !== right.size) return `size: ${left.size} | ${right.size}`;
    return prefixed('value', await largeDifference(this.sides, key, left.type, left.size));
  }

  private async compareFunctions(): Promise<void> {
    const [left, right] = await Promise.all([functionsOf(this.left), functionsOf(this.right)]);
    if (!left || !right || this.isFull) return;
    for (const name of new Set([...left.keys(), ...right.keys()])) {
      if (left.get(name) !== right.get(name)) this.differences.push(`function library ${show(name)}: ${show(left.get(name))} | ${show(right.get(name))}`);
    }
  }
}

function prefixed(what: string, difference: string | null): string | null {
  return difference === null ? null : `${what}: ${difference}`;
}

async function databasesOf(client: Redis): Promise<number[]> {
  return [...(await client.info('keyspace')).matchAll(/^db(\d+):/gm)].map((match) => Number(match[1]));
}

const MISSING_SCRIPT = `
local missing = {}
for i, key in ipairs(KEYS) do if redis.call('EXISTS', key) == 0 then missing[#missing + 1] = i end end
return missing`;

async function missingKeys(client: Redis, keys: readonly string[]): Promise<string[]> {
  const positions = (await callForBytes(client, 'EVAL', MISSING_SCRIPT, keys.length, ...keys.map(bytes))) as number[];
  return positions.map((position) => keys[position - 1]);
}

/** Code of each library by its name; null where the server has no functions. */
async function functionsOf(client: Redis): Promise<Map<string, string> | null> {
  const reply = await callForBytes(client, 'FUNCTION', 'LIST', 'WITHCODE').catch(() => null);
  if (!Array.isArray(reply)) return null;
  return new Map(reply.map((library: BufferReply) => [text(fieldsOf(library).get('library_name')), text(fieldsOf(library).get('library_code'))]));
}
