import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Endpoint } from '../../../src/model/endpoint.ts';
import type { SideSetting, TargetTopology } from '../../../src/model/side-topology.ts';
import { detectTopology } from '../../../src/topology/detect-topology.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { DISCOVERY } from '../../support/discovery.ts';
import { freePort } from '../../support/free-port.ts';
import { type Sentinel, startSentinel } from '../../support/sentinel.ts';
import { type RealServer, startServer } from '../../support/server.ts';

let cluster: TestCluster;
let alone: RealServer;
let sentinel: Sentinel;
beforeAll(async () => {
  [cluster, alone] = await Promise.all([startCluster({ shards: 2 }), startServer()]);
  sentinel = await startSentinel(alone, { name: 'mine' });
});
afterAll(() => Promise.all([cluster.stop(), alone.stop(), sentinel.stop()]));

const announced = { addressMap: new Map(), preferHostname: false };
const endpoint = ({ port }: { port: number }): Endpoint => ({ host: '127.0.0.1', port });
const detect = (...seeds: Endpoint[]): Promise<TargetTopology> => detectTopology({ kind: 'auto', seeds, announced }, DISCOVERY, { attemptsMax: 1 });

test('one server is one server', async () => {
  expect(await detect(endpoint(alone))).toEqual({ kind: 'standalone', endpoint: endpoint(alone) });
});

test('a node says that it is one of a cluster; seeds that are away are passed over', async () => {
  const dead = endpoint({ port: await freePort() });
  const seed = endpoint(cluster.node(1));
  expect(await detect(seed)).toEqual({ kind: 'cluster', seeds: [seed], announced });
  expect(await detect(dead, seed)).toEqual({ kind: 'cluster', seeds: [seed, dead], announced });
});

test('what was said is not doubted', async () => {
  const side: SideSetting = { kind: 'cluster', seeds: [endpoint({ port: await freePort() })], announced };
  expect(await detectTopology(side, DISCOVERY)).toBe(side);
});

test('a sentinel is told with the address to write instead', async () => {
  await expect(detect(endpoint(sentinel))).rejects.toMatchObject({
    code: 'WRONG_TOPOLOGY',
    fix: `Write redis+sentinel://127.0.0.1:${sentinel.port}/mine.`,
  });
});

test('several servers that are no cluster, and nobody at all, are refused', async () => {
  await expect(detect(endpoint(alone), endpoint(cluster.node(0)))).rejects.toMatchObject({ code: 'WRONG_TOPOLOGY' });
  await expect(detect(endpoint({ port: await freePort() }), endpoint({ port: await freePort() }))).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
});
