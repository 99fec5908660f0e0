/** `godwit scan`: loads the configuration and sees the job through. */
import type { Command } from 'commander';
import { type LoadedScanConfig, loadScanConfig } from '../../config/scan-config.ts';
import type { SyncConfig } from '../../config/sync-config.ts';
import { ScanJob } from '../../job/scan-job.ts';
import type { JobDependencies } from '../../observe/job-api.ts';
import type { CommandContext } from '../command-context.ts';
import { addConfigOptions, configInput } from '../config-options.ts';
import { dryRunOfSync } from '../../job/dry-run-job.ts';
import { tellDryRun } from '../tell-dry-run.ts';
import { seeJobThrough } from '../see-job-through.ts';

const EXAMPLES = `
Examples:
  godwit scan redis://10.0.0.1 redis://10.0.0.2                     copy all keys once
  godwit scan 10.0.0.1 10.0.0.2 --notifications                     and follow what changes by keyspace notifications
  godwit scan 10.0.0.1 10.0.0.2 --mirror                            and remove what only the target has
  godwit scan 10.0.0.1 10.0.0.2 --skip-types stream --databases 0,3

A run that was stopped or killed goes on where it was when the same command line is given again.
Exit codes: 0 done, 2 configuration, 3 connection, 4 protocol, 5 format, 7 checkpoint, 70 defect, 130/143 stopped by a signal.
`;

export function registerScan(program: Command, context: CommandContext): void {
  const command = program
    .command('scan')
    .summary('copy a source key by key, for services that hide replication')
    .description('Copies all keys of a source to a target with SCAN and DUMP, and can follow what changes by keyspace notifications.');
  addConfigOptions(command, 'scan')
    .addHelpText('after', EXAMPLES)
    .action(async () => context.exitWith(await seeScanThrough(loadScanConfig(configInput(command, context.io, 'scan')), context)));
}

/** Resolves with the exit code. @throws GodwitError */
export function seeScanThrough(loaded: LoadedScanConfig, context: CommandContext): Promise<number> {
  const { scan, config: given, warnings, secrets } = loaded;
  if (given.sync.dryRun) return tellDryRun({ log: given.log, warnings, secrets }, context.io, (log) => dryRunOfSync(given, log, scan));
  const create = (config: SyncConfig, dependencies: JobDependencies): ScanJob => new ScanJob(config, { ...dependencies, scan });
  return seeJobThrough(loaded, create, context);
}
