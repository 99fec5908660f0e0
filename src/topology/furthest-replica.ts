/** Which of several replicas has the most: asked themselves and now, since what others say of them is seconds old. */
import type { Endpoint } from '../model/endpoint.ts';
import type { DiscoveryOptions } from './cluster-api.ts';
import { discoveryConnection } from './discovery-connection.ts';

/**
 * Index of the replica with the highest offset among those that can be reached, do not load, are replicas, and whose link to the primary is up and not in a
 * full sync; -1 = none. Of equals the first.
 */
export async function furthestReplica(endpoints: readonly Endpoint[], options: DiscoveryOptions): Promise<number> {
  const offsets = await Promise.all(endpoints.map((endpoint) => offsetOf(endpoint, options)));
  const most = Math.max(-1, ...offsets);
  return most < 0 ? -1 : offsets.indexOf(most);
}

/** -1 = not to be read from. */
async function offsetOf(endpoint: Endpoint, options: DiscoveryOptions): Promise<number> {
  const connection = discoveryConnection(options, endpoint);
  try {
    await connection.connect({ attemptsMax: 1 });
    return usableOffset(String(await connection.call('INFO', 'replication')));
  } catch {
    return -1;
  } finally {
    await connection.close();
  }
}

/** @param info INFO replication */
function usableOffset(info: string): number {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  if (field('role') !== 'slave' || field('master_link_status') !== 'up' || field('master_sync_in_progress') === '1') return -1;
  const offset = Number(field('slave_repl_offset'));
  return Number.isFinite(offset) ? offset : -1;
}
