/** A connection to the source that is cut while a run looks at it, before anything is copied: the run waits for its return. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { compareServers } from '../support/compare.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { startGodwit } from '../support/godwit-process.ts';
import { startServer } from '../support/server.ts';

const ends: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

test.each([2_000, 20_000, 60_000])('cut after %d bytes, a sync begins all the same', async (bytes) => {
  const [source, target] = await Promise.all([startServer(), startServer()]);
  const proxy = await startFaultProxy({ port: source.port });
  const spoolDir = mkdtempSync(join(tmpdir(), 'godwit-start-'));
  ends.push(
    () => proxy.close(),
    () => Promise.all([source.stop(), target.stop()]),
    () => rmSync(spoolDir, { recursive: true, force: true }),
  );
  await source.client().mset('a', '1', 'b', '2');
  const cut = proxy.cutAfter(bytes, 'to-client');
  const godwit = startGodwit({ source: `redis://127.0.0.1:${proxy.port}`, target: target.url, spoolDir });
  ends.unshift(() => godwit.killNow());
  await cut;
  await godwit.waitForPhase('incremental-sync');
  await godwit.waitForLagZero(source);
  expect(await compareServers(source, target)).toEqual([]);
});
