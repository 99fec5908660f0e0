/** What an export has written, in the words of read-value.ts, so that both can be compared. Texts are latin1: one character per byte. */
import type { ReadAbilities } from './read-value.ts';

type JsonBytes = string | { readonly base64: string };

interface JsonGroup {
  readonly name: JsonBytes;
  readonly lastId: string;
  readonly entriesRead: number | null;
  readonly pending: readonly (readonly [string, number, number])[];
  readonly consumers: ReadonlyArray<{
    readonly name: JsonBytes;
    readonly seenMs: number;
    readonly activeMs: number | null;
    readonly pending: readonly string[];
  }>;
}

interface JsonStream {
  readonly entries: ReadonlyArray<{ readonly id: string; readonly fields: ReadonlyArray<readonly [JsonBytes, JsonBytes]> }>;
  readonly length: number;
  readonly lastId: string;
  readonly maxDeletedId: string | null;
  readonly entriesAdded: number | null;
  readonly groups: readonly JsonGroup[];
}

export interface ExportedKey {
  readonly db: number;
  readonly key: JsonBytes;
  readonly type: string;
  readonly ttl?: number;
  readonly value: unknown;
}

/** The keys of a jsonl file, by database and name. Libraries and scripts are left out. */
export function exportedKeys(jsonl: string): Map<string, ExportedKey> {
  const objects = jsonl
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ExportedKey);
  return new Map(objects.filter(({ db }) => db !== undefined).map((object) => [`${object.db} ${latin1(object.key)}`, object]));
}

export function latin1(bytes: JsonBytes): string {
  return (typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes.base64, 'base64')).toString('latin1');
}

/** As readValue() reads it from a server. */
export function exportedValue({ type, value }: ExportedKey, abilities: ReadAbilities): unknown {
  if (type === 'string') return { type, text: latin1(value as JsonBytes) };
  if (type === 'list') return { type, elements: (value as JsonBytes[]).map(latin1) };
  if (type === 'set') return { type, elements: (value as JsonBytes[]).map(latin1).toSorted() };
  if (type === 'zset')
    return { type, members: (value as [JsonBytes, number | string][]).map(([member, score]) => [latin1(member), scoreOf(score)]).toSorted(byName) };
  if (type === 'stream') return { type, ...streamOf(value as JsonStream, abilities) };
  const fields = (value as [JsonBytes, JsonBytes, number?][]).map(([field, item, expiryMs = -1]) => [latin1(field), latin1(item), expiryMs]);
  return { type, fields: fields.toSorted(byName) };
}

const byName = (left: readonly unknown[], right: readonly unknown[]): number => (String(left[0]) < String(right[0]) ? -1 : 1);
const byField = (left: { name: string }, right: { name: string }): number => (left.name < right.name ? -1 : 1);

function scoreOf(score: number | string): number {
  return typeof score === 'number' ? score : score === 'inf' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}

function streamOf({ entries, length, lastId, maxDeletedId, entriesAdded, groups }: JsonStream, abilities: ReadAbilities): object {
  return {
    length,
    lastId,
    ...(abilities.counters ? { entriesAdded, maxDeletedId } : {}),
    entries: entries.map(({ id, fields }) => [id, fields.flat().map(latin1)]),
    groups: groups.map((group) => groupOf(group, abilities)).toSorted(byField),
  };
}

function groupOf({ name, lastId, entriesRead, pending, consumers }: JsonGroup, abilities: ReadAbilities): { name: string } {
  const owners = new Map(consumers.flatMap((consumer) => consumer.pending.map((id) => [id, latin1(consumer.name)])));
  const rows = new Map(pending.map((row) => [row[0], row]));
  return {
    name: latin1(name),
    lastId,
    ...(abilities.counters ? { entriesRead } : {}),
    pending: pending.map(([id, deliveredMs, deliveries]) => [id, owners.get(id), deliveredMs, deliveries]),
    consumers: consumers
      .map((consumer) => ({
        name: latin1(consumer.name),
        seenMs: consumer.seenMs,
        ...(abilities.activeTime ? { activeMs: consumer.activeMs ?? -1 } : {}),
        pending: consumer.pending.map((id) => rows.get(id)),
      }))
      .toSorted(byField),
  } as { name: string };
}
