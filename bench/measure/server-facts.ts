/** What servers say of themselves, out of INFO. */
import type { Redis } from 'ioredis';
import { waitFor } from '../../test/support/wait-for.ts';

const POLL_MS = 5;
const TIMEOUT_MS = 300_000;

export async function info(client: Redis, ...sections: readonly string[]): Promise<string> {
  return String(await client.call('INFO', ...sections));
}

/** @returns NaN when the field is not there */
function fieldOf(text: string, name: string): number {
  return Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1]);
}

/** Of all databases, from an INFO with the section keyspace. */
export function keyCount(text: string): number {
  return [...text.matchAll(/^db\d+:keys=(\d+)/gm)].reduce((sum, match) => sum + Number(match[1]), 0);
}

/** User and system, of the server and of its children that have ended. */
export async function serverCpuMs(client: Redis): Promise<number> {
  const text = await info(client, 'cpu');
  const names = ['used_cpu_sys', 'used_cpu_user', 'used_cpu_sys_children', 'used_cpu_user_children'];
  return names.reduce((sum, name) => sum + fieldOf(text, name) * 1_000, 0);
}

/** Polls INFO every 5 ms. @returns performance.now() of the reply that satisfies */
export async function waitForInfo(client: Redis, what: string, sections: readonly string[], satisfies: (text: string) => boolean): Promise<number> {
  await waitFor(what, async () => satisfies(await info(client, ...sections)), { intervalMs: POLL_MS, timeoutMs: TIMEOUT_MS });
  return performance.now();
}

/** Awaits that the child which wrote the last snapshot has ended, so that its CPU is counted and it disturbs nobody. */
export async function waitForNoChild(client: Redis): Promise<void> {
  await waitForInfo(client, 'the end of the BGSAVE', ['persistence'], (text) => fieldOf(text, 'rdb_bgsave_in_progress') === 0);
}
