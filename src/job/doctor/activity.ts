/** How busy a server is, from two looks at what INFO counts. Pure but for asking. */
import { builtInCommands } from '../../command/built-in-commands.ts';
import type { Connection } from '../../net/connection.ts';
import { InfoFields } from './info-fields.ts';

export interface Activity {
  /** Between the two looks; 0 = not measured. */
  readonly overMs: number;
  /** Bytes that come into its stream of changes; -1 = unknown. */
  readonly writeBytesPerSecond: number;
  /** offset: counted by the server. input: no stream is kept yet, so it is what clients send, in the share of writes among all calls. */
  readonly measuredBy: 'offset' | 'input';
  /** -1 = unknown. */
  readonly commandsPerSecond: number;
  /** Of one core, of its main thread where that is told; -1 = unknown. */
  readonly busyShare: number;
}

export const UNKNOWN_ACTIVITY: Activity = { overMs: 0, writeBytesPerSecond: -1, measuredBy: 'offset', commandsPerSecond: -1, busyShare: -1 };

export interface ActivitySample {
  readonly atMs: number;
  readonly runId: string;
  /** Where a stream is kept; -1 = none is, or it is unknown. */
  readonly offset: number;
  readonly inputBytes: number;
  readonly calls: number;
  readonly writeCalls: number;
  readonly cpuSeconds: number;
}

/** @throws CONNECTION_* */
export async function sampleActivity(connection: Connection): Promise<ActivitySample> {
  const [info, stats] = await connection.callAll([['INFO'], ['INFO', 'commandstats']]);
  return activitySample(new InfoFields(info), new InfoFields(stats), performance.now());
}

export function activitySample(info: InfoFields, stats: InfoFields, atMs: number): ActivitySample {
  let [calls, writeCalls] = [0, 0];
  for (const [name, count] of stats.calls()) {
    calls += count;
    if (builtInCommands.named(name)?.writes) writeCalls += count;
  }
  const ofMain = info.number('used_cpu_user_main_thread');
  const cpu = ofMain < 0 ? ['used_cpu_user', 'used_cpu_sys'] : ['used_cpu_user_main_thread', 'used_cpu_sys_main_thread'];
  const cpuSeconds = cpu.map((name) => info.number(name));
  return {
    atMs,
    runId: info.text('run_id'),
    offset: info.text('repl_backlog_active') === '1' ? info.number('master_repl_offset') : -1,
    inputBytes: info.number('total_net_input_bytes'),
    calls: stats.raw === '' ? -1 : calls,
    writeCalls,
    cpuSeconds: cpuSeconds.some((one) => one < 0) ? -1 : cpuSeconds[0] + cpuSeconds[1],
  };
}

export function activityBetween(before: ActivitySample, after: ActivitySample): Activity {
  const overMs = after.atMs - before.atMs;
  if (overMs <= 0 || before.runId !== after.runId) return UNKNOWN_ACTIVITY;
  const perSecond = (of: (sample: ActivitySample) => number): number =>
    of(before) < 0 || of(after) < of(before) ? -1 : ((of(after) - of(before)) * 1000) / overMs;
  const byOffset = perSecond(({ offset }) => offset);
  const input = perSecond(({ inputBytes }) => inputBytes);
  const calls = perSecond((sample) => sample.calls);
  const writeCalls = after.writeCalls - before.writeCalls;
  // Without counts of commands all that comes in may be writes.
  const share = calls < 0 ? 1 : after.calls === before.calls ? 0 : writeCalls / (after.calls - before.calls);
  return {
    overMs,
    writeBytesPerSecond: byOffset >= 0 ? byOffset : input < 0 ? -1 : input * share,
    measuredBy: byOffset >= 0 ? 'offset' : 'input',
    commandsPerSecond: calls,
    busyShare: perSecond(({ cpuSeconds }) => cpuSeconds),
  };
}
