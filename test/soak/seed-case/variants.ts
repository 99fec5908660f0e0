/** The variants of the seed's case: full syncs of more than a minute to targets, and through proxies, that close or forget what is idle. */
import { type BlackHole, fallSilent } from '../../support/black-hole.ts';
import { type ConnectionCounts, lossesOf, type SlowSyncOptions } from '../../support/slow-sync.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { Variant, VariantRun } from './variant-run.ts';

const FULL_SYNC_MS = 62_000;
const LOWER_AFTER_MS = 10_000;
const SILENT_AFTER_MS = 8_000;
const SILENT_MS = 20_000;
/** What a busy machine may add to the announced time. */
const NOTICE_SLACK_MS = 1_000;
/** An attempt that began in the silence ends first (5 s), and its delay. */
const RECOVERED_MAX_MS = 8_000;

export const VARIANTS: readonly Variant[] = [
  undisturbed('timeout 2, keys always', slowly('always', { targetTimeoutS: 2 })),
  undisturbed('timeout 2, keys late', slowly('late', { targetTimeoutS: 2 })),
  undisturbed('timeout 1, keys always', slowly('always', { targetTimeoutS: 1 })),
  undisturbed('timeout 1, keys late', slowly('late', { targetTimeoutS: 1 })),
  undisturbed('source timeout 2', slowly('late', { sourceTimeoutS: 2 })),
  undisturbed('source timeout 1', slowly('always', { sourceTimeoutS: 1 })),
  undisturbed('no CONFIG, timeout 15', slowly('late', { targetTimeoutS: 15, targetRights: '+@all -config' })),
  { name: 'no CONFIG, timeout 5', scene: slowly('late', { targetTimeoutS: 5, targetRights: '+@all -config' }), disturb: noteLosses, judge: reconnected(2) },
  { name: 'timeout lowered to 2, keys late', scene: slowly('late'), disturb: lowerTimeout, judge: reconnected(1) },
  { name: 'timeout lowered to 2, keys always', scene: slowly('always'), disturb: lowerTimeout, judge: atMostOnce },
  undisturbed('idle flows dropped, told', slowly('late', { proxied: true }), ['--keepalive-idle-limit', '3s']),
  { name: 'idle flows dropped, not told', scene: slowly('late', { proxied: true }), disturb: dropIdle, judge: reconnected(3) },
  inFullSync('target stopped in full sync', 'stopped'),
  inFullSync('all swallowed in full sync', 'swallowed'),
  inIncrementalSync('target stopped under load', 'stopped'),
  inIncrementalSync('all swallowed under load', 'swallowed'),
];

function slowly(arrival: SlowSyncOptions['arrival'], more: Partial<SlowSyncOptions> = {}): SlowSyncOptions {
  return { fullSyncMs: FULL_SYNC_MS, arrival, ...more };
}

function undisturbed(name: string, scene: SlowSyncOptions, flags: readonly string[] = []): Variant {
  const disturb = scene.proxied ? dropIdle : undefined;
  return { name, scene, flags, disturb, judge: (counts) => [...sourceKept(counts), ...targetKept(counts)] };
}

function inFullSync(name: string, kind: BlackHole['kind']): Variant {
  const silence = async (run: VariantRun): Promise<void> => {
    await until(run, SILENT_AFTER_MS);
    await silenced(run, kind);
  };
  return { name, scene: slowly('always', { targetTimeoutS: 2, proxied: kind === 'swallowed' }), disturb: silence, judge: reconnected(1) };
}

function inIncrementalSync(name: string, kind: BlackHole['kind']): Variant {
  const silence = async (run: VariantRun): Promise<void> => {
    const load = run.slow.load();
    await run.status('incremental sync', ({ phase }) => phase === 'incremental-sync');
    await load.more(1_000);
    await silenced(run, kind);
    await load.more(1_000);
    run.notes.push(`${await load.stop()} commands written`);
  };
  return { name, scene: { fullSyncMs: 0, arrival: 'always', targetTimeoutS: 2, proxied: kind === 'swallowed' }, disturb: silence, judge: reconnected(1) };
}

async function silenced({ slow, godwit, notes }: VariantRun, kind: BlackHole['kind']): Promise<void> {
  const { announcedMs, noticedMs, recoveredMs } = await fallSilent(slow, godwit, { kind, lastsMs: SILENT_MS });
  notes.push(`announced ${seconds(announcedMs)}, noticed after ${seconds(noticedMs)}, back ${seconds(recoveredMs)} after the end`);
  if (noticedMs < 0 || noticedMs > announcedMs + NOTICE_SLACK_MS) throw new Error(`noticed after ${noticedMs} ms, announced were ${announcedMs} ms`);
  if (recoveredMs > RECOVERED_MAX_MS) throw new Error(`back only ${recoveredMs} ms after the end of the silence`);
}

async function lowerTimeout(run: VariantRun): Promise<void> {
  await until(run, LOWER_AFTER_MS);
  await run.slow.setTargetTimeout(2);
  await noteLosses(run);
}

async function dropIdle(run: VariantRun): Promise<void> {
  run.slow.proxy.dropIdleAfter(3_000);
  await noteLosses(run);
  run.notes.push(`${run.slow.proxy.dropped} flows dropped`);
}

/** Follows the connection to the target to the end of the full sync and notes when it was lost. */
async function noteLosses(run: VariantRun): Promise<void> {
  const beganMs = run.runningMs;
  const lostMs: number[] = [];
  await run.status('the end of the full sync', ({ phase }) => {
    while (lostMs.length < lossesOf(run.godwit, 'target data').length) lostMs.push(run.runningMs - beganMs);
    return phase === 'incremental-sync';
  });
  const { keepaliveIntervalMs, keepaliveReason } = await run.targetData();
  const losses = lostMs.length === 0 ? 'no loss' : `lost after ${lostMs.map(seconds).join(', ')} (${lossesOf(run.godwit, 'target data').join(', ')})`;
  run.notes.push(`${losses}, then stable for ${seconds(run.runningMs - beganMs - (lostMs.at(-1) ?? 0))} at ${keepaliveIntervalMs} ms (${keepaliveReason})`);
}

/** The source did one full sync, and nothing was asked for again. */
function sourceKept({ fullSyncs, reconnects, closedBySource }: ConnectionCounts): string[] {
  return [
    ...(fullSyncs === 1 ? [] : [`the source did ${fullSyncs} full syncs`]),
    ...(reconnects['source replication'] === 0 ? [] : ['the replication link was made anew']),
    ...(reconnects['source control'] === 0 ? [] : ['the control connection to the source was made anew']),
    ...(closedBySource === 0 ? [] : [`the source closed ${closedBySource} connections`]),
  ];
}

function targetKept({ reconnects, closedByTarget }: ConnectionCounts): string[] {
  return [
    ...(reconnects['target data'] === 0 ? [] : [`${reconnects['target data']} reconnects to the target`]),
    ...(closedByTarget === 0 ? [] : [`the target closed ${closedByTarget} connections`]),
  ];
}

/** The connection to the target was lost once at least, came back each time, and then stayed. */
function reconnected(times: number): Variant['judge'] {
  return (counts) => {
    const count = counts.reconnects['target data'];
    return [...sourceKept(counts), ...(count >= 1 && count <= times ? [] : [`${count} reconnects to the target where 1 to ${times} are due`])];
  };
}

function atMostOnce(counts: ConnectionCounts): string[] {
  return [...sourceKept(counts), ...(counts.reconnects['target data'] <= 1 ? [] : ['more than one reconnect to the target'])];
}

async function until(run: VariantRun, afterMs: number): Promise<void> {
  await waitFor(`${afterMs} ms of the run`, () => run.runningMs >= afterMs, { timeoutMs: afterMs * 2, intervalMs: 50 });
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
