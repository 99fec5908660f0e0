/** `godwit load`: loads the configuration and sees the job through. */
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { dryRunOfLoad } from '../../job/dry-run-job.ts';
import { type LoadedLoadConfig, resolveLoadConfig } from '../../config/load-config.ts';
import type { LoadConfig } from '../../config/sync-config.ts';
import { LoadJob } from '../../job/load-job.ts';
import type { JobDependencies } from '../../observe/job-api.ts';
import type { CommandContext } from '../command-context.ts';
import { addLoadOptions, loadInput } from '../config-options.ts';
import { seeJobThrough } from '../see-job-through.ts';
import { tellDryRun } from '../tell-dry-run.ts';

const EXAMPLES = `
Examples:
  godwit load dump.rdb --target redis://10.0.0.2                       a snapshot, also .rdb.gz
  godwit load /var/lib/redis/appendonlydir --target 10.0.0.2           an AOF in several files
  godwit load appendonlydir --target 10.0.0.2 --until 2026-01-31T12:00:00Z
  godwit load https://backups.example/dump.rdb --target 10.0.0.2
  godwit load keys.jsonl.gz --target 10.0.0.2                          what godwit export has written: jsonl, json, resp, aof, rdb
  ssh backup cat dump.rdb.gz | godwit load - --target 10.0.0.2         cannot be gone on with once commands are applied
  godwit load dump.rdb --target 10.0.0.2 --finish                      remove the mark when all is done

A load that was stopped or killed goes on where it was when the same command line is given again.
Exit codes: 0 done, 2 configuration, 3 connection, 4 protocol, 5 format, 7 checkpoint, 70 defect, 130/143 stopped by a signal.
`;

export function registerLoad(program: Command, context: CommandContext): void {
  const command = program
    .command('load')
    .summary('load an RDB file, an AOF or an export into a target')
    .description('Loads an RDB file or an AOF of any version, or keys as JSON, into a target, each command exactly once.');
  addLoadOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async () => context.exitWith(await seeLoadThrough(resolveLoadConfig(loadInput(command, context.io)), context)));
}

/** Resolves with the exit code. @throws GodwitError */
export function seeLoadThrough(loaded: LoadedLoadConfig, context: CommandContext): Promise<number> {
  const { config, warnings, secrets } = loaded;
  const stdin = context.io.stdin as Readable;
  if (config.sync.dryRun) return tellDryRun({ log: config.log, warnings, secrets }, context.io, (log) => dryRunOfLoad(config, stdin, log));
  const create = (one: LoadConfig, dependencies: JobDependencies): LoadJob => new LoadJob(one, { ...dependencies, stdin });
  return seeJobThrough(loaded, create, context);
}
