/** What the matrix has beyond rich data: values larger than every window, and keys with an idle time or a frequency. */
import type { RealServer } from '../../support/server.ts';
import { loadRichData } from '../../support/rich-data.ts';

/** Packed, a value of 9 MiB at least; the largest window has 8. */
const LARGE_ELEMENTS = 450_000;
const CHUNK = 10_000;
const IDLE_S = 5_000;
const FREQUENCY = 200;

const EVICTION_KEYS = ['eviction:hash', 'eviction:string'] as const;

/** @param large also the large values, which take a second to write */
export async function writeMatrixData(server: RealServer, large: boolean): Promise<void> {
  await loadRichData(server, { bigElements: 2_000, modules: true });
  if (!large) return;
  const client = server.client();
  try {
    const add = (command: string, words: string): string => `for i = ARGV[1], ARGV[2] do redis.call('${command}', KEYS[1], ${words}) end`;
    const values = [
      ['large:zset', add('ZADD', "i / 8, 'member of the large sorted set ' .. i")],
      ['large:list', add('RPUSH', "'element ' .. i .. ' ' .. redis.sha1hex(i)")],
    ] as const;
    for (const [key, script] of values) {
      for (let i = 0; i < LARGE_ELEMENTS; i += CHUNK) await client.eval(script, 1, key, i, i + CHUNK - 1);
    }
    await client.set('large:string', Buffer.alloc(9 * 2 ** 20, 'incompressible? no'));
  } finally {
    client.disconnect();
  }
}

/** A hash and a plain string whose idle time, or frequency, the next snapshot has; the policy of the server says which. */
export async function writeEvictionKeys(server: RealServer, what: 'idle' | 'freq'): Promise<void> {
  const client = server.client();
  await client.config('SET', 'maxmemory-policy', what === 'idle' ? 'allkeys-lru' : 'allkeys-lfu');
  await client.del(...EVICTION_KEYS);
  await client.hset('eviction:hash', 'f', 'v');
  await client.set('eviction:string', 'v');
  const words = what === 'idle' ? ['IDLETIME', IDLE_S] : ['FREQ', FREQUENCY];
  for (const key of EVICTION_KEYS) {
    const dump = (await client.callBuffer('DUMP', key)) as Buffer;
    await client.call('RESTORE', key, 0, dump, 'REPLACE', ...words);
  }
  client.disconnect();
}

/** @returns what of the idle times or frequencies is not as it was written; some time has passed since, and reads count */
export async function evictionComplaints(target: RealServer, what: 'idle' | 'freq'): Promise<string[]> {
  const client = target.client();
  const least = what === 'idle' ? IDLE_S : FREQUENCY - 50;
  const values = await Promise.all(EVICTION_KEYS.map((key) => client.call('OBJECT', what === 'idle' ? 'IDLETIME' : 'FREQ', key)));
  client.disconnect();
  return values.flatMap((value, i) => (Number(value) >= least ? [] : [`${EVICTION_KEYS[i]}: ${what} ${String(value)}, at least ${least} was expected`]));
}
