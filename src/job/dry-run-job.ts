/** `--dry-run`: takes what a source holds, or a file, through the rules of the job, and tells what they would do. Nothing is written, and no target is asked. */
import type { Readable } from 'node:stream';
import type { JobConfig, LoadConfig, SyncConfig } from '../config/sync-config.ts';
import { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { Logger } from '../observe/log.ts';
import { DryRun, type DryRunReport } from '../pipeline/dry-run.ts';
import { walkDry } from '../pipeline/walk-dry.ts';
import { DeadLetterFile } from '../target/dead-letter.ts';
import { openLiveSource } from './live-source.ts';
import { LoadedFile } from './loaded-file.ts';
import { openRules, transformRules } from './open-edits.ts';
import { lookForSource } from './open-sides.ts';

const FIRST_ATTEMPTS = 3;

/** Of the snapshots of all places of the source, one after the other; changes behind them are not seen. @throws GodwitError */
export async function dryRunOfSync(config: SyncConfig, log: Logger): Promise<DryRunReport> {
  const run = await newRun(config, log);
  const { keepalive, reconnect, checkpoint, psyncCommands } = config;
  const runName = `godwit:${config.job.name}:dry`;
  const first = { attemptsMax: reconnect.attemptsMax || FIRST_ATTEMPTS, patient: false };
  const source = await lookForSource({ config, runName, wheel: new KeepaliveWheel(), log }, first);
  try {
    await source.start();
    for (const { endpoint } of source.places) {
      const live = await openLiveSource({ source: endpoint, keepalive, reconnect, ownPrefix: checkpoint.prefix, psyncCommands }, log, runName);
      await walkDry(live.source, run.walk).finally(() => live.close());
    }
    return run.report();
  } finally {
    await source.close();
  }
}

/** Of a file, up to its end. @throws GodwitError */
export async function dryRunOfLoad(config: LoadConfig, stdin: Readable, log: Logger): Promise<DryRunReport> {
  const run = await newRun(config, log);
  // A line that cannot be read is told: nothing is written down.
  const file = new LoadedFile({ ...config, sync: { ...config.sync, onError: 'stop' } }, stdin, new DeadLetterFile(''));
  await file.look();
  const source = await file.openAt(null);
  await walkDry(source, run.walk).finally(() => source.close());
  return run.report();
}

async function newRun(config: JobConfig, log: Logger): Promise<{ readonly walk: DryRun; report(): DryRunReport }> {
  const { warnings } = await openRules(config, log);
  const { rules } = config;
  const walk = new DryRun(rules === null ? {} : { filter: rules.filter, transform: transformRules(rules) }, { nowMs: Date.now() });
  const more = rules !== null && rules.function !== null ? ['the function is not called: what it would do is not told here'] : [];
  return {
    walk,
    report: () => {
      const report = walk.report();
      return { ...report, warnings: [...new Set([...report.warnings, ...warnings.filter((line) => line.startsWith('transform:')), ...more])] };
    },
  };
}
