/** Options of the schema for commands that read a server and write to none: those of the source, of its connections, and the file. */
import { type Command, Option as CommandOption } from 'commander';
import type { ConfigInput, FlagValue } from '../config/gather-settings.ts';
import { isNotYet } from '../config/not-yet.ts';
import { CONFIG_FILE_ENV, OPTIONS, type OptionKey } from '../config/schema.ts';
import { commandOptions } from './config-options.ts';
import type { CliIo } from './process-io.ts';

const SECTIONS_USED = new Set(['source', 'keepalive', 'reconnect', 'checkpoint']);
/** Said by the argument SOURCE. */
const BY_ARGUMENT = new Set<OptionKey>(['source.url', 'source.address']);
const USED = OPTIONS.filter((option) => SECTIONS_USED.has(option.section) && !BY_ARGUMENT.has(option.key) && !isNotYet(option));

export function addSourceOptions(command: Command): Command {
  command.addOption(new CommandOption('--config <file>', `TOML file with any of the options below (${CONFIG_FILE_ENV})`).helpGroup('General:'));
  for (const option of USED) for (const made of commandOptions(option)) command.addOption(made);
  return command;
}

/** @param source the server, as it was given */
export function sourceInput(command: Command, source: string, io: CliIo): ConfigInput {
  const values = command.opts<Record<string, FlagValue | undefined>>();
  const flags: Partial<Record<OptionKey, FlagValue>> = {};
  for (const { key, flag } of USED) {
    const name = new CommandOption(flag).attributeName();
    if (command.getOptionValueSource(name) === 'cli') flags[key] = values[name];
  }
  return { flags, sourceArgument: source, configFile: values['config'] as string | undefined, env: io.env, cwd: io.cwd };
}
