import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Endpoint } from '../../../src/model/endpoint.ts';
import type { SentinelSide } from '../../../src/model/side-topology.ts';
import { SentinelTopology } from '../../../src/topology/sentinel-topology.ts';
import { DISCOVERY } from '../../support/discovery.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { freePort } from '../../support/free-port.ts';
import { type SentinelSet, startSentinelSet } from '../../support/sentinel-set.ts';
import { waitFor } from '../../support/wait-for.ts';

const PASSWORDS = { servers: 'of-servers', sentinels: 'of-sentinels' };
const closing: (() => Promise<void>)[] = [];
let set: SentinelSet;

beforeAll(async () => {
  // Sentinels that end idle connections: what listens is exempt, what asks is not.
  set = await startSentinelSet({ passwords: PASSWORDS, replicas: 2, sentinelLines: ['timeout 2'] });
}, 60_000);
afterAll(() => set?.stop());
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const sentinelEndpoint = ({ port }: { port: number }): Endpoint => ({ host: '127.0.0.1', port, password: PASSWORDS.sentinels });

function follow(side: Partial<SentinelSide> = {}, refreshEveryMs = 600_000): SentinelTopology & { told: string[] } {
  const sentinels = set.sentinels.map(sentinelEndpoint);
  const announced = { addressMap: new Map<string, string>(), preferHostname: false };
  const whole: SentinelSide = { kind: 'sentinel', sentinels, primaryName: set.name, access: { password: PASSWORDS.servers }, announced, ...side };
  const topology = new SentinelTopology({ ...DISCOVERY, side: whole, refreshEveryMs, refreshGapMs: 50 });
  closing.push(() => topology.close());
  const told: string[] = [];
  topology.events.on('primary-changed', ({ from, to }) => told.push(`${from.port} -> ${to.port}`));
  topology.events.on('trouble', ({ error }) => told.push(error.code));
  topology.events.on('recovered', () => told.push('recovered'));
  return Object.assign(topology, { told });
}

test('the primary is found through any sentinel, with its replicas and the other sentinels', async () => {
  const topology = follow({ sentinels: [sentinelEndpoint({ port: await freePort() }), sentinelEndpoint(set.sentinels[1])] });
  await topology.start();
  expect(topology.primary).toMatchObject({ port: (await set.primary()).port, password: PASSWORDS.servers });
  expect(topology.replicas.every(({ online }) => online)).toBe(true);
  expect(new Set(topology.replicas.map(({ port }) => port))).toEqual(new Set((await set.replicas()).map(({ port }) => port)));
  await waitFor('the other sentinels', () =>
    set.sentinels.every(({ port }) => topology.connections().some(({ address, state }) => address.endsWith(`:${port}`) && state === 'ready')),
  );
  expect((await set.replicas()).map(({ port }) => port)).toContain((await topology.replicationSource(true)).port);
  expect(await topology.replicationSource(false)).toEqual(topology.primary);
});

test('idle connections to sentinels are kept alive', async () => {
  const topology = follow();
  await topology.start();
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  expect(topology.connections().map(({ state, reconnects }) => `${state} ${reconnects}`)).toEqual(Array.from({ length: 6 }, () => 'ready 0'));
}, 20_000);

test('a failover is followed by the word of the sentinels alone, without polling', async () => {
  const topology = follow();
  await topology.start();
  const before = topology.primary.port;
  const after = await set.failover();
  await waitFor('the new primary', () => topology.told.includes(`${before} -> ${after.port}`));
  expect(topology.primary.port).toBe(after.port);
}, 60_000);

test('a primary that dies is followed, with a sentinel dead and another one that says nothing', async () => {
  const topology = follow({}, 1_000);
  await topology.start();
  const before = topology.primary.port;
  await set.sentinels[0].kill();
  const killed = await set.killPrimary();
  const after = await set.primary();
  await waitFor('the new primary', () => topology.primary.port === after.port);
  expect(before).toBe(killed.port);
  set.sentinels[1].suspend();
  expect((await topology.refresh()).port).toBe(after.port);
  set.sentinels[1].resume();
  await Promise.all([set.sentinels[0].start(), killed.start()]);
  await waitFor('the sentinels to agree again', () => set.primary(), { timeoutMs: 30_000 });
  await waitFor('all sentinels', () => topology.connections().every(({ state }) => state === 'ready'), { timeoutMs: 20_000 });
  expect(topology.told.filter((word) => word.includes('->'))).toEqual([`${before} -> ${after.port}`]);
}, 60_000);

test('a stale word is not believed: who is named must say that it is a primary', async () => {
  // One that has come back calls itself a primary until the sentinels have told it.
  await set.replicasOnline(set.servers.length - 1);
  const [replica] = await set.replicas();
  const primary = await set.primary();
  // What the sentinels call the primary leads to a replica here.
  const addressMap = new Map([[`127.0.0.1:${primary.port}`, `127.0.0.1:${replica.port}`]]);
  const topology = follow({ announced: { addressMap, preferHostname: false } });
  await expect(topology.start({ attemptsMax: 2 })).rejects.toMatchObject({
    code: 'CONNECT_FAILED',
    message: expect.stringContaining('says that it is a replica') as string,
  });
});

test('announced addresses are mapped', async () => {
  const primary = await set.primary();
  const proxy = await startFaultProxy(primary);
  closing.push(() => Promise.resolve(proxy.close()));
  const topology = follow({ announced: { addressMap: new Map([[`127.0.0.1:${primary.port}`, `127.0.0.1:${proxy.port}`]]), preferHostname: false } });
  await topology.start();
  expect(topology.primary.port).toBe(proxy.port);
});

test('the rights at sentinels that are documented are enough', async () => {
  for (const sentinel of set.sentinels) {
    await set.ask(sentinel, 'ACL', 'SETUSER', 'follower', 'on', '>secret', '+sentinel', '+subscribe', '+info', '+role', '+ping', '&+switch-master');
  }
  const topology = follow({ sentinels: set.sentinels.map((sentinel) => ({ ...sentinelEndpoint(sentinel), username: 'follower', password: 'secret' })) });
  await topology.start();
  expect(topology.primary.port).toBe((await set.primary()).port);
  await waitFor('both connections to each', () => topology.connections().every(({ state }) => state === 'ready'));
});

test('a name that nobody knows is answered with those that are known', async () => {
  await expect(follow({ primaryName: 'other' }).start()).rejects.toMatchObject({
    code: 'SENTINEL_NAME_UNKNOWN',
    message: expect.stringContaining('they know watched') as string,
  });
});

test('a wrong password, a server that is no sentinel, and nobody at all are told apart', async () => {
  const wrong = set.sentinels.map((sentinel) => ({ ...sentinelEndpoint(sentinel), password: 'wrong' }));
  await expect(follow({ sentinels: wrong }).start()).rejects.toMatchObject({ code: 'AUTH_FAILED' });
  const server = await set.primary();
  await expect(follow({ sentinels: [{ host: '127.0.0.1', port: server.port, password: PASSWORDS.servers }] }).start()).rejects.toMatchObject({
    code: 'WRONG_TOPOLOGY',
  });
  const dead = [sentinelEndpoint({ port: await freePort() })];
  await expect(follow({ sentinels: dead }).start({ attemptsMax: 1 })).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
});
