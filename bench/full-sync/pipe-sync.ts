/** The target's own limit: `redis-cli --pipe` with RESTOREs that lie ready in a file. No source, no parsing, no checks: nothing to compare a sync with but its floor. */
import { hostTool } from '../../scripts/servers.ts';
import { runTimed } from '../measure/timed-process.ts';
import type { FullSyncPlace, FullSyncRun } from './full-sync-run.ts';

export async function pipeSync({ target, restoreFile }: FullSyncPlace): Promise<FullSyncRun> {
  const { command, args } = await hostTool('redis-cli');
  const { wallMs, cpuMs, rssBytesMax, stdout } = await runTimed(command, [...args, '-p', String(target.port), '--pipe'], { stdinFile: restoreFile });
  if (!stdout.includes('errors: 0')) throw new Error(`redis-cli --pipe: ${stdout}`);
  return { wallMs, toolCpuMs: cpuMs, rssBytesMax, dataMs: null };
}
