/** Makes the engines of a job's rules: what can be wrong with them is found here, before anything is connected or written. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Mark } from '../checkpoint/mark.ts';
import { fileErrorText } from '../config/file-error-text.ts';
import type { RenameSetting } from '../config/renames-type.ts';
import type { RulesConfig } from '../config/rules-config.ts';
import type { JobConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import type { FilterRules } from '../filter/filter-rules.ts';
import type { Logger } from '../observe/log.ts';
import { checkExpansion, Edits, type EditsOptions } from '../pipeline/edits/edits.ts';
import { possibleCollisions } from '../transform/collisions.ts';
import { DatabaseMap, DROPPED, parseDatabaseMap } from '../transform/database-map.ts';
import { loadTransform } from '../transform/javascript/load-transform.ts';
import { LuaTransform } from '../transform/lua/lua-transform.ts';
import type { Expansion, TransformEngine } from '../transform/transform-engine.ts';
import type { RenameRule, TransformRules } from '../transform/transform-rules.ts';

const DIGEST_LENGTH = 16;
/** Of what functions say to the log. */
const LOG_LINES_PER_SECOND = 50;

/** Rules of a job, ready for as many pipelines as it has. */
export interface JobRules {
  /** Tells them from others. */
  readonly digest: string | undefined;
  /** Keys can have other names at the target, or go to other databases than rules on those say. */
  readonly renames: boolean;
  /** null: everything passes as it is. */
  newEdits(): Edits | null;
  /** Database of the target for one of the source; null = what it holds goes nowhere, undefined = a function decides. */
  targetDatabase(database: number): number | null | undefined;
  /** What to think of before a run with them. */
  readonly warnings: readonly string[];
}

export const NO_RULES: JobRules = { digest: undefined, renames: false, newEdits: () => null, targetDatabase: (database) => database, warnings: [] };

type Engines = { readonly expansion: Expansion; make(): TransformEngine; readonly text: string };

interface RulesOptions {
  readonly rules: RulesConfig | null;
  readonly sync: Pick<JobConfig['sync'], 'fullSync' | 'onError' | 'onExisting'>;
}

/** @throws GodwitError CONFIG_INVALID, TRANSFORM_INVALID, FILE_NOT_FOUND */
export async function openRules({ rules, sync }: RulesOptions, log: Logger): Promise<JobRules> {
  const dropsValues = !sync.fullSync;
  if (rules === null && !dropsValues) return NO_RULES;
  const transform = rules === null ? {} : transformRules(rules);
  const filter: FilterRules = rules?.filter ?? {};
  const engines = rules === null ? null : await openFunction(rules, log);
  const expansion = expansionOf(engines, rules?.expand ?? 'auto');
  checkExpansion(expansion, sync.onExisting);
  const options: Omit<EditsOptions, 'engine'> = { filter, transform, expands: expansion.wanted, onError: sync.onError, dropsValues };
  // Compiled once for its mistakes.
  const sample = new Edits({ ...options, engine: null });
  const isActive = dropsValues || engines !== null || sample.filter.isActive || sample.transform.isActive;
  if (!isActive) return NO_RULES;
  if (engines !== null)
    log.info({ expands: expansion.wanted }, `the function is given values ${expansion.wanted ? 'as commands' : 'as SET and RESTORE'}: ${expansion.because}`);
  return {
    digest: rules === null ? undefined : digestOf(rules, engines?.text ?? ''),
    renames: transform.rename !== undefined && transform.rename.length > 0 ? true : engines !== null,
    newEdits: () => new Edits({ ...options, engine: engines?.make() ?? null }),
    targetDatabase: (database) => (engines === null ? targetDatabase(database, filter, transform, dropsValues) : undefined),
    warnings: warningsOf(sample, transform, rules),
  };
}

/** Of a job that goes on: with other rules than it was brought so far with, its halves may not fit together. */
export function tellOtherRules(marks: Iterable<Mark>, { digest }: JobRules, tell: (message: string) => void): void {
  const isOther = [...marks].some(({ rules = '', replicationId, file }) => rules !== (digest ?? '') && (replicationId !== '' || (file?.position ?? '') !== ''));
  if (isOther) tell('the job goes on with other rules (filter, transform, function) than it was brought so far with: what is there already stays as it is');
}

/** @throws GodwitError CONFIG_INVALID */
export function transformRules({ rename, databaseMap, ttl, onUntold }: RulesConfig): TransformRules {
  return { rename: rename.map(renameRule), ...(databaseMap === '' ? {} : { databases: parseDatabaseMap(databaseMap) }), ttl, onUntold };
}

function targetDatabase(database: number, { allow, block }: FilterRules, { databases }: TransformRules, dropsValues: boolean): number | null {
  const isAllowed = allow?.databases === undefined || allow.databases.length === 0 || allow.databases.includes(database);
  if (dropsValues || !isAllowed || block?.databases?.includes(database) === true) return null;
  const to = new DatabaseMap(databases).targetOf(database);
  return to === DROPPED ? null : to;
}

function renameRule({ kind, from, to }: RenameSetting): RenameRule {
  if (kind === 'regex') return { kind, pattern: from, replacement: to };
  if (kind !== 'braces') return { kind, from: Buffer.from(from), to: Buffer.from(to) };
  const [open = '', close = ''] = from;
  return { kind, open: Buffer.from(open), close: Buffer.from(close) };
}

async function openFunction({ function: setting }: RulesConfig, log: Logger): Promise<Engines | null> {
  if (setting === null) return null;
  const { kind, from } = setting;
  if (kind === 'module') {
    const engine = await loadTransform(from);
    return { expansion: engine.expansion, make: () => engine, text: await readText(from) };
  }
  const source = kind === 'file' ? await readText(from) : from;
  const name = kind === 'file' ? from : 'function';
  const say = limited(log);
  const make = (): LuaTransform => new LuaTransform({ source, name, log: say });
  return { expansion: make().expansion, make, text: source };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new GodwitError('FILE_NOT_FOUND', `the function ${file} cannot be read: ${fileErrorText(error)}`, { cause: error });
  }
}

function expansionOf(engines: Engines | null, expand: RulesConfig['expand']): Expansion {
  if (engines === null) return { wanted: false, because: 'there is no function' };
  return expand === 'auto' ? engines.expansion : { wanted: expand === 'on', because: `transform.expand is ${expand}` };
}

function warningsOf(sample: Edits, transform: TransformRules, rules: RulesConfig | null): string[] {
  const { snapshotOnly, strangeWords } = sample.filter;
  const { keys = [], suffixes = [], globs = [], regexes = [], prefixes = [] } = rules?.filter.allow ?? {};
  const onlyPrefixes = keys.length + suffixes.length + globs.length + regexes.length === 0 ? prefixes : [];
  return [
    ...strangeWords.map((word) => `filter: no command or group is called ${word}`),
    ...snapshotOnly.map((what) => `filter: rules by ${what} hold for the snapshot alone; later commands can make parts of keys that were left out`),
    ...possibleCollisions(transform, onlyPrefixes).map((line) => `transform: keys can meet: ${line}`),
  ];
}

/** The same for the same rules, whatever they are written in. */
function digestOf(rules: RulesConfig, text: string): string {
  const plain = JSON.stringify({ ...rules, function: rules.function === null ? null : text });
  return createHash('sha256').update(plain).digest('hex').slice(0, DIGEST_LENGTH);
}

/** Logs so many lines a second, and how many there were more. */
function limited(log: Logger): (text: string) => void {
  let second = 0;
  let lines = 0;
  return (text) => {
    const now = Math.floor(Date.now() / 1000);
    if (now !== second) {
      if (lines > LOG_LINES_PER_SECOND) log.warn({ left: lines - LOG_LINES_PER_SECOND }, 'the function has logged more than is written here');
      second = now;
      lines = 0;
    }
    if (lines++ < LOG_LINES_PER_SECOND) log.info({ from: 'function' }, `lua log: ${text}`);
  };
}
