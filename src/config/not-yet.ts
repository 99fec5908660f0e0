/**
 * Settings that can be said and that nothing acts on yet. Each is refused as soon as it is given another value than its default: a setting that is
 * passed over in silence is worse than none. Who builds what acts on one takes its row out, and gives it its leaf in SyncConfig.
 */
import { originName } from './origin.ts';
import { isOptionOf, type JobKind } from './option-kinds.ts';
import { findOption, type Option, type OptionKey } from './schema.ts';
import type { Settings } from './settings.ts';

interface NotYet {
  readonly keys: readonly (OptionKey | `${string}.*`)[];
  /** What there is not, as the end of the sentence "There is no ... yet". */
  readonly what: string;
  /** Kinds of jobs that the keys have an effect in already. */
  readonly actsIn?: readonly JobKind[];
}

const SHOWN_MAX = 80;

const NOT_YET: readonly NotYet[] = [
  {
    keys: ['scan.notifications'],
    what: 'export that follows notifications (with ksn = false what the server holds is exported)',
    actsIn: ['sync', 'scan', 'load'],
  },
  { keys: ['export.follow'], what: 'export that follows what changes (with sync_aof = false what the server holds is exported)' },
];

/** What a job of this kind lacks to act on the key; undefined if it lacks nothing. The first row that names a key counts. */
export function notYet(key: OptionKey, kind: JobKind): string | undefined {
  const row = NOT_YET.find(({ keys }) => keys.some((known) => (known.endsWith('.*') ? key.startsWith(known.slice(0, -1)) : known === key)));
  return row === undefined || row.actsIn?.includes(kind) ? undefined : row.what;
}

/** True if no job acts on the option. For help and documents. */
export function isNotYet({ key }: Option): boolean {
  return (['sync', 'scan', 'load', 'export'] as const).every((kind) => notYet(key, kind) !== undefined);
}

/**
 * Adds a problem for each setting that is given, is not its default, and would have no effect in such a job.
 * @param sections that are read; all that the kind of job has unless told
 */
export function refuseNotYet(settings: Settings, kind: JobKind, sections?: readonly string[]): void {
  const lineOf = (key: OptionKey): number => {
    const { origin } = settings.given(key)!;
    return origin.kind === 'file' ? origin.line : 0;
  };
  for (const key of settings.keys().toSorted((a, b) => lineOf(a) - lineOf(b))) {
    const what = notYet(key, kind);
    const { value, origin } = settings.given(key)!;
    const option = findOption(key)!;
    const { fallback, type } = option;
    if (what === undefined || !isOptionOf(kind, option) || sections?.includes(option.section) === false || JSON.stringify(value) === JSON.stringify(fallback))
      continue;
    const message = `${originName(origin)}: ${key} is ${shown(type.show(value))}, but there is no ${what} yet`;
    // Both a side alone and the whole job may have been looked at.
    if (!settings.problems.some((problem) => problem.message === message)) settings.problems.push({ code: 'NOT_YET', message });
  }
}

/** A shake.toml that describes another job than the command is. A sync and a scan can stand in for each other. */
export function refuseOtherKind(settings: Settings, kind: JobKind): void {
  const { shake } = settings;
  const described = settings.value('run.kind');
  const isOfServers = (one: string | undefined): boolean => one === 'sync' || one === 'scan';
  if (shake === undefined || described === kind || (isOfServers(kind) && isOfServers(described))) return;
  const message = `${originName(settings.origin('run.kind'))}: the file describes a job of the kind ${described}, and this is one of the kind ${kind}`;
  settings.problems.push({ code: 'CONFIG_INVALID', message, fix: '`godwit run FILE` does what it describes.' });
}

/** On one line, and not longer than a message should be. */
function shown(text: string): string {
  const line = /[\r\n]/.test(text) ? JSON.stringify(text) : text;
  return line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX)}...` : line;
}
