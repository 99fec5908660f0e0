/** What follows a source live: a native replica or Godwit. Both are attached to an empty source and looked at only through keys at the target. */
import type { Redis } from 'ioredis';
import { makeFolder, removeFolder } from '../data/cache-folder.ts';
import { startEmptySource, startTarget } from '../data/source-with-set.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import type { RealServer } from '../../test/support/server.ts';
import { godwitSyncArgs, plainEnvironment } from '../measure/godwit-command.ts';
import { type ProcessUse, TimedProcess } from '../measure/timed-process.ts';

export type FollowerName = 'native' | 'godwit';
export const FOLLOWER_NAMES: readonly FollowerName[] = ['native', 'godwit'];

export interface FollowedSource {
  readonly source: RealServer;
  readonly target: RealServer;
  readonly sourceClient: Redis;
  readonly targetClient: Redis;
}

export interface Followed<T> {
  readonly result: T;
  /** Of the whole run of Godwit, from its start to its end; null for a replica, whose work the target does. */
  readonly use: ProcessUse | null;
}

const SENTINEL_POLL_MS = 1;
const TIMEOUT_MS = 120_000;
/** How a Godwit that SIGTERM has ended exits. */
const TERMINATED = 143;

/** Runs `use` while the follower keeps up with a source of its own; then ends all three. */
export async function withFollower<T>(name: FollowerName, use: (followed: FollowedSource) => Promise<T>): Promise<Followed<T>> {
  const [source, target] = await Promise.all([startEmptySource(), startTarget()]);
  try {
    const followed = { source, target, sourceClient: source.client(), targetClient: target.client() };
    return await (name === 'native' ? withReplica(followed, use) : withGodwit(followed, use));
  } finally {
    await Promise.all([source.stop(), target.stop()]);
  }
}

/** Writes a key at the source and awaits it at the target: all that was written before is applied then. @returns performance.now() of that */
export async function catchUp({ sourceClient, targetClient }: FollowedSource, key: string): Promise<number> {
  await sourceClient.set(key, '1');
  await waitFor(`the key ${key} at the target`, () => targetClient.exists(key), { intervalMs: SENTINEL_POLL_MS, timeoutMs: TIMEOUT_MS });
  return performance.now();
}

async function withReplica<T>(followed: FollowedSource, use: (followed: FollowedSource) => Promise<T>): Promise<Followed<T>> {
  const { source, targetClient } = followed;
  await targetClient.call('REPLICAOF', source.host, String(source.port));
  await catchUp(followed, 'bench:attached');
  return { result: await use(followed), use: null };
}

async function withGodwit<T>(followed: FollowedSource, use: (followed: FollowedSource) => Promise<T>): Promise<Followed<T>> {
  const spoolDir = makeFolder('spool');
  const godwit = new TimedProcess(process.execPath, godwitSyncArgs(followed.source.url, followed.target.url, spoolDir), { env: plainEnvironment() });
  try {
    const early = godwit.ended.then(({ code, stdout, stderr }) => {
      throw new Error(`godwit ended with ${code} while it was measured\n${stdout.slice(-1_000)}\n${stderr}`);
    });
    const result = await Promise.race([early, catchUp(followed, 'bench:attached').then(() => use(followed))]);
    early.catch(() => undefined);
    godwit.signal('SIGTERM');
    const ended = await godwit.ended;
    if (ended.code !== TERMINATED) throw new Error(`godwit ended with ${ended.code}\n${ended.stdout.slice(-1_000)}\n${ended.stderr}`);
    return { result, use: ended };
  } finally {
    godwit.killNow();
    removeFolder(spoolDir);
  }
}
