/** `--dry-run`: takes what a source holds, or a file, through the rules of the job, and tells what they would do. Nothing is written, and no target is asked. */
import type { Readable } from 'node:stream';
import type { ScanConfig } from '../config/scan-config.ts';
import type { JobConfig, LoadConfig, SyncConfig } from '../config/sync-config.ts';
import type { Logger } from '../observe/log.ts';
import { DryFunction } from '../pipeline/dry-function.ts';
import { DryRun, type DryRunReport } from '../pipeline/dry-run.ts';
import { walkDry } from '../pipeline/walk-dry.ts';
import { DeadLetterFile } from '../target/dead-letter.ts';
import { openServerContent } from './server-content.ts';
import { LoadedFile } from './loaded-file.ts';
import { openRules, transformRules } from './open-edits.ts';

/** Of what all places of the source hold, one after the other; changes behind that are not seen. @param scan null: by its snapshot. @throws GodwitError */
export async function dryRunOfSync(config: SyncConfig, log: Logger, scan: ScanConfig | null = null): Promise<DryRunReport> {
  const run = await newRun(config, log);
  const live = await openServerContent({ ...config, ownPrefix: config.checkpoint.prefix, scan }, log, `godwit:${config.job.name}:dry`);
  try {
    await walkDry(live.source, run.walk);
    return run.report();
  } finally {
    await live.source.close();
    await live.close();
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
  const { rules, sync } = config;
  // What the function fails for is told, and the next one is tried.
  const { warnings, newEdits } = await openRules({ rules, sync: { ...sync, onError: 'dead-letter' } }, log);
  const edits = rules === null || rules.function === null ? null : newEdits();
  const dryFunction = edits === null ? null : new DryFunction(edits);
  const walk = new DryRun(rules === null ? {} : { filter: rules.filter, transform: transformRules(rules) }, { nowMs: Date.now(), dryFunction });
  return {
    walk,
    report: () => {
      const report = walk.report();
      return { ...report, warnings: [...new Set([...report.warnings, ...warnings.filter((line) => line.startsWith('transform:'))])] };
    },
  };
}
