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
  /** Of its time that its main thread has spent; -1 = unknown. */
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
  /** That commands took: scripts and transactions with what they hold, and all others, which these hold are counted again. */
  readonly wrapperSeconds: number;
  readonly plainSeconds: number;
}

const WRAPPERS = /^(?:eval|evalsha|fcall)(?:_ro)?$|^exec$/;

/** @throws CONNECTION_* */
export async function sampleActivity(connection: Connection): Promise<ActivitySample> {
  const [info, stats] = await connection.callAll([['INFO'], ['INFO', 'commandstats']]);
  return activitySample(new InfoFields(info), new InfoFields(stats), performance.now());
}

export function activitySample(info: InfoFields, stats: InfoFields, atMs: number): ActivitySample {
  let [calls, writeCalls, wrapperUsec, plainUsec] = [0, 0, 0, 0];
  for (const [name, one] of stats.commands()) {
    calls += one.calls;
    if (builtInCommands.named(name)?.writes) writeCalls += one.calls;
    if (WRAPPERS.test(name)) wrapperUsec += one.usec;
    else plainUsec += one.usec;
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
    wrapperSeconds: stats.raw === '' ? -1 : wrapperUsec / 1e6,
    plainSeconds: stats.raw === '' ? -1 : plainUsec / 1e6,
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
    // A server that does not get the CPU that it wants is busy too: then it is the commands that take long.
    busyShare: Math.max(
      perSecond((one) => one.cpuSeconds),
      perSecond((one) => one.wrapperSeconds),
      perSecond((one) => one.plainSeconds),
    ),
  };
}
