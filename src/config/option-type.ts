/**
 * The kinds of values that options take: how each is read from a text (flag, environment) or from a TOML value, what it allows (for
 * messages and documents), and how it is shown again.
 */
import { formatDuration, formatSize, parseDuration, parseSize } from './quantity.ts';

type OptionKind = 'string' | 'boolean' | 'integer' | 'number' | 'duration' | 'size' | 'choice' | 'time' | 'url' | 'file' | 'path' | 'secret' | 'list';

export interface OptionType<T> {
  readonly kind: OptionKind;
  /** What may be given, as the end of the sentence "allowed is ...". */
  readonly allowed: string;
  /** The words of a choice; empty for the other kinds. */
  readonly words: readonly string[];
  /** What stands behind the flag in the help, e.g. `<duration>`. */
  readonly placeholder: string;
  /** Reads a value; `textual` is true for flags and environment variables. Undefined means: not allowed. */
  read(raw: unknown, textual: boolean): T | undefined;
  /** The value as it could be given again. Never called for secrets. */
  show(value: T): string;
}

/** A word that stands for a number that means "none" or "fit it". */
interface WordFor {
  readonly word: string;
  readonly value: number;
}

interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly or?: WordFor;
}

const asText = (raw: unknown): string | undefined => (typeof raw === 'string' && raw.length > 0 && !hasControl(raw) ? raw : undefined);

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 32 || unit === 127) return true;
  }
  return false;
}

/** Any text; with a pattern, only what matches. `allowed` describes it. */
export function stringType(allowed = 'a text that is not empty', pattern?: RegExp, severalLines = false): OptionType<string> {
  const read = (raw: unknown): string | undefined => {
    const text = severalLines && typeof raw === 'string' && raw !== '' ? raw : asText(raw);
    return text !== undefined && (!pattern || pattern.test(text)) ? text : undefined;
  };
  return { kind: 'string', allowed, words: [], placeholder: '<text>', read, show: (value) => value };
}

export function booleanType(): OptionType<boolean> {
  const texts: Record<string, boolean> = { true: true, yes: true, on: true, 1: true, false: false, no: false, off: false, 0: false };
  const read = (raw: unknown, textual: boolean): boolean | undefined => {
    if (typeof raw === 'boolean') return raw;
    return textual && typeof raw === 'string' ? texts[raw.toLowerCase()] : undefined;
  };
  return { kind: 'boolean', allowed: 'true or false', words: [], placeholder: '', read, show: String };
}

export function integerType(range: NumberRange): OptionType<number> {
  const allowed = `a whole number from ${range.min} to ${range.max}${orWord(range)}`;
  const parse = (text: string): number | undefined => (/^-?\d{1,15}$/.test(text.trim()) ? Number(text) : undefined);
  return { kind: 'integer', allowed, words: [], placeholder: '<n>', read: numberReader(range, parse, false), show: numberShower(range, String) };
}

/** A factor above 0. */
export function ratioType(): OptionType<number> {
  const read = (raw: unknown, textual: boolean): number | undefined => {
    const value = typeof raw === 'number' ? raw : textual && typeof raw === 'string' && /^\d{1,9}(?:\.\d{1,9})?$/.test(raw.trim()) ? Number(raw) : 0;
    return value > 0 && Number.isFinite(value) ? value : undefined;
  };
  return { kind: 'number', allowed: 'a number above 0 such as 0.5 or 2', words: [], placeholder: '<factor>', read, show: String };
}

/** Milliseconds. */
export function durationType(range: NumberRange): OptionType<number> {
  const allowed = `a duration such as 500ms, 10s, 5m or 1h, from ${formatDuration(range.min)} to ${formatDuration(range.max)}${orWord(range)}`;
  const parse = (text: string): number | undefined => (text.startsWith('-') ? minus(parseDuration(text.slice(1))) : parseDuration(text));
  const read = numberReader(range, parse, true);
  return { kind: 'duration', allowed, words: [], placeholder: '<duration>', read, show: numberShower(range, formatDuration) };
}

const minus = (value: number | undefined): number | undefined => (value === undefined ? undefined : -value);

/** Bytes. */
export function sizeType(range: NumberRange): OptionType<number> {
  const allowed = `a size such as 64mb or 1gib, from ${formatSize(range.min)} to ${formatSize(range.max)}${orWord(range)}`;
  return { kind: 'size', allowed, words: [], placeholder: '<size>', read: numberReader(range, parseSize, true), show: numberShower(range, formatSize) };
}

export function choiceType<const Word extends string>(...words: readonly Word[]): OptionType<Word> {
  const read = (raw: unknown): Word | undefined => words.find((word) => word === raw);
  return { kind: 'choice', allowed: `one of ${words.join(', ')}`, words, placeholder: `<${words.join('|')}>`, read, show: (value) => value };
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Unix milliseconds; -1 is `end`. A time without its zone would mean another one on each machine. */
export function timeType(): OptionType<number> {
  const read = (raw: unknown, textual: boolean): number | undefined => {
    if (raw === 'end') return -1;
    if (raw instanceof Date) return isoTime(raw.toISOString());
    if (typeof raw === 'number' && Number.isSafeInteger(raw) && raw >= 0) return raw * 1000;
    if (typeof raw !== 'string') return undefined;
    return textual && /^\d{1,11}$/.test(raw) ? Number(raw) * 1000 : isoTime(raw);
  };
  return {
    kind: 'time',
    allowed: 'a time with its zone such as 2026-01-31T12:00:00Z or 2026-01-31T13:00:00+01:00, Unix seconds, or end',
    words: [],
    placeholder: '<time>',
    read,
    show: (value) => (value < 0 ? 'end' : new Date(value).toISOString()),
  };
}

function isoTime(text: string): number | undefined {
  const ms = ISO_TIME.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** A path, `-`, or an http(s) URL, which can have a password or a signature in it. */
export function fileType(): OptionType<string> {
  return { kind: 'file', allowed: 'a path, - for standard input, or an http(s) URL', words: [], placeholder: '<file>', read: asText, show: (value) => value };
}

/** An address with credentials in it; taken apart later, by parse-address.ts, which has the better messages. */
export function urlType(allowed = 'redis://user:password@host:port, rediss://... for TLS, or host:port'): OptionType<string> {
  return { kind: 'url', allowed, words: [], placeholder: '<url>', read: asText, show: (value) => value };
}

/** Several of them, in a file as a list. Read into one text, with spaces between: no address has one. */
export function urlsType(): OptionType<string> {
  const read = (raw: unknown): string | undefined => {
    const words = Array.isArray(raw) ? raw : [raw];
    return words.length > 0 && words.every((word) => asText(word) !== undefined) ? words.join(' ') : undefined;
  };
  return {
    kind: 'url',
    allowed: 'addresses or URLs with spaces between, in a file a list of them',
    words: [],
    placeholder: '<urls>',
    read,
    show: (value) => value,
  };
}

/** A file or directory. Relative ones count from the file that names them, or from the working directory; `~/` is the home directory. */
export function pathType(allowed: string): OptionType<string> {
  return { kind: 'path', allowed, words: [], placeholder: '<path>', read: asText, show: (value) => value };
}

export function secretType(): OptionType<string> {
  const read = (raw: unknown): string | undefined => (typeof raw === 'string' ? raw : undefined);
  return { kind: 'secret', allowed: 'a text', words: [], placeholder: '<secret>', read, show: () => '****' };
}

/**
 * Texts that are not empty. As one text (a variable): with commas between, or a JSON array where an item has a comma itself. A flag can be given several times.
 * @param isSplit a flag can hold several with commas between, too; else it is one item, as it is: a key may hold anything
 */
export function textsType({
  isSplit,
  pattern,
  allowed = 'a list of texts that are not empty',
}: {
  readonly isSplit: boolean;
  readonly pattern?: RegExp;
  readonly allowed?: string;
}): OptionType<readonly string[]> {
  const item = (raw: unknown): string | undefined => (typeof raw === 'string' && raw !== '' && (pattern?.test(raw) ?? true) ? raw : undefined);
  return { ...listOf(item, (text) => text, isSplit), allowed };
}

/** Whole numbers from 0. */
export function numbersType(): OptionType<readonly number[]> {
  const item = (raw: unknown): number | undefined => (typeof raw === 'number' && Number.isSafeInteger(raw) && raw >= 0 ? raw : undefined);
  return { ...listOf(item, (text) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined), true), allowed: 'a list of whole numbers' };
}

function listOf<T>(item: (raw: unknown) => T | undefined, fromText: (text: string) => unknown, isSplit: boolean): Omit<OptionType<readonly T[]>, 'allowed'> {
  const read = (raw: unknown, textual: boolean): readonly T[] | undefined => {
    const items = textual ? textualItems(raw, fromText, isSplit) : raw;
    if (!Array.isArray(items)) return undefined;
    const values = items.map(item);
    return values.includes(undefined) ? undefined : (values as T[]);
  };
  return { kind: 'list', words: [], placeholder: '<list>', read, show: (value) => JSON.stringify(value) };
}

/** @param raw one text, of a variable; or several, of a flag */
function textualItems(raw: unknown, fromText: (text: string) => unknown, isSplit: boolean): unknown {
  if (typeof raw === 'string') return itemsOf(raw, fromText);
  if (!Array.isArray(raw)) return raw;
  if (!isSplit) return raw.map((text: unknown) => fromText(String(text)));
  const parts = raw.map((text: unknown) => itemsOf(String(text), fromText));
  return parts.every(Array.isArray) ? parts.flat() : undefined;
}

function itemsOf(text: string, fromText: (text: string) => unknown): unknown {
  if (!text.trimStart().startsWith('[')) {
    const parts = text.split(',').map((part) => part.trim());
    return parts.filter((part) => part !== '').map(fromText);
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function orWord(range: NumberRange): string {
  return range.or ? `, or ${range.or.word}` : '';
}

function numberReader(range: NumberRange, parse: (text: string) => number | undefined, textInFile: boolean): OptionType<number>['read'] {
  return (raw, textual) => {
    if (raw === range.or?.word || raw === range.or?.value || (textual && raw === String(range.or?.value))) return range.or?.value;
    let value: number | undefined;
    if (typeof raw === 'number') value = raw;
    else if (typeof raw === 'string' && (textual || textInFile)) value = parse(raw);
    return value !== undefined && Number.isSafeInteger(value) && value >= range.min && value <= range.max ? value : undefined;
  };
}

function numberShower(range: NumberRange, show: (value: number) => string): OptionType<number>['show'] {
  return (value) => (value === range.or?.value ? range.or.word : show(value));
}
