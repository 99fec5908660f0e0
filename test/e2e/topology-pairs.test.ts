/** `godwit sync`, built, between all kinds of source and target: a full sync under write load, then live, then both sides equal. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { slotOf } from '../../src/model/slot.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { compareServers } from '../support/compare.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { LiveLoad } from '../support/live-load.ts';
import { startSentinelSet } from '../support/sentinel-set.ts';
import { type RealServer, startServer } from '../support/server.ts';

type Kind = 'standalone' | 'sentinel' | 'cluster';
const KINDS: readonly Kind[] = ['standalone', 'sentinel', 'cluster'];
const KEYS = 2_000;

interface Side {
  readonly url: string;
  /** For the comparison. */
  readonly whole: RealServer | TestCluster;
  /** Primaries with data, now. */
  nodes(): Promise<RealServer[]>;
  /** Writers that together reach all of it. */
  writers(): LiveLoad[];
  stop(): Promise<void>;
}

const sides: Side[] = [];
const loads: LiveLoad[] = [];
const godwits: GodwitProcess[] = [];
const dirs: string[] = [];

afterEach(async () => {
  await Promise.all(loads.splice(0).map((load) => load.stop().catch(() => 0)));
  await Promise.all(godwits.splice(0).map((godwit) => godwit.kill()));
  await Promise.all(sides.splice(0).map((side) => side.stop()));
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

const pairs = KINDS.flatMap((source) => KINDS.map((target) => [source, target] as const));

test.each(pairs)('%s to %s: a full sync under load, then live, then equal', async (sourceKind, targetKind) => {
  const [source, target] = await Promise.all([open(sourceKind, 2), open(targetKind, 3)]);
  await fill(source);
  const godwit = start([source.url], target.url);
  loads.push(...source.writers());
  await godwit.waitForPhase('incremental-sync');
  await Promise.all(loads.map((load) => load.more(800)));
  await expectEqual(godwit, [source], target);
});

test('four servers into one cluster: a full sync under load, then live, then equal', async () => {
  const sources = await Promise.all(Array.from({ length: 4 }, () => open('standalone', 1)));
  const target = await open('cluster', 3);
  await Promise.all(sources.map((source, i) => fill(source, `${i}:`)));
  const godwit = start(
    sources.map(({ url }) => url),
    target.url,
  );
  for (const [i, { whole }] of sources.entries()) loads.push(new LiveLoad(whole, { prefix: `${i}:` }));
  await godwit.waitForPhase('incremental-sync');
  await Promise.all(loads.map((load) => load.more(500)));
  await expectEqual(godwit, sources, target);
});

test('a library of functions that every shard of a source gets', async () => {
  const [source, target] = await Promise.all([open('cluster', 2), open('standalone', 1)]);
  const godwit = start([source.url], target.url);
  await godwit.waitForPhase('incremental-sync');
  const library = "#!lua name=twice\nredis.register_function('twice', function(keys, args) return 2 * tonumber(args[1]) end)";
  for (const node of await source.nodes()) {
    const client = node.client();
    await client.call('FUNCTION', 'LOAD', library);
    client.disconnect();
  }
  await expectEqual(godwit, [source], target);
});

async function open(kind: Kind, shards: number): Promise<Side> {
  const side = await make(kind, shards);
  sides.push(side);
  return side;
}

async function make(kind: Kind, shards: number): Promise<Side> {
  if (kind === 'cluster') {
    const cluster = await startCluster({ shards, config: { 'repl-backlog-size': '16mb' } });
    const writers = (): LiveLoad[] => Array.from({ length: shards }, (_, shard) => new LiveLoad(cluster, { prefix: `{${tagOf(shard, shards)}}` }));
    return { url: cluster.url(), whole: cluster, nodes: () => cluster.contentNodes(), writers, stop: () => cluster.stop() };
  }
  if (kind === 'sentinel') {
    const set = await startSentinelSet();
    const primary = await set.primary();
    const url = `redis+sentinel://${set.sentinels.map(({ host, port }) => `${host}:${port}`).join(',')}/${set.name}`;
    return { url, whole: primary, nodes: async () => [await set.primary()], writers: () => [new LiveLoad(primary)], stop: () => set.stop() };
  }
  const server = await startServer({ server: 'redis-7.0', args: ['--repl-backlog-size', '16mb'] });
  return { url: server.url, whole: server, nodes: async () => [server], writers: () => [new LiveLoad(server)], stop: () => server.stop() };
}

async function fill({ whole }: Side, prefix = ''): Promise<void> {
  const client = whole.client();
  await Promise.all(
    Array.from({ length: KEYS }, (_, n) => (n % 3 === 0 ? client.rpush(`${prefix}list ${n}`, 'a', 'b') : client.set(`${prefix}key ${n}`, String(n)))),
  );
  client.disconnect();
}

function tagOf(shard: number, shards: number): string {
  for (let n = 0; ; n++) if (Math.floor((slotOf(Buffer.from(`tag ${n}`)) * shards) / 16_384) === shard) return `tag ${n}`;
}

function start(sources: readonly string[], target: string): GodwitProcess {
  const spoolDir = mkdtempSync(join(tmpdir(), 'godwit-pairs-'));
  dirs.push(spoolDir);
  const [source, ...others] = sources;
  const args = others.length === 0 ? [] : ['--source-others', others.join(' ')];
  const godwit = startGodwit({ source, target, spoolDir, args });
  godwits.push(godwit);
  return godwit;
}

async function expectEqual(godwit: GodwitProcess, sources: readonly Side[], target: Side): Promise<void> {
  await Promise.all(loads.splice(0).map((load) => load.stop()));
  const nodes = await Promise.all(sources.map((source) => source.nodes()));
  await godwit.waitForCaughtUp(nodes.flat());
  const whole = sources.length === 1 ? sources[0].whole : sources.map((source) => source.whole as RealServer);
  expect(await compareServers(whole, target.whole)).toEqual([]);
}
