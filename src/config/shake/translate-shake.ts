/**
 * RedisShake's keys to Godwit's settings: a pure mapping, one row of the table (shake-keys.ts) at a time. The first section of sync, scan, rdb and aof
 * reader counts, and a file_writer before a redis_writer, as in RedisShake; what is given for the others is told.
 *
 *   ShakeDocument --> ShakeTranslation { kind of job, settings with where they come from, one outcome per key }
 */
import { isAbsolute, resolve } from 'node:path';
import type { ConfigProblem } from '../config-error.ts';
import { nearestName } from '../nearest-name.ts';
import type { JobKind } from '../option-kinds.ts';
import { type Origin, originName } from '../origin.ts';
import type { OptionKey } from '../schema.ts';
import type { ShakeDocument } from './shake-document.ts';
import { type NativeSetting, READERS, type ShakeContext, type ShakeKey, type ShakeReader, type ShakeSection, type ShakeWriter, WRITERS } from './shake-key.ts';
import { SHAKE_KEYS } from './shake-keys.ts';
import { readWeakly, SHAKE_TYPE_WORDS, type ShakeValue } from './weak-value.ts';

/** What became of a key. */
export interface ShakeOutcome {
  readonly row: ShakeKey;
  readonly value: ShakeValue;
  /** `shake-default` where the key was left out. */
  readonly origin: Origin;
  readonly settings: readonly NativeSetting[];
  /** The section is not the one that counts. */
  readonly isUnused: boolean;
  /** Variables of the environment that the value has come from. */
  readonly variables: readonly string[];
}

export interface ShakeTranslation {
  readonly kind: JobKind;
  readonly reader: ShakeReader | undefined;
  readonly writer: ShakeWriter | undefined;
  /** It was said by the variables of the container image, not by a file. */
  readonly isOfVariables: boolean;
  /** advanced.dir, absolute: RedisShake makes it. */
  readonly dir: string;
  /** Of every key that was given or whose default is another one here, in the order of the table. */
  readonly outcomes: readonly ShakeOutcome[];
  /** Of `outcomes`, and the kind of the job. */
  readonly settings: readonly { readonly key: OptionKey; readonly raw: unknown; readonly origin: Origin }[];
  readonly warnings: readonly string[];
  readonly problems: readonly ConfigProblem[];
}

export interface TranslateOptions {
  /** RedisShake goes from here into its `dir`. Absolute. */
  readonly cwd: string;
  /** Whether there is a file or folder. */
  readonly exists: (path: string) => boolean;
  /** Keys that are not known are problems instead of warnings. */
  readonly strict: boolean;
}

export function translateShake(document: ShakeDocument, options: TranslateOptions): ShakeTranslation {
  return new Translator(document, options).translate();
}

class Translator {
  readonly #document: ShakeDocument;
  readonly #options: TranslateOptions;
  readonly #values = new Map<string, ShakeValue>();
  readonly #warnings: string[] = [];
  readonly #problems: ConfigProblem[];
  readonly #reader: ShakeReader | undefined;
  readonly #writer: ShakeWriter | undefined;

  constructor(document: ShakeDocument, options: TranslateOptions) {
    this.#document = document;
    this.#options = options;
    this.#problems = [...document.problems];
    this.#reader = READERS.find((name) => document.sections.has(name));
    this.#writer = WRITERS.find((name) => document.sections.has(name));
  }

  translate(): ShakeTranslation {
    this.#noteUnknown();
    this.#noteSections();
    for (const row of SHAKE_KEYS) this.#values.set(nameOf(row), this.#read(row));
    const context = this.#context();
    const outcomes = SHAKE_KEYS.flatMap((row) => this.#outcome(row, context) ?? []);
    const kindOrigin = this.#document.sections.get(context.kind === 'export' && this.#writer ? this.#writer : (this.#reader ?? '')) ?? {
      kind: 'shake-default',
    };
    return {
      kind: context.kind,
      reader: this.#reader,
      writer: this.#writer,
      dir: context.path('.', 'write'),
      isOfVariables: this.#document.sections.get(this.#reader ?? '')?.kind === 'env',
      outcomes,
      settings: [
        { key: 'run.kind', raw: context.kind, origin: kindOrigin },
        ...outcomes.flatMap(({ settings, origin }) => settings.map((setting) => ({ ...setting, origin }))),
      ],
      warnings: this.#warnings,
      problems: this.#problems,
    };
  }

  #noteUnknown(): void {
    for (const { message, fix } of this.#document.unknown) {
      if (this.#options.strict) this.#problems.push({ code: 'CONFIG_UNKNOWN_KEY', message, fix });
      else this.#warnings.push(`${message} and has no effect${fix === undefined ? '' : `. ${fix}`}`);
    }
  }

  #noteSections(): void {
    const { sections } = this.#document;
    for (const [names, used, what] of [
      [READERS, this.#reader, 'reader'],
      [WRITERS, this.#writer, 'writer'],
    ] as const) {
      if (used === undefined && this.#document.problems.length === 0) {
        const fix = `Write one of ${names.map((name) => `[${name}]`).join(', ')}.`;
        this.#problems.push({ code: 'CONFIG_MISSING', message: `the file has no section of a ${what}`, fix });
      }
      for (const name of names.filter((other) => other !== used && sections.has(other))) {
        this.#warnings.push(`${originName(sections.get(name)!)}: [${name}] is not used, since [${used}] counts before it`);
      }
    }
  }

  #read(row: ShakeKey): ShakeValue {
    const entry = this.#document.entries.get(nameOf(row));
    if (entry === undefined) return row.fallback;
    const value = readWeakly(row.type, entry.raw);
    const allowed = row.words === undefined ? SHAKE_TYPE_WORDS[row.type] : `one of ${row.words.join(', ')}`;
    if (value !== undefined && (row.words === undefined || row.words.includes(value as string))) return value;
    const near = row.words === undefined || typeof value !== 'string' ? undefined : nearestName(value, row.words);
    const message = `${originName(entry.origin)}: ${nameOf(row)} is ${shown(row, entry.raw)}, allowed is ${allowed}`;
    this.#problems.push({ code: 'CONFIG_INVALID', message, fix: near && `Did you mean ${near}?` });
    return row.fallback;
  }

  #context(): ShakeContext {
    const { entries } = this.#document;
    const { cwd, exists } = this.#options;
    const value = (section: ShakeSection, key: string): ShakeValue => this.#values.get(`${section}.${key}`)!;
    const dir = resolve(cwd, value('advanced', 'dir') as string);
    return {
      kind: this.#kind(),
      reader: this.#reader,
      writer: this.#writer,
      value,
      isGiven: (section, key) => entries.has(`${section}.${key}`),
      path: (text, use) => {
        if (text === '-' || isAbsolute(text) || /^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text;
        const inDir = resolve(dir, text);
        const inCwd = resolve(cwd, text);
        return use === 'read' && !exists(inDir) && exists(inCwd) ? inCwd : inDir;
      },
    };
  }

  #kind(): JobKind {
    if (this.#writer === 'file_writer') return 'export';
    if (this.#reader === 'scan_reader') return 'scan';
    return this.#reader === 'rdb_reader' || this.#reader === 'aof_reader' ? 'load' : 'sync';
  }

  #outcome(row: ShakeKey, context: ShakeContext): ShakeOutcome | undefined {
    const entry = this.#document.entries.get(nameOf(row));
    const value = this.#values.get(nameOf(row))!;
    const isUnused = this.#isUnused(row.section);
    if (entry === undefined && (isUnused || row.mapsDefault !== true)) return undefined;
    const settings = isUnused || row.map === undefined ? [] : row.map(value, context);
    if (entry === undefined) return settings.length === 0 ? undefined : { row, value, origin: { kind: 'shake-default' }, settings, isUnused, variables: [] };
    const isOther = JSON.stringify(value) !== JSON.stringify(row.fallback);
    if (!isUnused && settings.length === 0 && isOther && row.isHarmless !== true) {
      this.#warnings.push(`${originName(entry.origin)}: ${nameOf(row)} has no effect here${row.note === undefined ? '' : `. ${row.note}`}`);
    }
    return { row, value, origin: entry.origin, settings, isUnused, variables: this.#document.variables.get(originName(entry.origin)) ?? [] };
  }

  #isUnused(section: ShakeSection): boolean {
    const all: readonly string[] = [...READERS, ...WRITERS];
    return all.includes(section) && section !== this.#reader && section !== this.#writer;
  }
}

function nameOf({ section, key }: ShakeKey): string {
  return `${section}.${key}`;
}

function shown(row: ShakeKey, raw: unknown): string {
  if (row.type === 'secret') return '****';
  if (Array.isArray(raw)) return 'a list';
  if (typeof raw === 'object' && raw !== null && !(raw instanceof Date)) return 'a table';
  const text = typeof raw === 'string' ? JSON.stringify(raw) : String(raw);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
