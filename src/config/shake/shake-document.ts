/** What was given of RedisShake's keys, by a file or by variables, before its values are read. Keys are lower case: RedisShake does not look at their case. */
import type { ConfigProblem } from '../config-error.ts';
import { nearestName } from '../nearest-name.ts';
import { type Origin, originName } from '../origin.ts';
import { SHAKE_KEYS, SHAKE_SECTIONS } from './shake-keys.ts';

export interface ShakeEntry {
  readonly raw: unknown;
  readonly origin: Origin;
}

export interface UnknownKey {
  readonly message: string;
  readonly fix: string | undefined;
}

export class ShakeDocument {
  /** By `section.key`. */
  readonly entries = new Map<string, ShakeEntry>();
  readonly sections = new Map<string, Origin>();
  readonly unknown: UnknownKey[] = [];
  readonly problems: ConfigProblem[] = [];
  /** Names of the environment variables that are in the text of an origin, by the name of the origin. */
  readonly variables = new Map<string, readonly string[]>();

  /** @throws nothing: a key that is there twice in another case is noted as a problem */
  add(path: string, entry: ShakeEntry): void {
    const twin = this.entries.get(path);
    if (twin) {
      this.problems.push({
        code: 'CONFIG_INVALID',
        message: `${path} is given twice: ${originName(twin.origin)} and ${originName(entry.origin)}`,
        fix: 'Leave one of them out: RedisShake does not look at the case of keys, and neither does Godwit here.',
      });
    } else this.entries.set(path, entry);
  }

  addUnknown(path: string, origin: Origin): void {
    const near = nearestKey(path);
    this.unknown.push({ message: `${originName(origin)}: the key ${path} is not known`, fix: near === undefined ? undefined : `Did you mean ${near}?` });
  }
}

const CANONICAL = new Map(SHAKE_KEYS.flatMap(({ section, key, aliases = [] }) => [key, ...aliases].map((name) => [`${section}.${name}`, `${section}.${key}`])));
const TABLES = new Set(SHAKE_KEYS.flatMap(({ section, key }) => key.split('.').map((_, depth, parts) => [section, ...parts.slice(0, depth)].join('.'))));

/** @param document as TOML gives it @param originOf of a key as it is written in the file */
export function readShakeDocument(document: Readonly<Record<string, unknown>>, originOf: (path: string) => Origin): ShakeDocument {
  const result = new ShakeDocument();
  const visit = (table: Readonly<Record<string, unknown>>, written: string, path: string): void => {
    for (const [name, raw] of Object.entries(table)) {
      const writtenKey = written === '' ? name : `${written}.${name}`;
      const key = path === '' ? name.toLowerCase() : `${path}.${name.toLowerCase()}`;
      const origin = originOf(writtenKey);
      if (isTable(raw) && TABLES.has(key)) {
        if (path === '' && !result.sections.has(key)) result.sections.set(key, origin);
        visit(raw, writtenKey, key);
      } else if (CANONICAL.has(key)) result.add(CANONICAL.get(key)!, { raw, origin });
      else if (TABLES.has(key))
        result.problems.push({ code: 'CONFIG_INVALID', message: `${originName(origin)}: ${key} is a section, not a value`, fix: `Write [${key}].` });
      else result.addUnknown(key, origin);
    }
  };
  visit(document, '', '');
  return result;
}

/** Of the same section, else the same name in another one. */
function nearestKey(path: string): string | undefined {
  const dot = path.indexOf('.');
  if (dot < 0) return nearestName(path, SHAKE_SECTIONS);
  const [section, key] = [path.slice(0, dot), path.slice(dot + 1)];
  const near = nearestName(
    key,
    SHAKE_KEYS.filter((row) => row.section === section).map((row) => row.key),
  );
  if (near !== undefined) return `${section}.${near}`;
  const elsewhere = SHAKE_KEYS.find((row) => row.key === key.slice(key.lastIndexOf('.') + 1));
  return elsewhere && `${elsewhere.section}.${elsewhere.key}`;
}

function isTable(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) && !(raw instanceof Date);
}
