/** `godwit migrate-config shake.toml`: writes the file of Godwit that says the same. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { ConfigError } from '../../config/config-error.ts';
import { fileErrorText } from '../../config/file-error-text.ts';
import { gatherSettings } from '../../config/gather-settings.ts';
import { migratedConfig } from '../../config/shake/migrate-config.ts';
import { GodwitError } from '../../errors/errors.ts';
import type { CommandContext } from '../command-context.ts';
import type { CliIo } from '../process-io.ts';

interface MigrateWords {
  readonly out?: string;
  readonly strict?: boolean;
  readonly fromEnv?: boolean;
}

const EXAMPLES = `
Examples:
  godwit migrate-config shake.toml                        to standard output
  godwit migrate-config shake.toml --out godwit.toml      then: godwit run godwit.toml

Passwords are written as they stand in the file; the new one can be read by its owner alone. A password that comes from \${VARIABLE} is left out, with a comment.
`;

export function registerMigrateConfig(program: Command, context: CommandContext): void {
  const command = program
    .command('migrate-config')
    .summary('write the godwit.toml that says what a shake.toml says')
    .description("Writes the configuration of Godwit that says what RedisShake's says, each line with the key that it comes from.")
    .argument('[FILE]', 'the shake.toml')
    .option('--out <file>', 'file to write; one that is there is not written over')
    .option('--strict', 'a key that is not known is a mistake, not a warning')
    .option('--from-env', "instead of a file the variables of RedisShake's container image")
    .addHelpText('after', EXAMPLES)
    .action((file: string | undefined) => migrate(file, command.opts<MigrateWords>(), context.io));
}

/** @throws GodwitError */
function migrate(file: string | undefined, { out, strict, fromEnv }: MigrateWords, io: CliIo): void {
  if (file === undefined && fromEnv !== true) throw new GodwitError('CONFIG_MISSING', 'no file was given', { fix: 'Give the shake.toml, or --from-env.' });
  // Variables and flags of Godwit are none of what the file says.
  const env = Object.fromEntries(Object.entries(io.env).filter(([name]) => !name.startsWith('GODWIT_')));
  const settings = gatherSettings({ flags: {}, configFile: file, env, cwd: io.cwd, strict, containerVariables: fromEnv });
  const { shake, problems, warnings } = settings;
  if (shake === undefined) {
    throw new GodwitError('CONFIG_INVALID', `${file} is no configuration of RedisShake: it has no section of a reader or writer`, {
      fix: 'A godwit.toml needs no migration.',
    });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  for (const warning of warnings) io.stderr.write(`godwit: warning: ${warning}\n`);
  const text = migratedConfig(shake, settings, file ?? 'the environment');
  if (out === undefined) {
    io.stdout.write(text);
    return;
  }
  try {
    writeFileSync(resolve(io.cwd, out), text, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    throw new GodwitError('OUTPUT_FAILED', `${out} cannot be written: ${fileErrorText(cause)}`, { cause });
  }
  io.stderr.write(`godwit: written to ${out}\n`);
}
