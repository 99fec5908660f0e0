/** `godwit explain`: what `godwit sync` with the same arguments would run with, and where each value came from. */
import type { Command } from 'commander';
import { ConfigError } from '../../config/config-error.ts';
import { explainTable, explainValues } from '../../config/explain.ts';
import type { ConfigInput } from '../../config/gather-settings.ts';
import { resolveConfig } from '../../config/load.ts';
import type { CommandContext } from '../command-context.ts';
import { addConfigOptions, configInput } from '../config-options.ts';

export function registerExplain(program: Command, context: CommandContext): void {
  const command = program
    .command('explain')
    .summary('show the effective configuration, and where each value came from')
    .description('Shows the effective configuration of `godwit sync` with the same arguments, and where each value came from. Secrets are hidden.');
  addConfigOptions(command)
    .option('--json', 'as JSON: a list of {key, value, raw, from, flag, env}')
    .action(() => explain(configInput(command, context.io), command.opts<{ json?: boolean }>().json === true, context));
}

/** @throws ConfigError if anything but an address is missing or wrong: what is in force cannot be told then. */
function explain(input: ConfigInput, json: boolean, { io }: CommandContext): void {
  const { effective, problems, warnings } = resolveConfig(input);
  const wrong = problems.filter((problem) => problem.code !== 'CONFIG_MISSING');
  if (wrong.length > 0) throw new ConfigError(wrong);
  for (const warning of warnings) io.stderr.write(`godwit: warning: ${warning}\n`);
  io.stdout.write(json ? `${JSON.stringify(explainValues(effective), null, 2)}\n` : explainTable(effective));
  for (const problem of problems) io.stderr.write(`godwit: note: ${problem.message}\n`);
}
