/** What real servers send for every command, under other names and in another database, makes the same data at a target; and what is left of it by a filter, its part. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Filter } from '../../../src/filter/filter.ts';
import type { FilterRules } from '../../../src/filter/filter-rules.ts';
import { parseDatabaseMap } from '../../../src/transform/database-map.ts';
import { Transform } from '../../../src/transform/transform.ts';
import { applyRows, batchOfCommands } from '../../support/apply-rows.ts';
import { WRITE_SAMPLES } from '../../support/commands/command-samples.ts';
import { PropagationWatch } from '../../support/commands/propagation-watch.ts';
import { type RecordedSample, recordSamples } from '../../support/commands/recording.ts';
import { compareServers } from '../../support/compare.ts';
import { Seeded } from '../../support/rdb/seeded.ts';
import { type RealServer, startServer } from '../../support/server.ts';

/** Nobody propagates the consumer of an XAUTOCLAIM that finds deleted entries only, nor before Redis 7.2 how many entries a group has read. */
const KNOWN = /consumers|entries-read/;
/** A pattern that stands for keys is untold; a trim within a limit is the rewriter's matter. */
const NOT_TRIED = /^(sort .*\b(by|get) \S*\*|xadd .* limit)/;
/** What the filter is given keeps keys of `a` apart from what they cannot be made of. */
const MIXED_CALLS: readonly ((random: Seeded) => string)[] = [
  (random) => `sadd ${key(random)} ${random.below(9)} ${random.below(9)}`,
  (random) => `del ${key(random)} ${key(random)} ${key(random)}`,
  (random) => `unlink ${key(random)} ${key(random)}`,
  (random) => `smove ${key(random)} ${key(random)} ${random.below(9)}`,
  (random) => `rpush ${key(random)} ${random.below(99)} ${random.below(99)}`,
  (random) => `lmove ${towardsB(random)} left right`,
  (random) => `rpoplpush ${towardsB(random)}`,
  (random) => `blmove ${towardsB(random)} right left 0.001`,
  (random) => `mset ${key(random)} 1 ${key(random)} 2 ${key(random)} 3`,
  (random) => `msetnx ${key(random)} 1 ${key(random)} 2`,
  (random) => `rename ${towardsB(random)}`,
  (random) => `renamenx ${towardsB(random)}`,
  (random) => `copy ${towardsB(random)} replace`,
  (random) => `sunionstore ${backwards(towardsB(random))}`,
  (random) => `sort ${towardsB(random).replace(' ', ' alpha store ')}`,
  (random) => `bitop not ${backwards(towardsB(random))}`,
  (random) => `set ${key(random)} v px 100000`,
  (random) => `incr ${key(random)}`,
];

function key(random: Seeded): string {
  return `${random.below(2) === 0 ? 'a' : 'b'}${random.below(3)}`;
}

/** Two keys, not from b to a. */
function towardsB(random: Seeded): string {
  return [key(random), key(random)].toSorted().join(' ');
}

const backwards = (keys: string): string => keys.split(' ').toReversed().join(' ');

describe.each(['redis-8.0', 'valkey-9.1'] as const)('%s', (name) => {
  let source: RealServer;
  let target: RealServer;
  let [from, to]: Redis[] = [];
  let recorded: RecordedSample[];

  beforeAll(async () => {
    [source, target] = await Promise.all([startServer({ server: name }), startServer({ server: name })]);
    [from, to] = [source.client(), target.client()];
    recorded = await recordSamples(source, from, WRITE_SAMPLES);
  });

  afterAll(() => Promise.all([source.stop(), target.stop()]));

  test('renamed, and in another database', async () => {
    const told = recorded.filter(({ sample }) => !NOT_TRIED.test(sample.call));
    const transform = new Transform({
      rename: [{ kind: 'prefix', from: Buffer.from(''), to: Buffer.from('app:') }],
      databases: parseDatabaseMap('0=2,2=0'),
    });
    const batch = transform.stream.apply(batchOfCommands(told.flatMap(({ commands }) => commands)), Date.now());
    expect(batch.count).toBeGreaterThan(300);
    const errors = await applyRows(to, batch);
    expect(errors).toEqual([]);
    const left = recorded.filter((one) => !told.includes(one)).map(({ prefix }) => prefix);
    for (const database of [0, 1]) {
      await from.select(database);
      for (const one of await from.keysBuffer('*')) {
        if (left.some((prefix) => one.toString().startsWith(prefix))) await from.del(one);
        else await from.rename(one, Buffer.concat([Buffer.from('app:'), one]));
      }
    }
    await from.select(0);
    await from.call('SWAPDB', 0, 2);
    const differences = await compareServers(source, target);
    expect(differences.filter((line) => !KNOWN.test(line))).toEqual([]);
    expect(transform.counts.untold).toBe(0);
  });

  test('filtered by keys, mixed commands split', async () => {
    await Promise.all([from.flushall(), to.flushall()]);
    const random = new Seeded();
    const watch = await PropagationWatch.attach(source);
    const calls = Array.from({ length: 3000 }, () => MIXED_CALLS[random.below(MIXED_CALLS.length)](random));
    const pipeline = from.pipeline();
    for (const call of calls) pipeline.call(...(call.split(' ') as [string, ...string[]]));
    await pipeline.exec();
    await from.publish('recorded', '');
    const commands = await watch.until('recorded');
    watch.close();
    const rules: FilterRules = { allow: { prefixes: [Buffer.from('a')] } };
    const filter = new Filter(rules);
    const batch = filter.stream.apply(batchOfCommands(commands));
    const errors = await applyRows(to, batch);
    expect([`seed ${random.seed}`, ...errors]).toEqual([`seed ${random.seed}`]);
    const unwanted = await from.keys('b*');
    if (unwanted.length > 0) await from.del(...unwanted);
    expect([`seed ${random.seed}`, ...(await compareServers(source, target))]).toEqual([`seed ${random.seed}`]);
    expect(filter.report().find(({ rule }) => rule === 'mixed: split')?.count).toBeGreaterThan(50);
  });
});
