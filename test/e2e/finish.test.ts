/** `--finish`: what it needs, what it refuses, and what becomes of a run of the job that goes on meanwhile. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGodwit } from '../support/godwit-process.ts';
import { oneLine } from '../support/one-line.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

let scene: SyncScene;

beforeEach(async () => {
  scene = await openScene();
  for (let i = 0; i < 50; i++) await ask(scene.source.port, ['SET', `key:${i}`, 'value']);
});

afterEach(() => scene.close());

async function marks(): Promise<unknown> {
  return ask(scene.target.port, ['EVAL', "return #redis.call('KEYS', '__godwit*')", '0']);
}

const lastWords = (godwit: { lines: readonly Readonly<Record<string, unknown>>[] }): string => String(godwit.lines.at(-1)?.['message']);

test('a run that goes on is fenced and begins nothing anew; its mark and spool are gone, the data stays', async () => {
  const running = scene.godwit();
  await running.waitForPhase('incremental-sync');
  const finishing = scene.godwit('--finish');
  expect(oneLine(await running.exit, 'FENCED')).toContain('another Godwit has taken over');
  expect(await finishing.exit).toMatchObject({ code: 0, stderr: '' });
  expect(lastWords(finishing)).toMatch(/is finished: .* up to the offset \d+ of the source was applied \(its mark was last used at 2\d{3}-[^)]+Z\)\. Whether/);
  expect(await marks()).toBe(':0');
  expect(readdirSync(scene.spoolDir)).toEqual([]);
  expect(await scene.sourceCounter('sync_full')).toBe(1);
  expect(await scene.differences()).toEqual([]);
});

test('the source may be gone', async () => {
  expect((await scene.godwit('--stop-when-lag-below', '1kb').exit).code).toBe(0);
  await scene.source.kill();
  expect(await scene.godwit('--finish').exit).toMatchObject({ code: 0, stderr: '' });
  expect(await marks()).toBe(':0');
});

test('a job without a mark is refused, and those that are there are named; the second time too', async () => {
  expect(oneLine(await scene.godwit('--finish').exit, 'NOTHING_TO_FINISH')).toMatch(/has no mark of the job .*; no jobs were found there\. Give/);
  expect((await scene.godwit('--stop-when-lag-below', '1kb', '--job', 'mine').exit).code).toBe(0);
  expect(oneLine(await scene.godwit('--finish', '--job', 'other').exit, 'NOTHING_TO_FINISH')).toMatch(/the job other; it has marks of mine\./);
  const emptied = scene.godwit('--job', 'gone', '--on-existing', 'replace');
  await emptied.waitForPhase('incremental-sync');
  await emptied.kill();
  await ask(scene.target.port, ['DEL', '__godwit:gone']);
  expect(oneLine(await scene.godwit('--finish', '--job', 'gone').exit, 'NOTHING_TO_FINISH')).toContain(`delete what the job left in ${scene.spoolDir}/gone.`);
  expect((await scene.godwit('--finish', '--job', 'mine').exit).code).toBe(0);
  expect(oneLine(await scene.godwit('--finish', '--job', 'mine').exit, 'NOTHING_TO_FINISH')).toContain('no mark of the job mine');
});

test('a job in its full sync is refused unless --yes gives it up', async () => {
  await ask(scene.source.port, ['CONFIG', 'SET', 'rdb-key-save-delay', '100000']);
  const running = scene.godwit();
  await running.waitForPhase('full-sync');
  await running.kill();
  expect(oneLine(await scene.godwit('--finish').exit, 'JOB_UNFINISHED')).toMatch(/is not through: it was in its full sync/);
  expect(await marks()).toBe(':1');
  expect((await scene.godwit('--finish', '--yes').exit).code).toBe(0);
  expect(await marks()).toBe(':0');
});

test('a mark that this version cannot read can go', async () => {
  expect((await scene.godwit('--stop-when-lag-below', '1kb', '--job', 'old').exit).code).toBe(0);
  await ask(scene.target.port, ['HSET', '__godwit:old', 'v', '99']);
  oneLine(await scene.godwit('--job', 'old').exit, 'MARK_INVALID');
  expect((await scene.godwit('--finish', '--job', 'old').exit).code).toBe(0);
  expect(await marks()).toBe(':0');
});

test('a load is finished when its file was read to its end', async () => {
  const file = join(scene.spoolDir, 'commands.aof');
  writeFileSync(file, '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n');
  const load = (...args: string[]): ReturnType<typeof startGodwit> => startGodwit({ file, target: scene.targetUrl, spoolDir: scene.spoolDir, args });
  oneLine(await load('--finish').exit, 'NOTHING_TO_FINISH');
  expect((await load().exit).code).toBe(0);
  const [, key = ''] = (await ask(scene.target.port, ['EVAL', "return redis.status_reply(redis.call('KEYS', '__godwit*')[1])", '0'])).split('+');
  await ask(scene.target.port, ['HSET', key, 'file-done', '0']);
  expect(oneLine(await load('--finish').exit, 'JOB_UNFINISHED')).toContain('the file was not loaded to its end');
  await ask(scene.target.port, ['HSET', key, 'file-done', '1']);
  const finishing = load('--finish');
  expect((await finishing.exit).code).toBe(0);
  expect(lastWords(finishing)).toContain('At its end: the file was loaded to its end');
  expect(await marks()).toBe(':0');
  expect(existsSync(file)).toBe(true);
});
