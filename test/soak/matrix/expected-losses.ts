/**
 * What a target cannot be given of a source, as the source's own answers tell it: the other view of what Godwit finds out from the bytes of a snapshot. Each
 * loss is `db key`, or `functions NAME`.
 */
import type { Redis } from 'ioredis';
import type { RealServer } from '../../support/server.ts';
import { type BufferReply, bytes, callForBytes, fieldsOf, text } from '../../support/compare/comparable.ts';

export interface ExpectedLosses {
  readonly leftOut: ReadonlySet<string>;
  readonly degraded: ReadonlySet<string>;
}

/** @param inStream the data comes as commands: what those do not say (counters of streams, times of consumers) is no loss of theirs */
export async function expectedLosses(source: RealServer, target: RealServer, inStream: boolean): Promise<ExpectedLosses> {
  const leftOut = new Set<string>();
  const degraded = new Set<string>();
  const client = source.client();
  const lacksFieldExpiry = hasFieldExpiry(source) && !hasFieldExpiry(target);
  const lacksVectors = !(target.product === 'redis' && target.atLeast(8));
  try {
    for (const database of [0, 1, 15]) {
      await client.select(database);
      for (const key of (await callForBytes(client, 'KEYS', '*')) as Buffer[]) {
        const name = `${database} ${text(key)}`;
        const type = text(await callForBytes(client, 'TYPE', key));
        if (type === 'vectorset' && lacksVectors) leftOut.add(name);
        if (type === 'hash' && lacksFieldExpiry && (await hasExpiringField(client, key))) degraded.add(name);
        if (type === 'stream' && !inStream && (await losesOfStream(client, key, source, target))) degraded.add(name);
      }
    }
    for (const library of await librariesOf(client)) if (!hasFunctions(target)) leftOut.add(`functions ${library}`);
  } finally {
    client.disconnect();
  }
  return { leftOut, degraded };
}

const isValkey = ({ product }: RealServer): boolean => product === 'valkey';
const hasFieldExpiry = (server: RealServer): boolean => (isValkey(server) ? server.atLeast(9) : server.atLeast(7, 4));
const hasFunctions = (server: RealServer): boolean => isValkey(server) || server.atLeast(7);
const hasCounters = hasFunctions;
const hasActiveTimes = (server: RealServer): boolean => isValkey(server) || server.atLeast(7, 2);

async function hasExpiringField(client: Redis, key: Buffer): Promise<boolean> {
  const names = (await callForBytes(client, 'HKEYS', key)) as Buffer[];
  const times = (await callForBytes(client, 'HPEXPIRETIME', key, 'FIELDS', names.length, ...names)) as number[];
  return times.some((time) => Number(time) >= 0);
}

/** Counters that are not what a server works out that loads the stream without them; times of consumers that are not the one that is kept. */
async function losesOfStream(client: Redis, key: Buffer, source: RealServer, target: RealServer): Promise<boolean> {
  const info = fieldsOf(await callForBytes(client, 'XINFO', 'STREAM', key, 'FULL', 'COUNT', 1));
  const groups = (info.get('groups') as BufferReply[]).map(fieldsOf);
  if (hasActiveTimes(source) && !hasActiveTimes(target)) {
    const consumers = groups.flatMap((group) => (group.get('consumers') as BufferReply[]).map(fieldsOf));
    if (consumers.some((consumer) => Number(consumer.get('active-time')) !== Number(consumer.get('seen-time')))) return true;
  }
  if (!hasCounters(source) || hasCounters(target)) return false;
  const length = Number(info.get('length'));
  if (Number(info.get('entries-added')) !== length || text(info.get('max-deleted-entry-id')) !== '0-0') return true;
  const firstId = text(((await callForBytes(client, 'XRANGE', key, '-', '+', 'COUNT', 1)) as BufferReply[][])[0]?.[0]);
  return groups.some((group) => {
    const read = group.get('entries-read');
    if (read === null || read === undefined) return false;
    const at = text(group.get('last-delivered-id'));
    const known = new Map([
      ['0-0', 0],
      [firstId, 1],
      [text(info.get('last-generated-id')), length],
    ]);
    return known.get(at) !== Number(read);
  });
}

async function librariesOf(client: Redis): Promise<string[]> {
  const reply = await callForBytes(client, 'FUNCTION', 'LIST').catch(() => null);
  return Array.isArray(reply) ? reply.map((library) => text(fieldsOf(library).get('library_name'))) : [];
}

/** Keys of streams with consumers whose times are not the same at both. @param skip of these, as `db key` */
export async function consumerTimeComplaints(source: RealServer, target: RealServer, skip: ReadonlySet<string>): Promise<string[]> {
  const [left, right] = [source.client(), target.client()];
  const complaints: string[] = [];
  try {
    for (const key of ['stream:groups']) {
      const [leftTimes, rightTimes] = await Promise.all([timesOf(left, key), timesOf(right, key)]);
      for (const [name, times] of leftTimes) {
        const others = rightTimes.get(name);
        const both = Object.keys(times).filter((what) => others?.[what] !== undefined && !(what === 'active-time' && skip.has(`0 ${key}`)));
        for (const what of both) if (times[what] !== others?.[what]) complaints.push(`${key}, ${name}, ${what}: ${times[what]} | ${others?.[what]}`);
      }
    }
  } finally {
    left.disconnect();
    right.disconnect();
  }
  return complaints;
}

async function timesOf(client: Redis, key: string): Promise<Map<string, Readonly<Record<string, number>>>> {
  const groups = (fieldsOf(await callForBytes(client, 'XINFO', 'STREAM', bytes(key), 'FULL')).get('groups') as BufferReply[]).map(fieldsOf);
  const times = new Map<string, Record<string, number>>();
  for (const group of groups) {
    for (const consumer of (group.get('consumers') as BufferReply[]).map(fieldsOf)) {
      const own: Record<string, number> = {};
      for (const what of ['seen-time', 'active-time']) if (consumer.has(what)) own[what] = Number(consumer.get(what));
      times.set(`${text(group.get('name'))}/${text(consumer.get('name'))}`, own);
    }
  }
  return times;
}
