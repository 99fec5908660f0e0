/** `godwit sync` from a real cluster into one server, while it is written to and changes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { slotOf } from '../../src/model/slot.ts';
import { type ClusterOptions, startCluster, type TestCluster } from '../support/cluster.ts';
import { compareServers } from '../support/compare.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { LiveLoad } from '../support/live-load.ts';
import { type RealServer, startServer } from '../support/server.ts';

const SHARDS = 3;
const KEYS = 3_000;

let cluster: TestCluster;
let target: RealServer;
let spoolDir: string;
const godwits: GodwitProcess[] = [];
const loads: LiveLoad[] = [];

async function open(options: ClusterOptions = {}): Promise<void> {
  spoolDir = mkdtempSync(join(tmpdir(), 'godwit-spool-'));
  [cluster, target] = await Promise.all([
    startCluster({ shards: SHARDS, config: { 'repl-backlog-size': '16mb' }, ...options }),
    startServer({ server: options.server ?? 'redis-7.0' }),
  ]);
  const client = cluster.client();
  await Promise.all(Array.from({ length: KEYS }, (_, n) => client.set(`key ${n}`, String(n))));
}

afterEach(async () => {
  await Promise.all(loads.splice(0).map((load) => load.stop().catch(() => 0)));
  await Promise.all(godwits.splice(0).map((godwit) => godwit.kill()));
  await Promise.all([cluster.stop(), target.stop()]);
  rmSync(spoolDir, { recursive: true, force: true });
});

function godwit(...args: string[]): GodwitProcess {
  const started = startGodwit({ source: cluster.url(), target: target.url, spoolDir, args });
  godwits.push(started);
  return started;
}

/** One writer for each shard, as the slots were at the start. */
function writeToAll(): void {
  for (let shard = 0; shard < SHARDS; shard++) loads.push(new LiveLoad(cluster, { prefix: `{${tagOf(shard)}}`, isTolerant: true }));
}

function tagOf(shard: number): string {
  for (let n = 0; ; n++) if (Math.floor((slotOf(Buffer.from(`tag ${n}`)) * SHARDS) / 16_384) === shard) return `tag ${n}`;
}

async function more(commands: number): Promise<void> {
  await Promise.all(loads.map((load) => load.more(commands)));
}

async function expectEqual(running: GodwitProcess): Promise<void> {
  await Promise.all(loads.splice(0).map((load) => load.stop()));
  await running.waitForCaughtUp(await cluster.contentNodes());
  expect(await compareServers(cluster, target)).toEqual([]);
}

function told({ lines }: GodwitProcess, event: string): number {
  return lines.filter((line) => line.event === event).length;
}

async function fullSyncs(server: RealServer): Promise<number> {
  return Number(/^sync_full:(\d+)/m.exec(await server.client().info('stats'))?.[1]);
}

test('all shards come over once, over kills of Godwit and failovers of shards', async () => {
  await open({ replicasPerShard: 1 });
  writeToAll();
  let running = godwit();
  const status = await running.waitForPhase('incremental-sync');
  expect(status.pipelines).toHaveLength(SHARDS);
  expect(status.fullSync.keysApplied).toBeGreaterThanOrEqual(KEYS);
  // All are on one host, where one snapshot is made at a time.
  expect(running.lines.filter(({ message }) => String(message).startsWith('waits until the snapshots'))).toHaveLength(SHARDS - 1);
  await more(300);
  const primaries = await cluster.contentNodes();
  const before = await Promise.all(primaries.map(fullSyncs));
  await running.kill();
  await more(300);
  running = godwit();
  await running.waitForPhase('incremental-sync');
  const promoted = await cluster.failover(1);
  await running.waitForStatus('the new primary to be read', ({ pipelines }) =>
    pipelines.some(({ source, link }) => source.address.endsWith(`:${promoted.port}`) && link.state === 'streaming'),
  );
  await more(300);
  await running.kill();
  // The shard is known again, though another node is its primary now.
  running = godwit();
  await running.waitForPhase('incremental-sync');
  await more(300);
  await expectEqual(running);
  expect(await Promise.all(primaries.map(fullSyncs))).toEqual(before);
  await running.stop();
  expect((await godwit('--finish').exit).code).toBe(0);
  expect(await target.client().keys('__godwit*')).toEqual([]);
});

test('replicas are read from when they are preferred, and their primaries when they are gone', async () => {
  await open({ replicasPerShard: 1 });
  writeToAll();
  const running = godwit('--source-prefer-replica');
  const status = await running.waitForPhase('incremental-sync');
  const replicas = cluster.nodes.slice(SHARDS);
  const primaries = cluster.nodes.slice(0, SHARDS);
  expect(new Set(status.pipelines.map(({ source }) => source.address))).toEqual(new Set(replicas.map(({ host, port }) => `${host}:${port}`)));
  await more(200);
  await replicas[0].kill();
  await running.waitForStatus('the primary to be read instead', ({ pipelines }) =>
    pipelines.some(({ source, link }) => source.address.endsWith(`:${primaries[0].port}`) && link.state === 'streaming'),
  );
  await more(200);
  await Promise.all(loads.splice(0).map((load) => load.stop()));
  await running.waitForCaughtUp([primaries[0], replicas[1], replicas[2]]);
  await replicas[0].start();
  await cluster.settled();
  expect(await compareServers(cluster, target)).toEqual([]);
  expect(told(running, 'full-sync.done')).toBe(SHARDS);
});

test('a shard that was emptied, and one whose failover has lost what was written last, leave the others alone', async () => {
  await open({ replicasPerShard: 1 });
  const running = godwit();
  await running.waitForPhase('incremental-sync');
  const [first] = await cluster.contentNodes();
  const others = await target.client().dbsize();
  const emptied = await first.client().dbsize();
  await first.client().call('FLUSHALL');
  await first.client().call('SET', `{${tagOf(0)}}after`, 'the flush');
  await running.waitForCaughtUp([first]);
  // The marks, and their list.
  expect(await target.client().dbsize()).toBe(others - emptied + 1);
  await cluster.loseTail(1, async (primary) => {
    await primary.client().set(`{${tagOf(1)}}lost`, 'with the tail');
    await running.waitForCaughtUp([primary]);
  });
  await running.waitForStatus('the shard to be brought anew', () => told(running, 'full-sync.done') === SHARDS + 1);
  await expectEqual(running);
  expect(await target.client().exists(`{${tagOf(1)}}lost`)).toBe(0);
});

test('slots that move to another shard are brought with it, whatever their old owner still says of them', async () => {
  await open({ server: 'valkey-9.1' });
  writeToAll();
  const running = godwit();
  await running.waitForPhase('incremental-sync');
  await more(200);
  await cluster.moveSlots(0, 1, [[0, 999]], { atomic: true });
  await more(200);
  await running.waitForStatus('the slots to have come to stay', () => told(running, 'slots.settled') === 1);
  await expectEqual(running);
});

test('slots that have moved while no Godwit ran are noticed, and only the shards concerned are brought anew', async () => {
  await open({ server: 'valkey-9.1' });
  const first = godwit();
  await first.waitForPhase('incremental-sync');
  await first.kill();
  await cluster.moveSlots(0, 1, [[0, 999]], { atomic: true });
  const client = cluster.client();
  await Promise.all(Array.from({ length: KEYS }, (_, n) => (n % 3 === 0 ? client.del(`key ${n}`) : client.append(`key ${n}`, '+'))));
  const second = godwit();
  await second.waitForPhase('incremental-sync');
  await expectEqual(second);
  expect(told(second, 'full-sync.done')).toBe(2);
});
