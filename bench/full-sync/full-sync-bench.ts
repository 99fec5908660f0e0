/**
 * Full syncs of one data set, the tools by turns in one session, since machines drift: each run has a fresh empty target process, and all share one
 * source. Before the first run of each tool is believed, the target's DEBUG DIGEST must be the source's.
 */
import type { Redis } from 'ioredis';
import type { SetName } from '../data/data-sets.ts';
import { restoreFile } from '../data/restore-file.ts';
import { savedName, startTarget, withSource } from '../data/source-with-set.ts';
import type { RealServer } from '../../test/support/server.ts';
import { info, keyCount, serverCpuMs, waitForNoChild } from '../measure/server-facts.ts';
import type { FullSyncRun, FullSyncTool } from './full-sync-run.ts';
import { godwitSync } from './godwit-sync.ts';
import { nativeSync } from './native-sync.ts';
import { pipeSync } from './pipe-sync.ts';

export const FULL_SYNC_TOOLS = { native: nativeSync, pipe: pipeSync, godwit: godwitSync } as const satisfies Readonly<Record<string, FullSyncTool>>;
export type FullSyncToolName = keyof typeof FULL_SYNC_TOOLS;

export interface FullSyncMeasure extends FullSyncRun {
  readonly sourceCpuMs: number;
  readonly targetCpuMs: number;
}

export interface FullSyncResult {
  readonly set: SetName;
  readonly keys: number;
  readonly runs: ReadonlyMap<FullSyncToolName, readonly FullSyncMeasure[]>;
}

const NAMES = Object.keys(FULL_SYNC_TOOLS) as FullSyncToolName[];
/** Marks of Godwit, which the source does not have. */
const OWN_KEYS = '__godwit*';

export function benchFullSync(set: SetName, size: number, runCount: number): Promise<FullSyncResult> {
  return withSource(set, size, async (source) => {
    const client = source.client();
    const keys = keyCount(await info(client, 'keyspace'));
    const place = { source, keys, restoreFile: await restoreFile(savedName(set, size), source) };
    const digest = String(await client.call('DEBUG', 'DIGEST'));
    const runs = new Map<FullSyncToolName, FullSyncMeasure[]>(NAMES.map((name) => [name, []]));
    for (let i = 0; i < runCount; i++) {
      for (const name of NAMES) {
        const expected = i === 0 ? digest : null;
        const measure = await runOnce(place, client, FULL_SYNC_TOOLS[name], expected);
        runs.get(name)!.push(measure);
        console.log(`${set} run ${i + 1} ${name.padEnd(7)} ${say(measure)}`);
      }
    }
    return { set, keys, runs };
  });
}

interface Place {
  readonly source: RealServer;
  readonly keys: number;
  readonly restoreFile: string;
}

/** @param digest of the source, or null: this run is not checked */
async function runOnce(place: Place, sourceClient: Redis, tool: FullSyncTool, digest: string | null): Promise<FullSyncMeasure> {
  const target = await startTarget();
  try {
    const targetClient = target.client();
    await waitForNoChild(sourceClient);
    const sourceBeforeMs = await serverCpuMs(sourceClient);
    const targetBeforeMs = await serverCpuMs(targetClient);
    const run = await tool({ ...place, target, targetClient });
    const targetCpuMs = (await serverCpuMs(targetClient)) - targetBeforeMs;
    await waitForNoChild(sourceClient);
    const sourceCpuMs = (await serverCpuMs(sourceClient)) - sourceBeforeMs;
    if (digest !== null) await check(targetClient, digest);
    return { ...run, sourceCpuMs, targetCpuMs };
  } finally {
    await target.stop();
  }
}

async function check(client: Redis, digest: string): Promise<void> {
  await client.call('REPLICAOF', 'NO', 'ONE');
  const own = await client.keys(OWN_KEYS);
  if (own.length > 0) await client.del(...own);
  const found = String(await client.call('DEBUG', 'DIGEST'));
  if (found !== digest) throw new Error(`the target has other data than the source: digest ${found} instead of ${digest}`);
}

function say({ wallMs, dataMs, toolCpuMs, rssBytesMax, sourceCpuMs, targetCpuMs }: FullSyncMeasure): string {
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
  return [
    `wall ${seconds(wallMs)}`,
    ...(dataMs === null ? [] : [`data ${seconds(dataMs)}`]),
    ...(toolCpuMs === null ? [] : [`tool CPU ${seconds(toolCpuMs)}`]),
    ...(rssBytesMax === null ? [] : [`peak RSS ${(rssBytesMax / 1e6).toFixed(0)} MB`]),
    `CPU of source ${seconds(sourceCpuMs)}, of target ${seconds(targetCpuMs)}`,
  ].join(', ');
}
