/** A dry run over a file of a real server: snapshot and commands, a value larger than the window among them. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { DryRun } from '../../../src/pipeline/dry-run.ts';
import { walkDry } from '../../../src/pipeline/walk-dry.ts';
import { openFileSource } from '../../../src/source/open-file-source.ts';
import { startServer } from '../../support/server.ts';
import { waitFor } from '../../support/wait-for.ts';

const LARGE_BYTES = 2_000_000;

test('counts values and commands of an AOF, and changes nothing of it', async () => {
  await using server = await startServer({ server: 'redis-7.0', args: { appendonly: 'yes', appendfsync: 'always' } });
  const client = server.client();
  await client.mset('user:1', 'a', 'user:2', 'b', 'order:1', 'c');
  await client.set('user:large', randomBytes(LARGE_BYTES));
  await client.call('BGREWRITEAOF');
  await waitFor('the rewrite', async () => /aof_rewrite_in_progress:0[^]*aof_last_bgrewrite_status:ok/.test(await client.info('persistence')));
  await waitFor('its file', async () => /aof_base_size:[2-9]\d{6}/.test(await client.info('persistence')));
  await client.del('user:1', 'order:1');
  await client.rename('user:2', 'order:2');
  await client.rename('order:2', 'user:3');
  const filter = { allow: { prefixes: [Buffer.from('user:')] } };
  const transform = { rename: [{ kind: 'prefix' as const, from: Buffer.from('user:'), to: Buffer.from('u/') }] };
  const report = async (): Promise<unknown> => {
    const source = await openFileSource(server.dir, {});
    const run = new DryRun({ filter, transform }, { nowMs: Date.now() });
    await walkDry(source, run).finally(() => source.close());
    return run.report();
  };
  const first = await report();
  expect(first).toMatchObject({
    passed: { keys: 3, commands: 2 },
    dropped: { keys: 1, commands: 1 },
    undecided: { count: 1, samples: [expect.stringContaining('RENAME')] },
    collisions: { found: 0, possible: [] },
    renamed: { count: 5 },
  });
  expect((first as { passed: { bytes: number } }).passed.bytes).toBeGreaterThan(LARGE_BYTES);
  expect(await report()).toEqual(first);
});
