/** `godwit cutover`, of one server to another: what it does, what makes it give up, and what becomes of the source then. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask } from '../support/ask.ts';
import { AddressFile, FollowingWriters } from '../support/following-writers.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { oneLine } from '../support/one-line.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

let scene: SyncScene;
let writers: FollowingWriters | undefined;
let address: AddressFile;
const started: GodwitProcess[] = [];

beforeEach(async () => {
  scene = await openScene();
  address = new AddressFile(join(scene.spoolDir, 'address'), `127.0.0.1:${scene.source.port}`);
});

afterEach(async () => {
  await writers?.stop();
  writers = undefined;
  await Promise.all(started.splice(0).map((godwit) => godwit.kill()));
  await scene.close();
});

const TO_NEW = (): string => `printf "$GODWIT_TO" > ${address.path}`;

function cutover(...args: readonly string[]): GodwitProcess {
  const godwit = startGodwit({ command: 'cutover', source: scene.sourceUrl, target: scene.targetUrl, spoolDir: scene.spoolDir, args });
  started.push(godwit);
  return godwit;
}

function said(godwit: GodwitProcess): string {
  return godwit.lines.map((line) => String(line['message'])).join('\n');
}

test('a running sync is taken over and its clients follow: no acknowledged write is lost, and nothing of the job is left', async () => {
  writers = new FollowingWriters(() => address.read());
  const running = scene.godwit();
  await running.waitForPhase('incremental-sync');
  await writers.more(200);
  const cutting = cutover('--switch-command', TO_NEW());
  expect(oneLine(await running.exit, 'FENCED')).toContain('another Godwit has taken over');
  const exit = await cutting.exit;
  expect(said(cutting)).toContain('cut over from');
  expect(exit).toMatchObject({ code: 0, stderr: '' });
  await writers.more(200);
  await writers.stop();
  expect(address.read()).toBe(`127.0.0.1:${scene.target.port}`);
  expect(await writers.missingAt(scene.target.client())).toEqual([]);
  expect(await ask(scene.target.port, ['EVAL', "return #redis.call('KEYS', '__godwit*')", '0'])).toBe(':0');
  expect(readdirSync(scene.spoolDir)).toEqual(['address']);
  expect(existsSync(address.path)).toBe(true);
});
