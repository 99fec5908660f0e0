/** `godwit sync`: loads the configuration and sees the job through. */
import type { Command } from 'commander';
import { type LoadedConfig, loadConfig } from '../../config/load.ts';
import { dryRunOfSync } from '../../job/dry-run-job.ts';
import type { CommandContext } from '../command-context.ts';
import { addConfigOptions, configInput } from '../config-options.ts';
import { seeJobThrough } from '../see-job-through.ts';
import { tellDryRun } from '../tell-dry-run.ts';

const EXAMPLES = `
Examples:
  godwit sync redis://10.0.0.1 redis://10.0.0.2              copy, and keep following
  godwit sync 10.0.0.1 10.0.0.2 --stop-after full-sync       copy once
  godwit sync 10.0.0.1 10.0.0.2 --stop-when-lag-below 1kb    end when the target has caught up
  GODWIT_SOURCE_PASSWORD=... godwit sync rediss://user@a:6380 redis://b --source-tls-ca ca.pem
  godwit sync --config godwit.toml --status-port 8080
  godwit sync 10.0.0.1 10.0.0.2 --prefix user: --rename prefix:user:=>u: --dry-run      what would pass, and under which names
  godwit sync 10.0.0.1 10.0.0.2 --finish                     remove the marks when all is done

A run that was stopped or killed goes on where it was when the same command line is given again.
Exit codes: 0 done, 2 configuration, 3 connection, 4 protocol, 5 format, 7 checkpoint, 70 defect, 130/143 stopped by a signal.
`;

export function registerSync(program: Command, context: CommandContext): void {
  const command = program
    .command('sync')
    .summary('copy a source to a target, and keep the target following it')
    .description('Copies all keys of a source to a target, then applies every change of the source to it, until it is stopped.');
  addConfigOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async () => context.exitWith(await seeSyncThrough(loadConfig(configInput(command, context.io)), context)));
}

/** Resolves with the exit code. @throws GodwitError */
export function seeSyncThrough(loaded: LoadedConfig, context: CommandContext): Promise<number> {
  const { config, warnings, secrets } = loaded;
  if (!config.sync.dryRun) return seeJobThrough(loaded, context.createJob, context);
  return tellDryRun({ log: config.log, warnings, secrets }, context.io, (log) => dryRunOfSync(config, log));
}
