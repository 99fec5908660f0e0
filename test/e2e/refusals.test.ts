/** Commands that the target refuses: for good (--on-error), or for now (OOM, READONLY, LOADING ...), when Godwit waits, says so, and goes on. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import type { GodwitExit, GodwitProcess } from '../support/godwit-process.ts';
import { oneLine } from '../support/one-line.ts';
import { openScene, type SceneOptions, type SyncScene } from '../support/sync-scene.ts';
import { waitFor } from '../support/wait-for.ts';

let scene: SyncScene;
let source: Redis;
let target: Redis;

afterEach(() => scene.close());

async function open({ source: from, target: to }: SceneOptions = {}): Promise<void> {
  scene = await openScene({ source: from ?? {}, target: to ?? {} });
  source = scene.source.client();
  target = scene.target.client();
}

async function follow(...args: readonly string[]): Promise<GodwitProcess> {
  const godwit = scene.godwit('--dead-letter-file', letterFile(), ...args);
  await godwit.waitForPhase('incremental-sync');
  return godwit;
}

const letterFile = (): string => join(scene.spoolDir, 'letters', 'refused.jsonl');

interface Letter {
  readonly at: string;
  readonly offset: number;
  readonly database: number;
  readonly error: string;
  readonly command: string;
}

/** What is in the dead-letter file, the command as words. */
function letters(): (Omit<Letter, 'command' | 'at'> & { words: string[] })[] {
  if (!existsSync(letterFile())) return [];
  const lines = readFileSync(letterFile(), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const { at, command, ...facts } = JSON.parse(line) as Letter;
    expect(new Date(at).getTime()).toBeGreaterThan(Date.now() - 60_000);
    return {
      ...facts,
      words: Buffer.from(command, 'base64')
        .toString()
        .split('\r\n')
        .filter((_, index) => index > 0 && index % 2 === 0),
    };
  });
}

/** A letter is written when its transaction is known to be applied: a moment after the mark. */
async function letterCount(godwit: GodwitProcess, count: number): Promise<void> {
  await godwit.waitForStatus(`${count} letters`, ({ errors }) => errors.deadLetters === count);
}

/** Awaits the end while the source says something, which leaves no trace in the data. */
async function endOf(godwit: GodwitProcess): Promise<GodwitExit> {
  const talking = setInterval(() => void source.publish('channel', 'word'), 50);
  try {
    return await godwit.exit;
  } finally {
    clearInterval(talking);
  }
}

/** A folder lies where the target would put its snapshot. */
async function breakSaving(): Promise<void> {
  mkdirSync(join(scene.target.dir, 'dump.rdb'));
  await target.config('SET', 'save', '3600 1');
  await target.bgsave();
  await waitFor('a failed BGSAVE', async () => (await target.info('persistence')).includes('rdb_last_bgsave_status:err'));
}

async function userKeys(): Promise<string[]> {
  return (await target.keys('*')).filter((key) => !key.startsWith('__godwit')).toSorted();
}

function events(godwit: GodwitProcess, name: string): string[] {
  return godwit.lines.filter(({ event }) => event === name).map(({ message }) => String(message));
}

describe('a command that cannot be said to the target', () => {
  const OLDER = { source: { server: 'redis-8.0' }, target: { server: 'redis-7.0' } } as const;

  async function writeNews(): Promise<void> {
    await source.multi().set('before', 1).call('HSETEX', 'news', 'EX', '1000', 'FIELDS', '1', 'field', 'secret').incr('after').exec();
    await source.set('end', 'end');
  }

  test('stops the job with nothing of its transaction applied, and the next run stops there again', async () => {
    await open(OLDER);
    const first = await follow();
    await writeNews();
    const words =
      /^target \S+: HSETEX of key "news" cannot be applied: the target has no expiry of hash fields .*\. Nothing of its transaction is applied\. .*--on-error dead-letter/;
    expect(oneLine(await endOf(first), 'TARGET_REFUSED')).toMatch(words);
    expect(oneLine(await endOf(scene.godwit()), 'TARGET_REFUSED')).toMatch(words);
    expect(await userKeys()).toEqual([]);
    expect(letters()).toEqual([]);
    expect(events(first, 'versions.losses')).toEqual([
      expect.stringMatching(/^the target \(Redis 7\.0\.\d+\) cannot hold all that the source \(Redis 8.*hashes with field expiry/),
    ]);
  });

  test('goes to the dead-letter file, once, and all the rest is applied', async () => {
    await open(OLDER);
    const godwit = await follow('--on-error', 'dead-letter');
    await writeNews();
    await godwit.waitForLagZero(scene.source);
    await letterCount(godwit, 1);
    expect(letters()).toEqual([
      {
        offset: expect.any(Number),
        database: 0,
        error: expect.stringMatching(/^the target has no expiry of hash fields/),
        words: ['HSETEX', 'news', 'PXAT', expect.stringMatching(/^\d{13}$/), 'FIELDS', '1', 'field', 'secret'],
      },
    ]);
    expect(await userKeys()).toEqual(['after', 'before', 'end']);
    expect(await scene.differences()).toEqual(['db 0 "news": type: hash | none']);
  });

  test('stops the job without telling its values', async () => {
    await open(OLDER);
    const godwit = await follow();
    await writeNews();
    expect(JSON.stringify([await endOf(godwit), godwit.lines])).not.toContain('secret');
  });
});

describe('a command that the target does not know', () => {
  const HIDES = { target: { args: ['--rename-command', 'LPUSH', 'HIDDEN', '--rename-command', 'SADD', 'HIDDEN_TOO'] } };

  test('in a transaction: stops the job with nothing of it applied, without telling its values; the next run stops there again', async () => {
    await open(HIDES);
    const first = await follow();
    await source.multi().set('before', 1).lpush('list', 'secret').incr('after').exec();
    const words = /^target \S+ refused lpush of key "list": ERR unknown command .* Nothing of its transaction is applied\. .*--on-error dead-letter/;
    expect(oneLine(await endOf(first), 'TARGET_REFUSED')).toMatch(words);
    expect(JSON.stringify([await first.exit, first.lines])).not.toContain('secret');
    expect(oneLine(await endOf(scene.godwit()), 'TARGET_REFUSED')).toMatch(words);
    expect(await userKeys()).toEqual([]);
    expect(letters()).toEqual([]);
  });

  test('alone, and one that may be applied twice: stops the job without a letter, and the next run stops there again', async () => {
    await open(HIDES);
    const first = await follow();
    await source.sadd('set', 'secret');
    const words = /^target \S+ refused sadd of key "set": ERR unknown command .* The next run tries it again\. .*--on-error dead-letter/;
    expect(oneLine(await first.exit, 'TARGET_REFUSED')).toMatch(words);
    expect(JSON.stringify([await first.exit, first.lines])).not.toContain('secret');
    expect(oneLine(await scene.godwit().exit, 'TARGET_REFUSED')).toMatch(words);
    expect(letters()).toEqual([]);
  });

  test('goes to the dead-letter file, once, and all the rest is applied', async () => {
    await open(HIDES);
    const godwit = await follow('--on-error', 'dead-letter');
    await source.multi().set('before', 1).lpush('list', 'lost').incr('after').exec();
    await source.sadd('set', 'lost too');
    await source.set('end', 'end');
    await godwit.waitForLagZero(scene.source);
    await letterCount(godwit, 2);
    expect(letters()).toEqual([
      { offset: expect.any(Number), database: 0, error: expect.stringMatching(/^ERR unknown command 'lpush'/), words: ['lpush', 'list', 'lost'] },
      { offset: expect.any(Number), database: 0, error: expect.stringMatching(/^ERR unknown command 'sadd'/), words: ['sadd', 'set', 'lost too'] },
    ]);
    expect(await userKeys()).toEqual(['after', 'before', 'end']);
  });
});

describe('a command that fails at the target, since somebody wrote there', () => {
  async function disturbAndWrite(): Promise<void> {
    await target.set('list', 'text');
    await source.multi().incr('before').lpush('list', 'lost').incr('after').exec();
  }

  test('in a transaction: it is applied without it, which is in the dead-letter file; the job stops, and the next run goes on behind it', async () => {
    await open();
    const first = await follow();
    await disturbAndWrite();
    const line = oneLine(await endOf(first), 'TARGET_REFUSED');
    expect(line).toMatch(/refused lpush of key "list": WRONGTYPE .* What came with it is applied; the command is in \S.*\. Read the reply/);
    expect(await target.mget('before', 'list', 'after')).toEqual(['1', 'text', '1']);
    expect(letters().map(({ words }) => words)).toEqual([['lpush', 'list', 'lost']]);
    const second = await follow();
    await source.incr('after');
    await second.waitForLagZero(scene.source);
    expect(await target.mget('before', 'list', 'after')).toEqual(['1', 'text', '2']);
    expect(letters()).toHaveLength(1);
  });

  test('alone, and one that may be applied twice: stops the job without a letter, again and again, until it is cured', async () => {
    await open();
    const first = await follow();
    await target.set('set', 'text');
    await source.sadd('set', 'one');
    await source.sadd('set', 'two');
    await source.set('later', 'value');
    const words = /refused sadd of key "set": WRONGTYPE .* The next run tries it again\. Read the reply/;
    expect(oneLine(await first.exit, 'TARGET_REFUSED')).toMatch(words);
    expect(oneLine(await scene.godwit().exit, 'TARGET_REFUSED')).toMatch(words);
    expect(letters()).toEqual([]);
    await target.del('set');
    const third = await follow();
    await third.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
  });

  test('goes to the dead-letter file, and the job goes on', async () => {
    await open();
    const godwit = await follow('--on-error', 'dead-letter');
    await disturbAndWrite();
    await source.lpush('list', 'lost too');
    await godwit.waitForLagZero(scene.source);
    await letterCount(godwit, 2);
    expect(letters().map(({ words }) => words)).toEqual([
      ['lpush', 'list', 'lost'],
      ['lpush', 'list', 'lost too'],
    ]);
    expect(await scene.differences()).toEqual(['db 0 "list": type: list | string']);
  });

  test('is written down with its own database', async () => {
    await open();
    const godwit = await follow('--on-error', 'dead-letter');
    const second = scene.target.client({ db: 3 });
    await second.set('list', 'text');
    await source.multi().select(3).lpush('list', 'lost').select(0).set('end', 1).exec();
    await godwit.waitForLagZero(scene.source);
    await letterCount(godwit, 1);
    expect(letters()).toEqual([expect.objectContaining({ database: 3 })]);
  });

  test('is told at once when the source is quiet', async () => {
    await open({ source: { args: { 'repl-ping-replica-period': 3_600 } } });
    const godwit = await follow();
    await disturbAndWrite();
    const ended = await Promise.race([godwit.exit, new Promise<null>((resolve) => setTimeout(resolve, 2_500, null))]);
    expect(ended?.code).toBe(4);
  });
});

describe('a target that takes no writes for now is waited for', { timeout: 40_000 }, () => {
  test.each([
    ['it is out of memory', /OOM command not allowed/, () => target.config('SET', 'maxmemory', 1), () => target.config('SET', 'maxmemory', 0)],
    ['it cannot save its data', /MISCONF/, breakSaving, () => target.config('SET', 'stop-writes-on-bgsave-error', 'no')],
    ['it lacks replicas', /NOREPLICAS/, () => target.config('SET', 'min-replicas-to-write', 1), () => target.config('SET', 'min-replicas-to-write', 0)],
    ['it became a replica', /READONLY/, async () => target.call('REPLICAOF', '127.0.0.1', await freePort()), () => target.call('REPLICAOF', 'NO', 'ONE')],
  ])('%s', async (_, words, trouble, cure) => {
    await open();
    const godwit = await follow();
    const load = scene.load();
    await load.more(200);
    await trouble();
    const { errors, phase } = await godwit.waitForStatus('the trouble', ({ errors: { last } }) => last?.code === 'TARGET_NOT_READY');
    expect([phase, errors.last?.message]).toEqual(['incremental-sync', expect.stringMatching(words)]);
    await load.more(500);
    await cure();
    await load.stop();
    await godwit.waitForLagZero(scene.source);
    await waitFor('the end of the trouble', () => events(godwit, 'target.ready').length === 1);
    expect(events(godwit, 'target.not-ready')).toEqual([expect.stringMatching(words)]);
    expect(await scene.differences()).toEqual([]);
    expect(letters()).toEqual([]);
  });

  test('from the start: it is out of memory, then it is not', async () => {
    await open({ target: { args: ['--maxmemory', '1'] } });
    await source.set('key', 'value');
    const godwit = scene.godwit();
    await godwit.waitForStatus('the trouble', ({ errors: { last } }) => /OOM/.test(last?.message ?? ''));
    await target.config('SET', 'maxmemory', 0);
    await godwit.waitForPhase('incremental-sync');
    expect(events(godwit, 'target.ready')).toHaveLength(1);
    await godwit.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
  });

  test('a script runs there for long', async () => {
    await open({ target: { args: ['--lua-time-limit', '100'] } });
    const godwit = await follow();
    const load = scene.load();
    const script = scene.target.client().eval('while true do end', 0);
    const killed = expect(script).rejects.toThrow(/killed/);
    const { errors } = await godwit.waitForStatus('the trouble', ({ errors: { last } }) => last?.code === 'TARGET_NOT_READY');
    expect(errors.last?.message).toMatch(/BUSY/);
    await load.more(300);
    await target.call('SCRIPT', 'KILL');
    await killed;
    await load.stop();
    await godwit.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
  });

  test('it loads its data, in the middle and at the start of a run', async () => {
    const slow = { args: ['--key-load-delay', '20000', '--loading-process-events-interval-bytes', '1024', '--appendonly', 'no'] };
    await open({ target: slow });
    const pipeline = source.pipeline();
    for (let n = 0; n < 2_000; n++) pipeline.set(`key:${n}`, `${n}`.padEnd(100, '.'));
    await pipeline.exec();
    const godwit = await follow();
    const load = scene.load();
    await load.more(200);
    const restarted = scene.target.restart();
    await godwit.waitForStatus('LOADING', ({ connections }) => connections.some(({ lastError }) => /LOADING/.test(lastError?.message ?? '')));
    const second = scene.godwit('--stop-when-lag-below', '1tb');
    await waitFor('LOADING at the start', () => second.lines.some(({ error }) => /LOADING/.test(String(error))));
    await scene.target.client({ enableReadyCheck: false }).config('SET', 'key-load-delay', '0');
    await restarted;
    expect((await second.exit).code).toBe(0);
    expect((await godwit.exit).stderr).toMatch(/^godwit: \[FENCED\]/);
    const third = await follow();
    await load.stop();
    await third.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
  });

  test('but not by SIGTERM: a run that is told to end ends, also when the target is away', async () => {
    await open();
    const godwit = await follow();
    await scene.target.kill();
    await source.incr('meanwhile');
    await godwit.waitForStatus('the loss', ({ connections }) => connections.some(({ role, state }) => role === 'target data' && state === 'backing-off'));
    const startedAt = performance.now();
    expect((await godwit.stop()).code).toBe(143);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});

describe('a target that holds keys', () => {
  beforeEach(async () => {
    await open();
    await source.mset('same', 'ours', 'a', '1', 'b', 'text');
    await source.rpush('list', 'ours', 'ours');
    await source.hset('hash', 'field', 'ours');
    await target.mset('same', 'theirs', 'only-there', 'theirs');
    await target.rpush('list', 'theirs');
    await scene.target.client({ db: 5 }).set('elsewhere', 'theirs');
  });

  test('--on-existing skip leaves them as they are and counts them', async () => {
    const godwit = await follow('--on-existing', 'skip');
    const { fullSync } = await godwit.waitForStatus('the keys', (status) => status.fullSync.keysApplied + status.fullSync.keysSkipped >= 5);
    expect([fullSync.keysApplied, fullSync.keysSkipped]).toEqual([3, 2]);
    expect(await target.mget('same', 'only-there')).toEqual(['theirs', 'theirs']);
    expect(await target.lrange('list', 0, -1)).toEqual(['theirs']);
    expect(await scene.differences()).toHaveLength(4);
    expect(letters()).toEqual([]);
  });

  test('--on-existing replace overwrites them and leaves what the source has not', async () => {
    const godwit = await follow('--on-existing', 'replace');
    await source.incr('after');
    await godwit.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual(['db 0 "only-there": type: none | string', 'db 5 "elsewhere": type: none | string']);
  });

  test('--flush-target --yes empties it first, in all databases', async () => {
    const godwit = await follow('--flush-target', '--yes');
    expect(godwit.lines).toContainEqual(expect.objectContaining({ level: 'warn', code: 'FLUSH' }));
    await source.incr('after');
    await godwit.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
  });

  test('--flush-target without --yes and without a terminal touches nothing', async () => {
    const { stderr } = await scene.godwit('--flush-target').exit;
    expect(stderr).toMatch(/^godwit: \[FLUSH_NOT_CONFIRMED\] [^\n]+ Add --yes [^\n]+\n$/);
    expect(await target.mget('same', 'only-there')).toEqual(['theirs', 'theirs']);
  });
});
