/**
 * Reads the three layers that people write (flags and arguments, environment, file) into Settings. Every mistake of every layer is noted,
 * also in values that a higher layer overrides; nothing is thrown but what makes reading on impossible (no file, no TOML).
 */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { ConfigError } from './config-error.ts';
import { fileErrorText } from './file-error-text.ts';
import { nearestName } from './nearest-name.ts';
import { type Origin, originName } from './origin.ts';
import { redactAddress, redactUrls } from '../observe/redaction.ts';
import { CONFIG_FILE_ENV, findOption, type Option, type OptionKey, OPTIONS, SECTIONS } from './schema.ts';
import { Settings } from './settings.ts';
import { TomlLines } from './toml-lines.ts';

/** What the process was given; this layer reads nothing from the process by itself. */
export interface ConfigInput {
  /** Values of flags by the key of their option: texts, or booleans for switches. */
  readonly flags: Readonly<Partial<Record<OptionKey, string | boolean>>>;
  readonly sourceArgument?: string;
  readonly targetArgument?: string;
  readonly fileArgument?: string;
  /** --config */
  readonly configFile?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths of flags and variables count from here. Absolute. */
  readonly cwd: string;
}

const FILE_BYTES_MAX = 1024 * 1024;
const VALUE_SHOWN_MAX = 80;
const SECTION_PATHS = new Set(OPTIONS.flatMap(({ key }) => key.split('.').map((_, depth, parts) => parts.slice(0, depth).join('.'))));

/** @throws ConfigError if the file cannot be read or is no TOML. */
export function gatherSettings(input: ConfigInput): Settings {
  const settings = new Settings();
  readFlags(settings, input);
  readEnvironment(settings, input);
  const file = input.configFile ?? (input.env[CONFIG_FILE_ENV] || undefined);
  if (file !== undefined) readFile(settings, input, file);
  return settings;
}

function readFlags(settings: Settings, input: ConfigInput): void {
  for (const option of OPTIONS) {
    const raw = input.flags[option.key];
    const name = raw === false ? `--no-${option.flag.slice(2)}` : option.flag;
    if (raw !== undefined) readValue(settings, option, raw, { kind: 'flag', name }, input, input.cwd);
  }
  for (const [key, name, raw] of [
    ['source.url', 'SOURCE', input.sourceArgument],
    ['target.url', 'TARGET', input.targetArgument],
    ['load.file', 'FILE', input.fileArgument],
  ] as const) {
    if (raw !== undefined) readValue(settings, findOption(key)!, raw, { kind: 'argument', name }, input, input.cwd);
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
      readValue(settings, option, raw, { kind: 'env', name }, input, input.cwd);
    }
  }
}

function readFile(settings: Settings, input: ConfigInput, file: string): void {
  const path = resolvePath(file, input.cwd, input.env.HOME);
  const text = readText(path, file);
  const document = parseDocument(text, file);
  const lines = new TomlLines(text);
  const base = dirname(path);
  const visit = (table: Record<string, unknown>, prefix: string): void => {
    for (const [name, raw] of Object.entries(table)) {
      const key = prefix === '' ? name : `${prefix}.${name}`;
      const origin: Origin = { kind: 'file', path: file, line: lines.lineOf(key) ?? lines.lineOf(prefix) ?? 1 };
      const option = findOption(key);
      if (option) readValue(settings, option, raw, origin, input, base);
      else if (!SECTION_PATHS.has(key)) noteUnknown(settings, key, origin);
      else if (isTable(raw)) visit(raw, key);
      else settings.problems.push({ code: 'CONFIG_INVALID', message: `${originName(origin)}: ${key} is a section, not a value`, fix: sectionFix(key) });
    }
  };
  visit(document, '');
}

function readText(path: string, shown: string): string {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > FILE_BYTES_MAX) throw new Error(`it has ${bytes.length} bytes, more than the ${FILE_BYTES_MAX} that a configuration may have`);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ConfigError([{ code: 'CONFIG_UNREADABLE', message: `the configuration file ${shown} cannot be read: ${fileErrorText(cause)}` }], cause);
  }
}

function parseDocument(text: string, file: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    // Only the first line: the excerpt that follows it may hold a password.
    const reason = redactUrls(cause.message.split('\n', 1)[0]).replace(/^Invalid TOML document: /, '');
    const message = `${file}:${cause.line}:${cause.column} (line ${cause.line}, column ${cause.column}): ${reason}`;
    throw new ConfigError([{ code: 'CONFIG_SYNTAX', message }]);
  }
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

function readValue(settings: Settings, option: Option, raw: unknown, origin: Origin, input: ConfigInput, base: string): void {
  const value = option.type.read(raw, origin.kind !== 'file');
  if (value === undefined) {
    const near = typeof raw === 'string' ? nearestName(raw, option.type.words) : undefined;
    const message = `${originName(origin)}: ${option.key} is ${showRaw(option, raw)}, allowed is ${option.type.allowed}`;
    settings.problems.push({ code: 'CONFIG_INVALID', message, fix: near ? `Did you mean ${near}?` : undefined });
    return;
  }
  const isPath = option.type.kind === 'path' || (option.type.kind === 'file' && value !== '-' && !/^[a-z][a-z0-9+.-]*:\/\//i.test(value as string));
  const resolved = isPath ? resolvePath(value as string, base, input.env.HOME) : value;
  settings.add(option.key, { value: resolved, origin });
}

/** A wrong value for a message: short, on one line, without secrets. */
function showRaw(option: Option, raw: unknown): string {
  if (option.type.kind === 'secret') return '****';
  if (raw === '') return 'empty';
  const text = typeof raw === 'string' ? (option.type.kind === 'url' ? redactAddress(raw) : redactUrls(raw)) : raw;
  if (Array.isArray(text)) return 'a list';
  if (typeof text === 'object' && !(text instanceof Date)) return 'a table';
  const shown = typeof text === 'string' ? JSON.stringify(text) : String(text);
  return shown.length > VALUE_SHOWN_MAX ? `${shown.slice(0, VALUE_SHOWN_MAX)}...` : shown;
}

function resolvePath(path: string, base: string, home: string | undefined): string {
  if (home && (path === '~' || path.startsWith('~/'))) return join(home, path.slice(1));
  return isAbsolute(path) ? path : resolve(base, path);
}
