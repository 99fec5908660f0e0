/** One value of one option, read into its type and noted; or noted as a mistake, with its place and without secrets. */
import { isAbsolute, join, resolve } from 'node:path';
import { redactAddress, redactUrls } from '../observe/redaction.ts';
import { nearestName } from './nearest-name.ts';
import { type Origin, originName } from './origin.ts';
import type { Option } from './schema.ts';
import type { Settings } from './settings.ts';

const VALUE_SHOWN_MAX = 80;

/** What relative paths count from, and what `~/` is. */
export interface PathBase {
  /** Absolute. */
  readonly dir: string;
  readonly home: string | undefined;
}

export function readSetting(settings: Settings, option: Option, raw: unknown, origin: Origin, base: PathBase): void {
  const value = option.type.read(raw, origin.kind !== 'file');
  if (value === undefined) {
    const near = typeof raw === 'string' ? nearestName(raw, option.type.words) : undefined;
    const message = `${originName(origin)}: ${option.key} is ${showRaw(option, raw)}, allowed is ${option.type.allowed}`;
    settings.problems.push({ code: 'CONFIG_INVALID', message, fix: near ? `Did you mean ${near}?` : undefined });
    return;
  }
  const isPath = option.type.kind === 'path' || (option.type.kind === 'file' && value !== '-' && !/^[a-z][a-z0-9+.-]*:\/\//i.test(value as string));
  const resolved = isPath ? resolvePath(value as string, base) : value;
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

/** Absolute. */
export function resolvePath(path: string, { dir, home }: PathBase): string {
  if (home && (path === '~' || path.startsWith('~/'))) return join(home, path.slice(1));
  return isAbsolute(path) ? path : resolve(dir, path);
}
