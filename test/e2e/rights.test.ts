/** Users that may do exactly what the README asks for, and users that lack one of it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { loadRichData } from '../support/rich-data.ts';
import { makeSyncUser, SCRIPTS_BEFORE_SEVEN, SOURCE_RIGHTS, TARGET_RIGHTS } from '../support/sync-users.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

const BACKLOG = { 'repl-backlog-size': '64mb' };
/** Optional: without them less is known, and all still works. */
const LESS_SOURCE_RIGHTS = '+psync +replconf +ping +info';
const LESS_TARGET_RIGHTS = TARGET_RIGHTS.replace(' +role +client|setname +client|list +client|kill +config|get', '');

let scene: SyncScene;

async function setRights(source: string, target: string): Promise<void> {
  scene.sourceUrl = await makeSyncUser(scene.source, source);
  scene.targetUrl = await makeSyncUser(scene.target, target);
}

describe('the rights that the README names suffice', () => {
  afterEach(() => scene.close());

  test.each([
    ['redis-6.0', SOURCE_RIGHTS, `${TARGET_RIGHTS} ${SCRIPTS_BEFORE_SEVEN}`],
    ['redis-7.0', SOURCE_RIGHTS, TARGET_RIGHTS],
    ['redis-7.0', LESS_SOURCE_RIGHTS, LESS_TARGET_RIGHTS],
    ['valkey-9.1', SOURCE_RIGHTS, TARGET_RIGHTS],
  ] as const)('on %s: %s', async (server, source, target) => {
    scene = await openScene({ source: { server, args: BACKLOG }, target: { server } });
    await setRights(source, target);
    await loadRichData(scene.source, { bigElements: 500 });
    const load = scene.load();
    const first = scene.godwit();
    await first.waitForPhase('incremental-sync');
    await load.more(500);
    await first.kill();
    const second = scene.godwit();
    await second.waitForPhase('incremental-sync');
    await load.more(500);
    await load.stop();
    await second.waitForLagZero(scene.source);
    // Before 7.0 a source sends EXPIRE as it was called, and its time counts from when it arrives.
    expect(await scene.differences(scene.source.atLeast(7) ? {} : { ttlToleranceMs: 2_000 })).toEqual([]);
    expect(second.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
    expect((await second.stop()).code).toBe(143);
    expect((await scene.godwit('--finish').exit).code).toBe(0);
  });
});

/** The whole of stderr, which is one line; nothing was written. */
async function refusal(...args: readonly string[]): Promise<string> {
  const { code, stderr } = await scene.godwit(...args).exit;
  expect(stderr).toMatch(/^godwit: \[PERMISSION_DENIED\] [^\n]+\n$/);
  expect(code).toBe(3);
  const client = scene.target.client();
  expect(await client.dbsize()).toBe(0);
  client.disconnect();
  return stderr;
}

const SOURCE_NEEDS = ['psync', 'replconf', 'ping', 'info'];
const TARGET_NEEDS = 'ping info select hget hgetall watch unwatch multi exec discard hmset restore set del'.split(' ');

describe.each([
  ['redis-7.0', SOURCE_NEEDS, TARGET_NEEDS],
  ['redis-6.0', ['psync'], ['exec', 'restore']],
  ['valkey-9.1', ['psync'], ['exec', 'restore']],
] as const)('a right that is missing is named before anything is written, on %s', (server, sourceNeeds, targetNeeds) => {
  beforeAll(async () => {
    scene = await openScene({ source: { server }, target: { server } });
    await scene.source.client().set('k', 'v');
  });
  afterAll(() => scene.close());

  test.each(sourceNeeds)('at the source: %s', async (name) => {
    await setRights(`${SOURCE_RIGHTS} -${name}`, TARGET_RIGHTS);
    const line = await refusal();
    expect(line).toContain(`may not use ${name.toUpperCase()} (NOPERM`);
    expect(line).toContain(`Grant it at the source: ACL SETUSER mover +${name}`);
    expect(await scene.sourceCounter('sync_full')).toBe(0);
  });

  test.each(targetNeeds)('at the target: %s', async (name) => {
    await setRights(SOURCE_RIGHTS, `${TARGET_RIGHTS} -${name}`);
    const line = await refusal();
    expect(line).toContain(`may not use ${name.toUpperCase()} (NOPERM`);
    expect(line).toContain(`Grant it at the target: ACL SETUSER mover +${name}`);
  });

  test('several are named at once', async () => {
    await setRights('+ping', TARGET_RIGHTS);
    expect(await refusal()).toContain('ACL SETUSER mover +info +replconf +psync');
  });

  test('FLUSHALL, if the target is to be emptied', async () => {
    await setRights(SOURCE_RIGHTS, `${TARGET_RIGHTS} -flushall`);
    expect(await refusal('--flush-target', '--yes')).toContain('ACL SETUSER mover +flushall');
  });

  test('the keys of Godwit itself', async () => {
    await setRights(SOURCE_RIGHTS, TARGET_RIGHTS.replace('~*', '~app:*'));
    const line = await refusal();
    expect(line).toContain('may not use keys ~__godwit* (NOPERM');
    expect(line).toContain('ACL SETUSER mover ~__godwit*');
  });
});

describe('a right that only some data needs', () => {
  afterEach(() => scene.close());

  test('is warned of at the start, named when the source sends such a command, and granted without a loss', async () => {
    scene = await openScene({ source: { args: BACKLOG } });
    const client = scene.source.client();
    await client.rpush('list', 'in the snapshot');
    await setRights(SOURCE_RIGHTS, `${TARGET_RIGHTS} -rpush`);
    const first = scene.godwit();
    await first.waitForPhase('incremental-sync');
    expect(first.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([expect.stringContaining('may not run rpush: ')]);
    await client.multi().incr('counter').rpush('list', 'in the stream').exec();
    const { code, stderr } = await first.exit;
    expect(stderr).toMatch(/^godwit: \[PERMISSION_DENIED\] [^\n]+ the user may not run RPUSH \(NOPERM [^\n]+\n$/);
    expect(code).toBe(3);
    await setRights(SOURCE_RIGHTS, TARGET_RIGHTS);
    const second = scene.godwit();
    await second.waitForPhase('incremental-sync');
    await client.incr('counter');
    await second.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
    expect(await scene.sourceCounter('sync_full')).toBe(1);
  });
});

describe('a command that the server hides', () => {
  afterEach(() => scene.close());

  test.each([
    ['source', 'PSYNC', 'PSYNC_REFUSED'],
    ['target', 'RESTORE', 'TARGET_REFUSED'],
  ] as const)('at the %s, %s, is named before anything is written', async (side, command, code) => {
    scene = await openScene({ [side]: { args: ['--rename-command', command, 'HIDDEN'] } });
    await scene.source.client().set('k', 'v');
    const ended = await scene.godwit().exit;
    expect(ended.stderr).toMatch(new RegExp(`^godwit: \\[${code}\\] ${side} [^ ]+ has no ${command} \\(ERR unknown command [^\\n]+\\n$`));
    expect(ended.code).toBe(4);
    expect(await scene.target.client().dbsize()).toBe(0);
  });
});
