/** Users who may too little, servers that hide commands, and sides that are not what they should be. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { carryOut, type DoctorRun, findingOf, findingsOf, runDoctor, troubles } from '../../support/doctor.ts';
import { freePort } from '../../support/free-port.ts';
import { type RealServer, startServer } from '../../support/server.ts';
import { makeSyncUser, SOURCE_RIGHTS, TARGET_RIGHTS } from '../../support/sync-users.ts';

let source: RealServer;
let target: RealServer;

beforeAll(async () => {
  [source, target] = await Promise.all([startServer({ server: 'redis-7.0' }), startServer({ server: 'redis-7.0' })]);
});
afterAll(() => Promise.all([source.stop(), target.stop()]));

/** A source user that may also be asked what it has: without these the sample of keys is left out. */
const ASKED = '+randomkey +type +memory|usage ~*';

const users = async (ofSource: string, ofTarget: string): Promise<[string, string]> => [
  await makeSyncUser(source, ofSource),
  await makeSyncUser(target, ofTarget),
];

describe('rights', () => {
  test('those that the documents name suffice, and what then cannot be looked at is said', async () => {
    const run = await runDoctor(...(await users(SOURCE_RIGHTS, TARGET_RIGHTS)));
    expect(run.code).toBe(0);
    expect(troubles(run).filter((line) => !line.startsWith('info'))).toEqual([]);
  });

  test('what a sync needs at the source', async () => {
    const [from, to] = await users(`${SOURCE_RIGHTS} ${ASKED} -psync -replconf`, TARGET_RIGHTS);
    const found = findingOf(await runDoctor(from, to), 'source-rights');
    expect(found).toMatchObject({ severity: 'error', measured: expect.stringContaining('may not use REPLCONF, PSYNC') as string });
    expect(found.mends[0].command).toBe('ACL SETUSER mover +replconf +psync');
    await carryOut(found.mends[0], [source]);
    expect(findingOf(await runDoctor(from, to), 'source-rights').severity).toBe('ok');
  });

  test('what is welcome at the source', async () => {
    const [from, to] = await users(`${SOURCE_RIGHTS} ${ASKED} -role`, TARGET_RIGHTS);
    const found = findingOf(await runDoctor(from, to), 'source-rights');
    expect(found).toMatchObject({ severity: 'info', mends: [{ command: 'ACL SETUSER mover +role' }] });
    await carryOut(found.mends[0], [source]);
    expect(findingOf(await runDoctor(from, to), 'source-rights').severity).toBe('ok');
  });

  test('what every job needs at the target', async () => {
    const [from, to] = await users(`${SOURCE_RIGHTS} ${ASKED}`, `${TARGET_RIGHTS} -restore -exec`);
    const found = findingOf(await runDoctor(from, to), 'target-rights');
    expect(found).toMatchObject({ severity: 'error', mends: [{ command: 'ACL SETUSER mover +exec +restore' }] });
    await carryOut(found.mends[0], [target]);
    expect(findingOf(await runDoctor(from, to), 'target-rights').severity).toBe('ok');
  });

  test('what the data may bring, and what the source has really run by ACL DRYRUN', async () => {
    const client = source.client();
    await client.geoadd('places', 1, 1, 'here');
    await client.flushall();
    client.disconnect();
    const [from, to] = await users(`${SOURCE_RIGHTS} ${ASKED}`, `${TARGET_RIGHTS} +acl|dryrun -zadd -geoadd`);
    const found = findingOf(await runDoctor(from, to), 'target-rights');
    expect(found).toMatchObject({ severity: 'warn', measured: expect.stringMatching(/^the user mover may not run zadd, geoadd$/) as string });
    await carryOut(found.mends[0], [target]);
    expect(findingOf(await runDoctor(from, to), 'target-rights').severity).toBe('ok');
  });

  test('what makes taking over quick', async () => {
    const [from, to] = await users(`${SOURCE_RIGHTS} ${ASKED}`, `${TARGET_RIGHTS} -client|kill -config|get`);
    const found = findingOf(await runDoctor(from, to), 'target-rights');
    expect(found).toMatchObject({ severity: 'info', measured: 'refused: +client|kill +config|get' });
    await carryOut(found.mends[0], [target]);
    const run = await runDoctor(from, to);
    expect(findingOf(run, 'target-rights').severity).toBe('ok');
    expect(findingOf(run, 'keepalive').severity).toBe('ok');
  });

  test('keys that cannot be sampled are no secret', async () => {
    const client = source.client();
    await client.set('k', 'v');
    const run = await runDoctor(...(await users(SOURCE_RIGHTS, TARGET_RIGHTS)));
    expect(findingOf(run, 'big-keys')).toMatchObject({ severity: 'info', measured: expect.stringContaining('no keys could be sampled: NOPERM') as string });
    await client.flushall();
    client.disconnect();
  });

  test('what a scan needs is something else', async () => {
    const SCAN_RIGHTS = `+ping +info +role +client|setname +config|get +scan +pttl +type +pexpiretime +memory|usage +randomkey ~*`;
    const [from, to] = await users(SCAN_RIGHTS, TARGET_RIGHTS);
    const found = findingOf(await runDoctor(from, to, '--scan'), 'source-rights');
    expect(found).toMatchObject({ severity: 'error', measured: 'refused: +dump', mends: [{ command: 'ACL SETUSER mover +dump' }] });
    await carryOut(found.mends[0], [source]);
    expect(findingOf(await runDoctor(from, to, '--scan'), 'source-rights').severity).toBe('ok');
  });
});

test('what a scan needs to follow', async () => {
  const rights = '+ping +info +role +client|setname +config|get +scan +dump +pttl +type +pexpiretime +memory|usage +randomkey +subscribe ~* resetchannels';
  const client = source.client();
  await client.call('ACL', 'SETUSER', 'mover', 'reset', 'on', '>secret', ...rights.split(' '));
  client.disconnect();
  const [from, to] = [source.url.replace('redis://', 'redis://mover:secret@'), target.url];
  const look = (): Promise<DoctorRun> => runDoctor(from, to, '--scan', '--notifications');
  const found = findingOf(await look(), 'source-rights');
  expect(found).toMatchObject({ severity: 'error', mends: [{ command: 'ACL SETUSER mover +psubscribe &__keyevent@*' }] });
  await carryOut(found.mends[0], [source]);
  expect(findingOf(await look(), 'source-rights').severity).toBe('ok');
});

describe('a source that hides PSYNC', () => {
  test('is to be read by a scan, and the doctor of a scan has nothing against it', async () => {
    const hidden = await startServer({ server: 'redis-7.0', args: ['--rename-command', 'PSYNC', ''] });
    const found = findingOf(await runDoctor(hidden.url, target.url), 'source-rights');
    const sides = `redis://127.0.0.1:${hidden.port} redis://127.0.0.1:${target.port}`;
    expect(found).toMatchObject({ severity: 'error', mends: [{ kind: 'shell', at: 'here', command: `godwit scan ${sides} --notifications` }] });
    const [, , ...scan] = found.mends[0].command.split(' ');
    const again = await runDoctor(...scan.slice(0, 2), '--scan', '--notifications');
    expect(again.code).toBe(0);
    await hidden.stop();
  });

  test('under another name is asked by that', async () => {
    const renamed = await startServer({ server: 'redis-7.0', args: ['--rename-command', 'PSYNC', 'other'] });
    expect((await runDoctor(renamed.url, target.url)).code).toBe(9);
    const run = await runDoctor(renamed.url, target.url, '--source-psync-commands', `127.0.0.1:${renamed.port}@other`);
    expect(findingOf(run, 'source-rights').severity).toBe('ok');
    await renamed.stop();
  });
});

describe('sides that are not what they should be', () => {
  test('one that is not there is named, and the other one is looked at all the same', async () => {
    const port = await freePort();
    const run = await runDoctor(source.url, `127.0.0.1:${port}`);
    expect(run.code).toBe(9);
    expect(findingOf(run, 'reachability')).toMatchObject({
      severity: 'error',
      where: `target 127.0.0.1:${port}`,
      mends: [{ kind: 'shell', command: `redis-cli -h 127.0.0.1 -p ${port} PING` }],
    });
    expect(findingOf(run, 'source-rights').severity).toBe('ok');
    const there = await startServer({ server: 'redis-7.0', port });
    expect(findingOf(await runDoctor(source.url, `127.0.0.1:${port}`), 'reachability').severity).toBe('ok');
    await there.stop();
  });

  test('several sources of which one is away', async () => {
    const port = await freePort();
    const run = await runDoctor('--source', source.url, '--source', `127.0.0.1:${port}`, '--target', target.url);
    expect(findingOf(run, 'reachability')).toMatchObject({ severity: 'error', where: `source 127.0.0.1:${port}` });
    expect(findingsOf(run, 'backlog')).toHaveLength(1);
  });

  test('a password that is wrong', async () => {
    const closed = await startServer({ server: 'redis-7.0', args: { requirepass: 'secret' } });
    const run = await runDoctor(source.url, `redis://:wrong-one@127.0.0.1:${closed.port}`);
    expect(findingOf(run, 'reachability').severity).toBe('error');
    expect(JSON.stringify(run)).not.toContain('wrong-one');
    expect(findingOf(await runDoctor(source.url, closed.url), 'reachability').severity).toBe('ok');
    await closed.stop();
  });

  test('a target that is a replica', async () => {
    const replica = await startServer({ server: 'redis-7.0', args: { replicaof: `127.0.0.1 ${target.port}` } });
    const found = findingOf(await runDoctor(source.url, replica.url), 'reachability');
    expect(found).toMatchObject({ severity: 'error', mends: [{ kind: 'server', command: 'REPLICAOF NO ONE' }] });
    await carryOut(found.mends[0], [replica]);
    expect(findingOf(await runDoctor(source.url, replica.url), 'reachability').severity).toBe('ok');
    await replica.stop();
  });

  test('one server by two names', async () => {
    const run: DoctorRun = await runDoctor(source.url, `localhost:${source.port}`);
    expect(findingOf(run, 'reachability')).toMatchObject({ severity: 'error', measured: expect.stringContaining('are the same server') as string });
  });
});
