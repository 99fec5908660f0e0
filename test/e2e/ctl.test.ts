/** `godwit ctl` and `godwit top`: a job that another process runs is asked, steered and watched. */
import { afterEach, expect, test } from 'vitest';
import { runGodwit } from '../support/run-godwit.ts';
import { freePort } from '../support/free-port.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

let scene: SyncScene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

test('asks, pauses, resumes, paces and finishes a job; the view of it ends with it', async () => {
  scene = await openScene();
  const godwit = scene.godwit();
  await godwit.waitForPhase('incremental-sync');
  const { host, port } = new URL(godwit.statusUrl);
  const tokenFile = String(godwit.lines.find(({ file }) => String(file).endsWith('control-token'))?.['file']);
  const ctl = (...words: string[]): ReturnType<typeof runGodwit> => runGodwit(['ctl', port, ...words, '--token-file', tokenFile]);
  expect(await runGodwit(['ctl', host, 'status'])).toMatchObject({ code: 0, stdout: expect.stringContaining('incremental') as string });
  expect(JSON.parse((await runGodwit(['ctl', godwit.statusUrl, 'status', '--json'])).stdout)).toMatchObject({ phase: 'incremental-sync', paused: false });
  expect(await ctl('pause')).toEqual({ code: 0, stdout: 'pause: done, paused true\n', stderr: '' });
  expect((await godwit.status()).paused).toBe(true);
  expect(await ctl('finish')).toMatchObject({ code: 7, stderr: expect.stringMatching(/^godwit: \[NOT_NOW\] .* the job is paused/) as string });
  expect(await ctl('resume')).toMatchObject({ code: 0 });
  expect(await ctl('rate', 'commands=5', 'bytes=20mb')).toMatchObject({ code: 0, stdout: 'rate: done, commands 5, bytes 20971520\n' });
  expect((await ctl('rate', 'commands=0')).code).toBe(0);
  expect((await ctl('checkpoint')).stdout).toContain('"isComplete":true');
  expect((await ctl('log-level', 'debug')).code).toBe(0);
  expect(await runGodwit(['ctl', port, 'pause'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--token-file') as string });
  for (const words of [['dance'], ['rate', 'speed=5'], ['log-level', 'loud'], ['pause', 'now']]) expect((await ctl(...words)).code).toBe(2);
  const top = runGodwit(['top', godwit.statusUrl]);
  expect((await ctl('finish')).code).toBe(0);
  expect((await godwit.exit).code).toBe(0);
  expect(await top).toMatchObject({ code: 0, stderr: '' });
});

test('where nothing answers, or something else does, one line says so', async () => {
  scene = await openScene();
  const port = String(await freePort());
  for (const words of [
    ['ctl', port, 'status'],
    ['top', port],
  ]) {
    expect(await runGodwit(words)).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^godwit: \[CONNECT_FAILED\] .*ECONNREFUSED.*--status-port\.\n$/) as string,
    });
  }
  expect((await runGodwit(['ctl', '://', 'status'])).code).toBe(2);
});
