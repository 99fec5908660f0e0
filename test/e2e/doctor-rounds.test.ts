/** The light form beside a job that runs: a finding appears, is in the status and the log, its mend is carried out, and it is gone. */
import { afterEach, expect, test } from 'vitest';
import type { OpenFinding } from '../../src/observe/finding.ts';
import { carryOut } from '../support/doctor.ts';
import type { GodwitProcess } from '../support/godwit-process.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';
import { waitFor } from '../support/wait-for.ts';
import { writeSteadily } from '../support/steady-writer.ts';

const EVERY = ['--doctor-interval', '250ms'];
const MIB = 1024 ** 2;

let scene: SyncScene;

afterEach(() => scene.close());

async function found(godwit: GodwitProcess, check: string): Promise<OpenFinding> {
  const { findings } = await godwit.waitForStatus(`a finding of ${check}`, (status) => status.findings.some((one) => one.check === check));
  return findings.find((one) => one.check === check) as OpenFinding;
}

const gone = (godwit: GodwitProcess, check: string): Promise<unknown> =>
  godwit.waitForStatus(`${check} to be well`, (status) => status.findings.every((one) => one.check !== check));

/** Log lines of events. */
const events = (godwit: GodwitProcess, kind: string, check: string): unknown[] =>
  godwit.lines.filter((line) => line['event'] === kind && line['check'] === check);

test('settings that somebody changes while a sync runs are told, and their mends end it', async () => {
  scene = await openScene();
  const godwit = scene.godwit(...EVERY);
  await godwit.waitForPhase('incremental-sync');
  const client = scene.target.client();
  await client.config('SET', 'maxmemory', '1gb');
  await client.config('SET', 'maxmemory-policy', 'allkeys-lfu');
  await client.config('SET', 'timeout', '1');
  for (const [check, severity] of [
    ['eviction', 'warn'],
    ['keepalive', 'info'],
  ] as const) {
    const finding = await found(godwit, check);
    expect(finding).toMatchObject({ severity, where: `target 127.0.0.1:${scene.target.port}` });
    await waitFor('the line of the log', () => events(godwit, 'doctor.found', check).length === 1);
    expect(events(godwit, 'doctor.found', check)).toMatchObject([{ level: severity, mend: finding.mends[0].command }]);
    await carryOut(finding.mends[0], [scene.target]);
    await gone(godwit, check);
    await waitFor('the line of the log', () => events(godwit, 'doctor.gone', check).length === 1);
  }
  client.disconnect();
  expect((await godwit.stop()).code).toBe(143);
});

test('a backlog that is too small for what is written, and a target that runs full', async () => {
  scene = await openScene();
  const writer = writeSteadily(scene.source, { bytesPerSecond: 2 * MIB });
  const godwit = scene.godwit(...EVERY);
  await godwit.waitForPhase('incremental-sync');
  const backlog = await found(godwit, 'backlog');
  expect(backlog.mends[0].command).toMatch(/^CONFIG SET repl-backlog-size \d+mb$/);
  await carryOut(backlog.mends[0], [scene.source]);
  await gone(godwit, 'backlog');
  await writer.stop();
  const client = scene.target.client();
  await client.config('SET', 'maxmemory', String(Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]) + 100_000));
  const memory = await found(godwit, 'target-memory');
  await carryOut(memory.mends[0], [scene.target]);
  await gone(godwit, 'target-memory');
  client.disconnect();
  await godwit.stop();
});

test('a scan that follows is watched too', async () => {
  scene = await openScene();
  const godwit = scene.scan('--notifications', ...EVERY);
  await godwit.waitForPhase('incremental-sync');
  const client = scene.target.client();
  await client.config('SET', 'maxmemory', '1gb');
  await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await carryOut((await found(godwit, 'eviction')).mends[0], [scene.target]);
  await gone(godwit, 'eviction');
  client.disconnect();
  await godwit.stop();
});
