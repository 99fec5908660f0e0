/**
 * Compares two sides completely by content: every database, every key: type, value, expiry, field expiries, all of a stream, and function
 * libraries. A side is a server, a cluster, or several servers (compare/compared-side.ts); slots may be spread otherwise on both. Keys are read in
 * batches and large values in pieces, so that memory stays bounded with any number of keys.
 *
 * Both sides should be at rest. A key that expires while it is looked at is no difference.
 */
import { type ComparableSide, show } from './compare/comparable.ts';
import { type ComparedSide, type PlacedFacts, openSide } from './compare/compared-side.ts';
import { closeTo, contentDifference } from './compare/content-difference.ts';
import type { Abilities, KeyFacts } from './compare/key-facts.ts';
import { largeDifference } from './compare/large-value.ts';
import { streamDifference } from './compare/stream-details.ts';
import { vectorSetDifference } from './compare/vector-set.ts';

export interface CompareOptions {
  /** Keys that begin so are not looked at; `__godwit` unless told. */
  ignorePrefix?: string;
  /** By how much expiries may differ; 0 unless told, 5 ms where a server cannot say them exactly (before Redis 7.0). */
  ttlToleranceMs?: number;
  /** Looking stops after so many; 50 unless told. */
  differencesMax?: number;
}

/** @returns what differs, as lines `db 0 "key": what: left | right`; empty when equal. */
export async function compareServers(left: ComparableSide, right: ComparableSide, options: CompareOptions = {}): Promise<string[]> {
  const opened: ComparedSide[] = [];
  try {
    for (const side of [left, right]) opened.push(await openSide(side));
    const comparison = new Comparison(opened[0], opened[1], options);
    await comparison.run();
    return comparison.differences;
  } finally {
    for (const side of opened) side.close();
  }
}

class Comparison {
  readonly differences: string[] = [];
  private readonly left: ComparedSide;
  private readonly right: ComparedSide;
  private readonly ignorePrefix: string;
  private readonly differencesMax: number;
  private readonly both: Abilities;
  private readonly toleranceMs: number;

  constructor(left: ComparedSide, right: ComparedSide, options: CompareOptions) {
    this.left = left;
    this.right = right;
    this.ignorePrefix = options.ignorePrefix ?? '__godwit';
    this.differencesMax = options.differencesMax ?? 50;
    const [own, other] = [left.abilities, right.abilities];
    this.both = { exactExpiry: own.exactExpiry && other.exactExpiry, fieldExpiry: own.fieldExpiry && other.fieldExpiry };
    this.toleranceMs = options.ttlToleranceMs ?? (this.both.exactExpiry ? 0 : 5);
  }

  async run(): Promise<void> {
    const databases = new Set([...(await this.left.databases()), ...(await this.right.databases())]);
    for (const database of [...databases].toSorted((a, b) => a - b)) await this.compareDatabase(database);
    await this.compareFunctions();
  }

  private get isFull(): boolean {
    return this.differences.length >= this.differencesMax;
  }

  private readonly isWanted = (key: string): boolean => this.ignorePrefix === '' || !key.startsWith(this.ignorePrefix);

  private async compareDatabase(database: number): Promise<void> {
    await Promise.all([this.left.select(database), this.right.select(database)]);
    for await (const keys of this.batches(this.left, database)) await this.compareKeys(database, keys, true);
    for await (const keys of this.batches(this.right, database)) await this.compareKeys(database, await this.left.missing(keys), false);
  }

  private async *batches(side: ComparedSide, database: number): AsyncGenerator<readonly string[]> {
    for await (const { keys, misplaced } of side.batches(this.isWanted)) {
      for (const key of misplaced)
        this.note(`db ${database} ${show(key)}: at a node of the ${side === this.left ? 'left' : 'right'} that does not own its slot`);
      if (keys.length > 0) yield keys;
      if (this.isFull) return;
    }
  }

  private note(difference: string): void {
    if (!this.isFull) this.differences.push(difference);
  }

  /** @param withContent false: only whether the keys are there. */
  private async compareKeys(database: number, keys: readonly string[], withContent: boolean): Promise<void> {
    const [left, right] = await Promise.all([this.left.facts(keys, this.both), this.right.facts(keys, this.both)]);
    for (const [i, key] of keys.entries()) {
      if (this.isFull) return;
      const found = this.compareFacts(left[i].facts, right[i].facts);
      const difference = found ?? (withContent ? await this.compareContent(key, left[i], right[i]) : null);
      if (difference) this.note(`db ${database} ${show(key)}: ${difference}`);
    }
  }

  private compareFacts(left: KeyFacts, right: KeyFacts): string | null {
    if (left.type === 'none' || right.type === 'none') {
      const expireAt = Math.max(left.expireAt, right.expireAt);
      const isExpiring = expireAt >= 0 && expireAt <= Date.now() + 50;
      return left.type === right.type || isExpiring ? null : `type: ${left.type} | ${right.type}`;
    }
    if (left.type !== right.type) return `type: ${left.type} | ${right.type}`;
    if (!closeTo(left.expireAt, right.expireAt, this.toleranceMs)) return `expires at: ${left.expireAt} | ${right.expireAt}`;
    return left.size === right.size || left.content !== null ? null : `size: ${left.size} | ${right.size}`;
  }

  private async compareContent(key: string, left: PlacedFacts, right: PlacedFacts): Promise<string | null> {
    const [leftFacts, rightFacts] = [left.facts, right.facts];
    if (leftFacts.type === 'none' || rightFacts.type === 'none') return null;
    if (leftFacts.type === 'vectorset') return prefixed('vector set', await vectorSetDifference(left.client, right.client, key));
    if (leftFacts.type === 'stream') return prefixed('stream', await streamDifference(left.client, right.client, key, leftFacts.size));
    if (leftFacts.content !== null && rightFacts.content !== null) {
      return prefixed('value', contentDifference(leftFacts.content, rightFacts.content, this.toleranceMs));
    }
    if (leftFacts.size !== rightFacts.size) return `size: ${leftFacts.size} | ${rightFacts.size}`;
    const sides = { left: left.client, right: right.client, both: this.both, toleranceMs: this.toleranceMs };
    return prefixed('value', await largeDifference(sides, key, leftFacts.type, leftFacts.size));
  }

  private async compareFunctions(): Promise<void> {
    const [left, right] = await Promise.all([this.left.functions(), this.right.functions()]);
    if (!left || !right) return;
    for (const difference of [...left.disagreements, ...right.disagreements]) this.note(difference);
    for (const name of new Set([...left.libraries.keys(), ...right.libraries.keys()])) {
      const [own, other] = [left.libraries.get(name), right.libraries.get(name)];
      if (own !== other) this.note(`function library ${show(name)}: ${show(own)} | ${show(other)}`);
    }
  }
}

function prefixed(what: string, difference: string | null): string | null {
  return difference === null ? null : `${what}: ${difference}`;
}
