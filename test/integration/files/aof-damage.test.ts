/** A multi-part AOF with several incr files, cut and damaged: what is read is what a real server loads from the same files, or an error with the place. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFileSource } from '../../../src/source/open-file-source.ts';
import { compareServers } from '../../support/compare.ts';
import { walkAof } from '../../support/files/aof-walk.ts';
import { readSource } from '../../support/files/read-source.ts';
import { replay } from '../../support/files/replay.ts';
import { LiveLoad } from '../../support/live-load.ts';
import { type RealServer, startServer } from '../../support/server.ts';
import { waitFor } from '../../support/wait-for.ts';

const ARGS = ['--appendonly', 'yes', '--aof-timestamp-enabled', 'yes'];
const LAST_BYTES = 200;
let dir = '';
let target: RealServer;
/** Between two seconds of the load, in which nothing was written. */
let quietMs = 0;

/** Base, and an incr file for each rewrite that failed because its process was killed, while the load went on. */
async function writeParts(): Promise<void> {
  const server = await startServer({ server: 'redis-7.0', dir, args: [...ARGS, '--rdb-key-save-delay', '100000'] });
  const client = server.client();
  const load = new LiveLoad(server);
  await load.more(300);
  for (let failed = 1; failed <= 2; failed++) {
    await client.call('BGREWRITEAOF');
    await load.more(300);
    const started = [...server.log().matchAll(/Background append only file rewriting started by pid (\d+)/g)];
    process.kill(Number(started.at(-1)![1]), 'SIGKILL');
    await waitFor('the rewrite to fail', async () => /aof_rewrite_in_progress:0/.test(await client.info('persistence')));
  }
  await load.stop();
  await client.set('before', 'the quiet');
  quietMs = (Number((await client.time())[0]) + 1) * 1000;
  await waitFor('two seconds to pass', async () => Number((await client.time())[0]) * 1000 > quietMs);
  await client.multi().set('behind', 'the quiet').rpush('transaction', 'a', 'b').exec();
  await client.multi().rpush('transaction', 'c').incr('last').exec();
  await server.stop();
}

function folder(): string {
  return join(dir, 'appendonlydir');
}

function incrFiles(): string[] {
  return readdirSync(folder())
    .filter((name) => name.endsWith('.incr.aof'))
    .toSorted();
}

/** A copy of the AOF for one test. */
function copied(): { readonly place: string; readonly last: string; remove(): void } {
  const copy = mkdtempSync(join(tmpdir(), 'godwit-aof-copy-'));
  const place = join(copy, 'appendonlydir');
  mkdirSync(place);
  cpSync(folder(), place, { recursive: true });
  return { place, last: join(place, incrFiles().at(-1)!), remove: () => rmSync(copy, { recursive: true, force: true }) };
}

async function isWhatAServerLoads(place: string): Promise<void> {
  await target.client().call('FLUSHALL');
  await replay(await openFileSource(place), target);
  const copy = mkdtempSync(join(tmpdir(), 'godwit-aof-loaded-'));
  cpSync(place, join(copy, 'appendonlydir'), { recursive: true });
  const server = await startServer({ server: 'redis-7.0', dir: copy, args: ARGS });
  try {
    expect(await compareServers(server, target)).toEqual([]);
  } finally {
    await server.stop();
    rmSync(copy, { recursive: true, force: true });
  }
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'godwit-aof-damage-'));
  [target] = await Promise.all([startServer({ server: 'redis-7.0' }), writeParts()]);
});

afterAll(async () => {
  await target.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('a multi-part AOF', () => {
  test('with several incr files is what a server loads', async () => {
    expect(incrFiles().length).toBeGreaterThanOrEqual(3);
    await isWhatAServerLoads(folder());
  });

  test('cut at every byte of its end gives the units before, and tells what is left over', async () => {
    const copy = copied();
    const whole = await readSource(await openFileSource(copy.place));
    const file = readFileSync(copy.last);
    const lastRows = walkAof(file).rows;
    const before = whole.rows.length - lastRows.length;
    for (let length = file.length - 1; length >= file.length - LAST_BYTES; length--) {
      truncateSync(copy.last, length);
      const { rows, end } = await readSource(await openFileSource(copy.place));
      const kept = lastRows.filter(({ endOffset }) => endOffset <= length);
      expect(rows.length, `cut at ${length}`).toBe(before + kept.length);
      if (end.tail === null) continue;
      expect(end.tail).toMatchObject({ name: copy.last, bytes: length - end.tail.offset });
      expect(end.tail.offset).toBeGreaterThanOrEqual(kept.at(-1)?.endOffset ?? 0);
      await expect(openFileSource(copy.place, { onTruncated: 'error' }).then(readSource)).rejects.toMatchObject({ code: 'AOF_TRUNCATED' });
    }
    copy.remove();
  });

  test.each([1, 20, 60, 150])('cut %i bytes before its end is what a server loads', async (bytes) => {
    const copy = copied();
    truncateSync(copy.last, readFileSync(copy.last).length - bytes);
    await isWhatAServerLoads(copy.place);
    copy.remove();
  });

  test('up to a time has what was written before it, and nothing behind it', async () => {
    const { rows, end } = await readSource(await openFileSource(folder(), { untilMs: quietMs }));
    const keys = new Set(rows.map(({ key }) => key));
    expect(end.until).toBe('reached');
    expect(keys).toContain('before');
    expect(keys).not.toContain('behind');
    expect(keys).not.toContain('last');
  });

  test('with rubbish in it is AOF_CORRUPT at its place, behind all that stands before', async () => {
    const copy = copied();
    const file = readFileSync(copy.last);
    const { rows } = walkAof(file);
    for (const row of [rows[0], rows[Math.floor(rows.length / 2)], rows.at(-1)!]) {
      writeFileSync(copy.last, Buffer.concat([file.subarray(0, row.endOffset), Buffer.from('rubbish\r\n'), file.subarray(row.endOffset)]));
      const read = openFileSource(copy.place).then(readSource);
      await expect(read).rejects.toMatchObject({ code: 'AOF_CORRUPT', details: { file: copy.last, offset: row.endOffset } });
    }
    copy.remove();
  });

  test('whose base is cut is RDB_CORRUPT', async () => {
    const copy = copied();
    const base = readdirSync(copy.place).find((name) => name.endsWith('.base.rdb'))!;
    truncateSync(join(copy.place, base), readFileSync(join(copy.place, base)).length - 10);
    await expect(openFileSource(copy.place).then(readSource)).rejects.toMatchObject({ code: 'RDB_CORRUPT' });
    copy.remove();
  });
});
