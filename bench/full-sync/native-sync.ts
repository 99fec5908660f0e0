/** The measure of all: the target becomes a replica. From the command to the link being up and all keys there. */
import { keyCount, waitForInfo } from '../measure/server-facts.ts';
import type { FullSyncPlace, FullSyncRun } from './full-sync-run.ts';

export async function nativeSync({ source, targetClient, keys }: FullSyncPlace): Promise<FullSyncRun> {
  const startedAt = performance.now();
  await targetClient.call('REPLICAOF', source.host, String(source.port));
  const whole = (text: string): boolean => text.includes('master_link_status:up') && keyCount(text) === keys;
  const endedAt = await waitForInfo(targetClient, 'the replica', ['replication', 'keyspace'], whole);
  return { wallMs: endedAt - startedAt, toolCpuMs: null, rssBytesMax: null, dataMs: null };
}
