/**
 * Values of shake.toml as RedisShake reads them (viper, weakly typed): `"true"`, `"1"` and `1` are true, `"0x10"` is 16, a number without quotes is a
 * text, one value is a list of one, and a text is a list with commas.
 *
 *   boolean = true | false | number (0 is false) | "" (false) | "1" "t" "T" "TRUE" "true" "True" | "0" "f" "F" "FALSE" "false" "False"
 *   integer = number (its fraction dropped) | boolean (1, 0) | "" (0) | text of a number: decimal, 0x, 0o, 0b, 0 for octal, with _ between digits
 */
export type ShakeType = 'boolean' | 'integer' | 'text' | 'secret' | 'texts' | 'integers';
export type ShakeValue = boolean | number | string | readonly string[] | readonly number[];

/** What messages say is allowed. */
export const SHAKE_TYPE_WORDS: Readonly<Record<ShakeType, string>> = {
  boolean: 'true or false',
  integer: 'a whole number',
  text: 'a text',
  secret: 'a text',
  texts: 'a list of texts',
  integers: 'a list of whole numbers',
};

/** Undefined: the value cannot be read as this type. */
export function readWeakly(type: ShakeType, raw: unknown): ShakeValue | undefined {
  switch (type) {
    case 'boolean':
      return toBoolean(raw);
    case 'integer':
      return toInteger(raw);
    case 'text':
    case 'secret':
      return toText(raw);
    case 'texts':
      return toList(raw, toText);
    case 'integers':
      return toList(raw, (item) => toInteger(typeof item === 'string' ? item.trim() : item));
  }
}

const TRUE_WORDS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE_WORDS = new Set(['', '0', 'f', 'F', 'FALSE', 'false', 'False']);

function toBoolean(raw: unknown): boolean | undefined {
  if (typeof raw === 'boolean') return raw;
  if (typeof raw === 'number' || typeof raw === 'bigint') return Number(raw) !== 0;
  if (typeof raw !== 'string') return undefined;
  return TRUE_WORDS.has(raw) ? true : FALSE_WORDS.has(raw) ? false : undefined;
}

const INTEGER = /^([+-]?)(0[xX]_?|0[oO]_?|0[bB]_?|0_?(?=\d))?([\da-fA-F]+(?:_[\da-fA-F]+)*)$/;

function toInteger(raw: unknown): number | undefined {
  if (typeof raw === 'boolean') return Number(raw);
  if (typeof raw === 'number') return Number.isFinite(raw) ? Math.trunc(raw) : undefined;
  if (typeof raw === 'bigint') return Number(raw);
  if (raw === '') return 0;
  const found = typeof raw === 'string' ? INTEGER.exec(raw) : null;
  if (!found) return undefined;
  const [, sign, prefix = '', digits = ''] = found;
  const mark = prefix.replace('_', '');
  const marked = mark === '0' ? '0o' : mark;
  const value = Number(`${marked}${digits.replaceAll('_', '')}`);
  if (!Number.isInteger(value) || (marked === '' && /[a-f]/i.test(digits))) return undefined;
  return sign === '-' ? -value : value;
}

function toText(raw: unknown): string | undefined {
  if (typeof raw === 'string') return raw;
  if (typeof raw === 'boolean') return raw ? '1' : '0';
  return typeof raw === 'number' || typeof raw === 'bigint' ? String(raw) : undefined;
}

function toList<T>(raw: unknown, item: (raw: unknown) => T | undefined): readonly T[] | undefined {
  const parts = Array.isArray(raw) ? raw : raw === '' ? [] : typeof raw === 'string' ? raw.split(',') : [raw];
  const values = parts.map(item);
  return values.includes(undefined) ? undefined : (values as T[]);
}
