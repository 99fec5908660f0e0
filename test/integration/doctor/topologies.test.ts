/** Clusters and sentinels, well and badly; and what only another machine could show: a clock, a service. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { carryOut, type DoctorRun, findingOf, findingsOf, runDoctor, troubles } from '../../support/doctor.ts';
import { clockAhead, startEditingProxy, systemCalled } from '../../support/editing-proxy.ts';
import { startSentinelSet } from '../../support/sentinel-set.ts';
import { type RealServer, startServer } from '../../support/server.ts';
import { waitFor } from '../../support/wait-for.ts';

let cluster: TestCluster;
let server: RealServer;

beforeAll(async () => {
  [cluster, server] = await Promise.all([startCluster({ shards: 2, replicasPerShard: 1, server: 'redis-7.0' }), startServer({ server: 'redis-7.0' })]);
});
afterAll(() => Promise.all([cluster.stop(), server.stop()]));

const intoCluster = (...words: readonly string[]): Promise<DoctorRun> => runDoctor(server.url, cluster.url(), ...words);

/** The nodes agree after something was done to one of them. */
async function agreed(): Promise<void> {
  await cluster.settled({ online: false });
}

describe('a cluster', () => {
  test('that is well is quiet, as a target and as a source', async () => {
    const target = await intoCluster();
    expect(troubles(target)).toEqual([]);
    expect(findingOf(target, 'cluster-health').measured).toBe('2 shards, 4 nodes, all slots served');
    expect(target.report.target).toHaveLength(2);
    const source = await runDoctor(cluster.url(), server.url);
    expect(troubles(source)).toEqual([]);
    expect(findingsOf(source, 'backlog')).toHaveLength(2);
  });

  test('with databases that it has not', async () => {
    const client = server.client({ db: 2 });
    await client.set('k', 'v');
    const found = findingOf(await intoCluster(), 'databases');
    expect(found.severity).toBe('error');
    for (const { command } of found.mends) expect(findingOf(await intoCluster(...command.split(' ')), 'databases').severity).toBe('ok');
    await client.flushall();
  });

  test('with a slot that was left on its way', async () => {
    // The node that is asked first is the other one, and knows nothing of it.
    const [to, from] = [cluster.node(0), cluster.node(1)];
    await from.client().call('CLUSTER', 'SETSLOT', '16000', 'MIGRATING', cluster.id(to));
    const found = findingsOf(await intoCluster(), 'cluster-health');
    expect(new Set(found.map(({ severity, where, measured }) => `${severity} ${where}: ${measured}`))).toEqual(
      new Set([from, to].map(({ port }) => `warn target 127.0.0.1:${port}: slot 16000 is on its way`)),
    );
    for (const { mends } of found) await carryOut(mends[0], cluster.nodes);
    expect(findingOf(await intoCluster(), 'cluster-health')).toMatchObject({ severity: 'ok', measured: '2 shards, 4 nodes, all slots served' });
  });

  test('that lacks slots, on both sides', async () => {
    for (const node of cluster.nodes.slice(0, 2)) await node.client().call('CLUSTER', 'DELSLOTSRANGE', '100', '102', '200', '200');
    await waitFor('the cluster to be down', async () => String(await cluster.node(0).client().call('CLUSTER', 'INFO')).includes('cluster_state:fail'));
    const asSource = findingOf(await runDoctor(cluster.url(), server.url), 'cluster-health');
    expect(asSource).toMatchObject({ severity: 'error', measured: '4 slots without an owner: 100-102, 200' });
    const run = await intoCluster();
    expect(run.code).toBe(9);
    const found = findingOf(run, 'cluster-health');
    expect(found).toMatchObject({ severity: 'error', measured: asSource.measured });
    expect(found.mends[0].command).toBe('CLUSTER ADDSLOTSRANGE 100 102 200 200');
    await carryOut(found.mends[0], cluster.nodes);
    await agreed();
    expect(findingOf(await intoCluster(), 'cluster-health').severity).toBe('ok');
  });

  test('whose replica has failed', async () => {
    const replica = cluster.node(2);
    await replica.kill();
    const primaries = cluster.nodes.slice(0, 2);
    await waitFor(
      'the cluster to give it up',
      async () => (await Promise.all(primaries.map((node) => node.client().call('CLUSTER', 'NODES')))).every((text) => /slave,fail /.test(String(text))),
      { timeoutMs: 20_000 },
    );
    const found = findingOf(await intoCluster(), 'cluster-health');
    expect(found).toMatchObject({
      severity: 'warn',
      where: `target 127.0.0.1:${replica.port}`,
      measured: expect.stringMatching(/^this replica of .* has failed$/) as string,
    });
    expect(found.mends[0].command).toMatch(new RegExp(`^redis-cli --cluster call 127\\.0\\.0\\.1:\\d+ CLUSTER FORGET ${cluster.id(replica)}$`));
    // As redis-cli does it, which is not everywhere where the servers are.
    const [, , , , ...words] = found.mends[0].command.split(' ');
    for (const node of cluster.nodes.filter((one) => one.running)) await node.client().call(words[0], ...words.slice(1));
    expect(findingOf(await intoCluster(), 'cluster-health').measured).toBe('2 shards, 3 nodes, all slots served');
  });
});

describe('sentinels', () => {
  test('lead to the primary; the address of one of them is none of a server', async () => {
    const set = await startSentinelSet({ replicas: 1, sentinels: 1 });
    const [sentinel] = set.sentinels;
    const good = await runDoctor(`redis+sentinel://127.0.0.1:${sentinel.port}/${set.name}`, server.url);
    expect(troubles(good)).toEqual([]);
    const bad = await runDoctor(server.url, `127.0.0.1:${sentinel.port}`);
    expect(findingOf(bad, 'reachability')).toMatchObject({ severity: 'error', measured: expect.stringContaining('is a sentinel') as string });
    const unknown = await runDoctor(`redis+sentinel://127.0.0.1:${sentinel.port}/other`, server.url);
    expect(findingOf(unknown, 'reachability')).toMatchObject({ severity: 'error', measured: expect.stringContaining(set.name) as string });
    await set.stop();
  });
});

describe('what is seen through a proxy that changes what the server says', () => {
  test('a clock that is wrong, until it is set', async () => {
    const other = await startServer({ server: 'redis-7.0' });
    const proxy = await startEditingProxy(other);
    proxy.edit(clockAhead(5));
    const look = async (): Promise<DoctorRun> => runDoctor(server.url, proxy.url);
    const found = findingOf(await look(), 'clocks');
    expect(found).toMatchObject({
      severity: 'warn',
      where: `target 127.0.0.1:${proxy.port}`,
      measured: expect.stringMatching(/^its clock is (?:4\.9|5|5\.1) s before that of source/) as string,
    });
    expect(found.mends[0]).toMatchObject({ kind: 'shell', at: '127.0.0.1' });
    proxy.edit(clockAhead(-120));
    expect(findingOf(await look(), 'clocks')).toMatchObject({
      severity: 'error',
      why: expect.stringMatching(/lives (?:2 min|120 s) longer at the target/) as string,
    });
    proxy.edit((text) => text);
    expect(findingOf(await look(), 'clocks').severity).toBe('ok');
    await proxy.close();
    await other.stop();
  });

  test('a service that hides replication: its limits, a scan instead, and settings made with its own tool', async () => {
    const other = await startServer({ server: 'redis-7.0', args: { 'tcp-keepalive': '0' } });
    const proxy = await startEditingProxy(other);
    proxy.edit(systemCalled('Amazon ElastiCache'));
    const run = await runDoctor(proxy.url, server.url);
    const found = findingOf(run, 'services');
    expect(found).toMatchObject({
      severity: 'info',
      measured: 'Amazon ElastiCache',
      mends: [{ kind: 'shell', command: `godwit scan redis://127.0.0.1:${proxy.port} redis://127.0.0.1:${server.port} --notifications` }],
    });
    expect(run.report.source[0].service).toBe('elasticache');
    expect(findingOf(run, 'tcp-keepalive').mends[0]).toMatchObject({
      kind: 'service',
      command: expect.stringContaining('aws elasticache modify-cache-parameter-group') as string,
    });
    expect(findingOf(await runDoctor(proxy.url, server.url, '--scan'), 'services').severity).toBe('info');
    await proxy.close();
    await other.stop();
  });
});
