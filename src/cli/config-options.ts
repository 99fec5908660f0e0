/** The options of the schema as options of a commander command, and what commander read of them as the input of config/load.ts. */
import { type Command, Option as CommandOption } from 'commander';
import type { ConfigInput, FlagValue } from '../config/gather-settings.ts';
import type { KindOfServers } from '../config/load.ts';
import { type CommandName, optionsOf } from '../config/options-of.ts';
import { CONFIG_FILE_ENV, type Option, type OptionKey, SECTIONS } from '../config/schema.ts';
import { GodwitError } from '../errors/errors.ts';
import type { CliIo } from './process-io.ts';

const CONFIG_FLAG = '--config <file>';

/** Adds SOURCE, TARGET, --config and every option that a job between servers has, in groups. */
export function addConfigOptions(command: Command, kind: KindOfServers = 'sync'): Command {
  command.argument('[SOURCE]', 'redis://user:password@host:port, rediss:// for TLS, or host:port');
  command.argument('[TARGET]', 'the same for the target');
  return addOptions(command, kind);
}

/** Adds FILE, --config and the options that a load has, in groups. */
export function addLoadOptions(command: Command): Command {
  command.argument('[FILE]', 'a path, - for standard input, or an http(s) URL; a folder or manifest of an AOF');
  return addOptions(command, 'load');
}

/** Adds FILE, --config and the options of all kinds of jobs, in groups. */
export function addRunOptions(command: Command): Command {
  command.argument('[FILE]', 'a configuration: shake.toml of RedisShake, or godwit.toml');
  return addOptions(command, 'run');
}

/** Adds --config and the options of all kinds of jobs, in groups. */
export function addDoctorOptions(command: Command): Command {
  return addOptions(command, 'run');
}

function addOptions(command: Command, name: CommandName): Command {
  const config = new CommandOption(CONFIG_FLAG, `TOML file with any of the options below (${CONFIG_FILE_ENV})`);
  command.addOption(config.helpGroup('General:'));
  for (const option of optionsOf(name)) for (const made of commandOptions(option)) command.addOption(made);
  return command;
}

/** A switch can be turned on and off, since file and environment may have set it; the help shows the one that changes the default. */
export function commandOptions(option: Option): CommandOption[] {
  const group = `${SECTIONS[option.section]}:`;
  const text = `${option.help} (${helpDefault(option)}${option.env})`;
  if (option.key === 'source.url') return [manySources(new CommandOption(`${option.flag} ${option.type.placeholder}`, text)).helpGroup(group)];
  if (option.type.kind !== 'boolean') {
    const made = new CommandOption(`${option.flag} ${option.type.placeholder}`, text).helpGroup(group);
    // It can be given several times.
    return [option.type.kind === 'list' ? made.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]) : made];
  }
  const on = new CommandOption(option.flag, text).helpGroup(group);
  const off = new CommandOption(`--no-${option.flag.slice(2)}`, `Turns this off: ${text.charAt(0).toLowerCase()}${text.slice(1)}`).helpGroup(group);
  return option.fallback === true ? [on.hideHelp(), off] : [on, off.hideHelp()];
}

/** --source may be given again and again: the ones behind the first are source.others. No address has a space in it. */
function manySources(option: CommandOption): CommandOption {
  return option.argParser((value: string, before: string | undefined) => (before === undefined ? value : `${before} ${value}`));
}

function helpDefault(option: Option): string {
  return option.type.kind === 'boolean' || option.fallbackText === '' ? '' : `default: ${option.fallbackText}; `;
}

/** @param command the command that ran, with its options read */
export function configInput(command: Command, io: CliIo, kind: KindOfServers = 'sync'): ConfigInput {
  const [sourceArgument, targetArgument] = command.args;
  return { ...optionsInput(command, io, kind), sourceArgument, targetArgument };
}

/** As configInput(), of what addLoadOptions() has added. */
export function loadInput(command: Command, io: CliIo): ConfigInput {
  return { ...optionsInput(command, io, 'load'), fileArgument: command.args[0] };
}

/** As configInput(), of what addRunOptions() has added. @throws GodwitError CONFIG_INVALID if several files are named */
export function runInput(command: Command, io: CliIo): ConfigInput {
  const input = optionsInput(command, io, 'run');
  const { strict, fromEnv } = command.opts<{ strict?: boolean; fromEnv?: boolean }>();
  return { ...input, configFile: onlyFile(command.args[0], { ...input, containerVariables: fromEnv }), strict, containerVariables: fromEnv };
}

/** As configInput(), of what addDoctorOptions() has added; arguments are not in it. */
export function doctorInput(command: Command, io: CliIo): ConfigInput {
  return optionsInput(command, io, 'run');
}

/** The file of the argument, or of --config. @throws GodwitError CONFIG_INVALID if both are given, or one beside --from-env */
export function onlyFile(
  argument: string | undefined,
  { configFile, containerVariables }: Pick<ConfigInput, 'configFile' | 'containerVariables'>,
): string | undefined {
  const given = [argument === undefined ? [] : 'FILE', configFile === undefined ? [] : '--config', containerVariables === true ? '--from-env' : []].flat();
  if (given.length > 1) throw new GodwitError('CONFIG_INVALID', `${given.join(' and ')} exclude each other`, { fix: 'Give one of them.' });
  return argument ?? configFile;
}

function optionsInput(command: Command, io: CliIo, name: CommandName): ConfigInput {
  const values = command.opts<Record<string, FlagValue | undefined>>();
  const flags: Partial<Record<OptionKey, FlagValue>> = {};
  for (const { key, flag } of optionsOf(name)) {
    const attribute = new CommandOption(flag).attributeName();
    // Both forms of a switch share a name, and --no-x alone would make true its default: only what was really given counts.
    if (command.getOptionValueSource(attribute) === 'cli') flags[key] = values[attribute];
  }
  const [first, ...others] = typeof flags['source.url'] === 'string' ? flags['source.url'].split(' ') : [];
  if (others.length > 0) {
    flags['source.url'] = first;
    flags['source.others'] = [flags['source.others'], ...others].filter((one) => one !== undefined).join(' ');
  }
  return { flags, configFile: values.config as string | undefined, env: io.env, cwd: io.cwd };
}
