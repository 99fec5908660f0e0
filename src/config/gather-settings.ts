/**
 * Reads the three layers that people write (flags and arguments, environment, file) into Settings. Every mistake of every layer is noted,
 * also in values that a higher layer overrides; nothing is thrown but what makes reading on impossible (no file, no TOML).
 */
import { dirname } from 'node:path';
import { nearestName } from './nearest-name.ts';
import { type Origin, originName } from './origin.ts';
import { parseConfigText, readConfigText } from './read-config-file.ts';
import { type PathBase, readSetting, resolvePath } from './read-setting.ts';
import { CONFIG_FILE_ENV, findOption, type OptionKey, OPTIONS, SECTIONS } from './schema.ts';
import { Settings } from './settings.ts';
import { isShakeText } from './shake/shake-keys.ts';
import { readShakeFile, readShakeVariables } from './shake/read-shake.ts';
import { TomlLines } from './toml-lines.ts';

/** A text, several of a flag that can be given several times, or whether a switch is on. */
export type FlagValue = string | boolean | readonly string[];

/** What the process was given; this layer reads nothing from the process by itself. */
export interface ConfigInput {
  /** Values of flags by the key of their option. */
  readonly flags: Readonly<Partial<Record<OptionKey, FlagValue>>>;
  readonly sourceArgument?: string;
  readonly targetArgument?: string;
  readonly fileArgument?: string;
  /** --config */
  readonly configFile?: string;
  /** Keys of a shake.toml that are not known are mistakes instead of warnings. */
  readonly strict?: boolean;
  /** The variables of RedisShake's container image are read too. */
  readonly containerVariables?: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths of flags and variables count from here. Absolute. */
  readonly cwd: string;
}

const SECTION_PATHS = new Set(OPTIONS.flatMap(({ key }) => key.split('.').map((_, depth, parts) => parts.slice(0, depth).join('.'))));

/** @throws ConfigError if the file cannot be read or is no TOML. */
export function gatherSettings(input: ConfigInput): Settings {
  const settings = new Settings();
  readFlags(settings, input);
  readEnvironment(settings, input);
  const file = input.configFile ?? (input.env[CONFIG_FILE_ENV] || undefined);
  if (file !== undefined) readFile(settings, input, file);
  else if (input.containerVariables === true) readShakeVariables(settings, input);
  return settings;
}

function baseOf({ cwd, env }: ConfigInput): PathBase {
  return { dir: cwd, home: env.HOME };
}

function readFlags(settings: Settings, input: ConfigInput): void {
  for (const option of OPTIONS) {
    const raw = input.flags[option.key];
    const name = raw === false ? `--no-${option.flag.slice(2)}` : option.flag;
    if (raw !== undefined) readSetting(settings, option, raw, { kind: 'flag', name }, baseOf(input));
  }
  for (const [key, name, raw] of [
    ['source.url', 'SOURCE', input.sourceArgument],
    ['target.url', 'TARGET', input.targetArgument],
    ['load.file', 'FILE', input.fileArgument],
  ] as const) {
    if (raw !== undefined) readSetting(settings, findOption(key)!, raw, { kind: 'argument', name }, baseOf(input));
  }
}

function readEnvironment(settings: Settings, input: ConfigInput): void {
  const known = new Map(OPTIONS.map((option) => [option.env, option]));
  for (const [name, raw] of Object.entries(input.env)) {
    if (!name.startsWith('GODWIT_') || raw === undefined || name === CONFIG_FILE_ENV) continue;
    const option = known.get(name);
    if (!option) {
      const near = nearestName(name, [...known.keys(), CONFIG_FILE_ENV]);
      settings.warnings.push(`the environment variable ${name} is not known and has no effect${near ? `; did you mean ${near}?` : ''}`);
    } else if (raw !== '') {
      readSetting(settings, option, raw, { kind: 'env', name }, baseOf(input));
    }
  }
}

function readFile(settings: Settings, input: ConfigInput, file: string): void {
  const path = resolvePath(file, baseOf(input));
  const text = readConfigText(path, file);
  if (isShakeText(text)) {
    readShakeFile(settings, text, file, input);
    return;
  }
  const document = parseConfigText(text, file);
  const lines = new TomlLines(text);
  const base = { dir: dirname(path), home: input.env.HOME };
  const visit = (table: Record<string, unknown>, prefix: string): void => {
    for (const [name, raw] of Object.entries(table)) {
      const key = prefix === '' ? name : `${prefix}.${name}`;
      const origin: Origin = { kind: 'file', path: file, line: lines.lineOf(key) ?? lines.lineOf(prefix) ?? 1 };
      const option = findOption(key);
      if (option) readSetting(settings, option, raw, origin, base);
      else if (!SECTION_PATHS.has(key)) noteUnknown(settings, key, origin);
      else if (isTable(raw)) visit(raw, key);
      else settings.problems.push({ code: 'CONFIG_INVALID', message: `${originName(origin)}: ${key} is a section, not a value`, fix: sectionFix(key) });
    }
  };
  visit(document, '');
}

function isTable(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) && !(raw instanceof Date);
}

function sectionFix(key: string): string {
  const children = OPTIONS.filter((option) => option.key.startsWith(`${key}.`)).map((option) => option.key.slice(key.length + 1));
  return `Write [${key}] and below it its keys: ${children.join(', ')}.`;
}

function noteUnknown(settings: Settings, key: string, origin: Origin): void {
  const keys = OPTIONS.map((option) => option.key);
  const last = key.slice(key.lastIndexOf('.') + 1).replaceAll('-', '_');
  const elsewhere = keys.filter((known) => known.endsWith(`.${last}`));
  const sections = Object.keys(SECTIONS);
  const near = nearestName(key, key.includes('.') ? [...keys, ...SECTION_PATHS] : sections) ?? elsewhere[0];
  const fix = near ? `Did you mean ${near}? \`godwit explain\` lists all keys.` : undefined;
  settings.problems.push({ code: 'CONFIG_UNKNOWN_KEY', message: `${originName(origin)}: the key ${JSON.stringify(key).slice(1, -1)} is not known`, fix });
}
