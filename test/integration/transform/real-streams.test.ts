/** What real servers send for every command, under other names and in another database, makes the same data at a target; and what is left of it by a filter, its part. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Filter } from '../../../src/filter/filter.ts';
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
  (random) => `sadd ${key(random, 'set')} ${random.below(9)} ${random.below(9)} ${random.below(9)}`,
  (random) => `smove ${key(random, 'set')} ${key(random, 'set')} ${random.below(9)}`,
  (random) => `sunionstore ${towardsB(random, 'set').toReversed().join(' ')}`,
  (random) => `sort ${towardsB(random, 'list').join(' alpha store ')}`,
  (random) => `rpush ${key(random, 'list')} ${random.below(99)} ${random.below(99)} ${random.below(99)}`,
  (random) => `lmove ${towardsB(random, 'list').join(' ')} left right`,
  (random) => `rpoplpush ${towardsB(random, 'list').join(' ')}`,
  (random) => `blmove ${towardsB(random, 'list').join(' ')} right left 0.001`,
  (random) => `mset ${key(random, 'text')} 1 ${key(random, 'text')} 2 ${key(random, 'text')} 3`,
  (random) => `msetnx ${key(random, 'text')} 1 ${key(random, 'text')} 2`,
  (random) => `bitop not ${towardsB(random, 'text').toReversed().join(' ')}`,
  (random) => `set ${key(random, 'text')} v px 100000`,
  (random) => `incr ${key(random, 'text')}`,
  (random) => `del ${key(random, 'text')} ${key(random, 'set')} ${key(random, 'list')}`,
  (random) => `unlink ${key(random, 'text')} ${key(random, 'text')}`,
  (random) => `rename ${towardsB(random, kind(random)).join(' ')}`,
  (random) => `renamenx ${towardsB(random, kind(random)).join(' ')}`,
  (random) => `copy ${towardsB(random, kind(random)).join(' ')} replace`,
];

function kind(random: Seeded): string {
  return ['set', 'list', 'text'][random.below(3)];
}

function key(random: Seeded, of: string): string {
  return `${random.below(2) === 0 ? 'a' : 'b'}:${of}:${random.below(3)}`;
}

/** Two keys, not from b to a. */
function towardsB(random: Seeded, of: string): string[] {
  return [key(random, of), key(random, of)].toSorted();
}

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
    const filter = new Filter({ allow: { prefixes: [Buffer.from('a')] } });
    for (let round = 0; round < 20; round++) {
      const pipeline = from.pipeline();
      for (let i = 0; i < 200; i++) pipeline.call(...(MIXED_CALLS[random.below(MIXED_CALLS.length)](random).split(' ') as [string, ...string[]]));
      await pipeline.exec();
      await from.publish('recorded', '');
      const errors = await applyRows(to, filter.stream.apply(batchOfCommands(await watch.until('recorded'))));
      const differences = await compareServers(source, target, { ignorePrefix: 'b:' });
      expect([`seed ${random.seed} round ${round}`, ...errors, ...differences]).toEqual([`seed ${random.seed} round ${round}`]);
    }
    watch.close();
    expect((await to.keys('b*')).length).toBe(0);
    expect(filter.report().find(({ rule }) => rule === 'mixed: split')?.count).toBeGreaterThan(50);
  });
});
