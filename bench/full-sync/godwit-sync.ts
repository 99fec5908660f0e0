/** `godwit sync --stop-after full-sync` as a process, from spawn to exit; and the part of it in which data flow. */
import { makeFolder, removeFolder } from '../data/cache-folder.ts';
import { godwitSyncArgs, plainEnvironment } from '../measure/godwit-command.ts';
import { keyCount, waitForInfo } from '../measure/server-facts.ts';
import { runTimed } from '../measure/timed-process.ts';
import type { FullSyncPlace, FullSyncRun } from './full-sync-run.ts';

/** Its mark. */
const OWN_KEYS = 1;
const SNAPSHOT_BEGINS = 'the source sends a snapshot (full sync)';

export async function godwitSync({ source, target, targetClient, keys }: FullSyncPlace): Promise<FullSyncRun> {
  const spoolDir = makeFolder('spool');
  try {
    const args = godwitSyncArgs(source.url, target.url, spoolDir, ['--stop-after', 'full-sync']);
    const running = runTimed(process.execPath, args, { env: plainEnvironment() });
    const complete = waitForInfo(targetClient, 'all keys', ['keyspace'], (text) => keyCount(text) >= keys + OWN_KEYS);
    const [use, completeAt] = await Promise.all([running, complete]);
    const dataMs = performance.timeOrigin + completeAt - timeOfLine(use.stdout, SNAPSHOT_BEGINS);
    return { wallMs: use.wallMs, toolCpuMs: use.cpuMs, rssBytesMax: use.rssBytesMax, dataMs };
  } finally {
    removeFolder(spoolDir);
  }
}

/** Epoch ms of the first log line with the message. */
function timeOfLine(log: string, message: string): number {
  for (const line of log.split('\n').filter((text) => text.includes(message))) {
    return Date.parse((JSON.parse(line) as { time: string }).time);
  }
  throw new Error(`the log of godwit has no line '${message}'`);
}
