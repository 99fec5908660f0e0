/** Reads a value back from a server with plain commands, and says what a model should look like there. */
import type { Redis } from 'ioredis';
import { type BufferReply, callForBytes, fieldsOf, text } from './compare/comparable.ts';
import { hashFields, scorePairs } from './compare/key-facts.ts';
import { type StreamModel, liveEntries } from './stream-model.ts';
import type { ValueModel } from './value-model.ts';

/** What a server can say about a value; the rest is not expected of it. */
export interface ReadAbilities {
  readonly fieldExpiry: boolean;
  /** Counters of streams, Redis 7.0. */
  readonly counters: boolean;
  /** Active time of consumers, Redis 7.2. */
  readonly activeTime: boolean;
  /** Commands lose when consumers were seen and active, and know the last deleted entry of a stream better than one from before 7.0 does. */
  readonly madeBy: 'payload' | 'commands';
}

export async function readValue(client: Redis, key: string, abilities: ReadAbilities): Promise<unknown> {
  const type = await client.type(key);
  const ask = (command: string, ...args: (string | number)[]): Promise<BufferReply> => callForBytes(client, command, key, ...args);
  const askList = async (command: string, ...args: (string | number)[]): Promise<BufferReply[]> => (await ask(command, ...args)) as BufferReply[];
  if (type === 'string') return { type, text: text(await ask('GET')) };
  if (type === 'list') return { type, elements: (await askList('LRANGE', 0, -1)).map(text) };
  if (type === 'set') return { type, elements: (await askList('SMEMBERS')).map(text).toSorted() };
  if (type === 'zset') return { type, members: byName(scorePairs(await askList('ZRANGE', 0, -1, 'WITHSCORES'))) };
  if (type === 'stream') return { type, ...streamOf(await callForBytes(client, 'XINFO', 'STREAM', key, 'FULL', 'COUNT', 0), abilities) };
  if (type !== 'hash') return { type };
  const items = await askList('HGETALL');
  const names = items.filter((_, i) => i % 2 === 0) as Buffer[];
  const expiries = abilities.fieldExpiry ? ((await callForBytes(client, 'HPEXPIRETIME', key, 'FIELDS', names.length, ...names)) as number[]) : null;
  return { type, fields: hashFields(items, expiries?.map(Number) ?? null) };
}

/** What readValue() should give for the model. */
export function expectedValue(value: ValueModel, abilities: ReadAbilities): unknown {
  const type = value.kind;
  switch (value.kind) {
    case 'string':
      return { type, text: value.text };
    case 'list':
      return { type, elements: value.elements };
    case 'set':
      return { type, elements: value.elements.toSorted() };
    case 'zset':
      return { type, members: byName(value.members.map(([member, score]) => [member, score])) };
    case 'hash':
      return { type, fields: value.fields.map(([name, item, expiryMs]) => [name, item, expiryMs]).toSorted((a, b) => (a[0] < b[0] ? -1 : 1)) };
    case 'stream':
      return { type, ...expectedStream(value.stream, abilities) };
  }
}

const byName = (pairs: (string | number)[][]): (string | number)[][] => pairs.toSorted((a, b) => (a[0] < b[0] ? -1 : 1));

function streamOf(reply: BufferReply, abilities: ReadAbilities): object {
  const fields = fieldsOf(reply);
  const groups = (fields.get('groups') as BufferReply[]).map((item) => {
    const group = fieldsOf(item);
    const consumers = (group.get('consumers') as BufferReply[]).map((consumer) => {
      const own = fieldsOf(consumer);
      const times =
        abilities.madeBy === 'payload' ? { seenMs: own.get('seen-time'), ...(abilities.activeTime ? { activeMs: own.get('active-time') } : {}) } : {};
      return { name: text(own.get('name')), ...times, pending: (own.get('pending') as BufferReply[][]).map((row) => row.map(idOrNumber)) };
    });
    return {
      name: text(group.get('name')),
      lastId: text(group.get('last-delivered-id')),
      ...(abilities.counters ? { entriesRead: group.get('entries-read') } : {}),
      pending: ((group.get('pel') ?? group.get('pending')) as BufferReply[][]).map((row) => row.map(idOrNumber)),
      consumers: consumers.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    };
  });
  return {
    length: fields.get('length'),
    lastId: text(fields.get('last-generated-id')),
    ...(abilities.counters ? { entriesAdded: fields.get('entries-added'), maxDeletedId: text(fields.get('max-deleted-entry-id')) } : {}),
    entries: (fields.get('entries') as [Buffer, Buffer[]][]).map(([id, items]) => [text(id), items.map(text)]),
    groups: groups.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

const idOrNumber = (cell: BufferReply): string | number => (typeof cell === 'number' ? cell : text(cell));

function expectedStream(stream: StreamModel, abilities: ReadAbilities): object {
  const entries = liveEntries(stream);
  const groups = stream.groups.map((group) => {
    const consumers = group.consumers.map(({ name, seenMs, activeMs }, i) => {
      const times =
        abilities.madeBy === 'payload'
          ? { seenMs, ...(abilities.activeTime ? { activeMs: stream.counters && stream.activeTimes !== false ? activeMs : seenMs } : {}) }
          : {};
      const pending = group.pending.filter(({ consumer }) => consumer === i).map(({ id, deliveredMs, deliveries }) => [id, deliveredMs, deliveries]);
      return { name, ...times, pending };
    });
    return {
      name: group.name,
      lastId: group.lastId,
      ...(abilities.counters ? { entriesRead: stream.counters ? readOrNull(group.entriesRead) : estimatedRead(stream, group.lastId) } : {}),
      pending: group.pending.map(({ id, deliveredMs, deliveries, consumer }) => [id, group.consumers[consumer].name, deliveredMs, deliveries]),
      consumers: consumers.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    };
  });
  const behindFirst = stream.entries.slice(
    Math.max(
      0,
      stream.entries.findIndex(({ deleted }) => !deleted),
    ),
  );
  const isKnown = abilities.madeBy === 'commands' && entries.length > 0;
  const lastDeleted = isKnown ? behindFirst.findLast(({ deleted }) => deleted)?.id : undefined;
  const counters = stream.counters ?? { entriesAdded: entries.length, maxDeletedId: lastDeleted ?? '0-0' };
  return {
    length: entries.length,
    lastId: stream.lastId,
    ...(abilities.counters ? counters : {}),
    entries: entries.map(({ id, fields }) => [id, fields]),
    groups: groups.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

const readOrNull = (entriesRead: number): number | null => (entriesRead < 0 ? null : entriesRead);

/** As a server guesses it when it loads a stream of an older one: known at the ends of the stream only. */
function estimatedRead(stream: StreamModel, lastId: string): number | null {
  const entries = liveEntries(stream);
  if (entries.length === 0) return 0;
  const order = compareIds(lastId, entries[0].id);
  if (compareIds(lastId, stream.lastId) === 0) return entries.length;
  return order < 0 ? 0 : order === 0 ? 1 : null;
}

function compareIds(left: string, right: string): number {
  const [a, b] = [left, right].map((id) => id.split('-').map(BigInt));
  return a[0] !== b[0] ? (a[0] < b[0] ? -1 : 1) : a[1] === b[1] ? 0 : a[1] < b[1] ? -1 : 1;
}
