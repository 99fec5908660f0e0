/**
 * Puts environment variables into the text of a shake.toml before it is parsed, since people write them without quotes too (`cluster = ${CLUSTER}`).
 *
 *   reference = "${" name "}" | "${" name ":-" default "}"        name = [A-Za-z_][A-Za-z0-9_]*
 *
 * Only these: any other `$` is itself, so that a password may hold one. The default counts where the variable is not set or empty; a reference without
 * one stays as it is then. Within quotes a value is put in so that TOML reads exactly that value: quotes and backslashes in a password are harmless.
 * Comments are left alone. No value adds a line, so that line numbers stay those of the file.
 */
export interface Substituted {
  readonly text: string;
  /** Names of the variables that were put in, by line (from 1). */
  readonly replaced: ReadonlyMap<number, readonly string[]>;
  readonly missing: readonly { readonly name: string; readonly line: number }[];
  /** Variables that are set, and written as `$NAME`: RedisShake 4.2 puts them in, newer ones and Godwit do not. */
  readonly bare: readonly { readonly name: string; readonly line: number }[];
  /** Values that cannot stand where they are referred to. */
  readonly unfit: readonly { readonly name: string; readonly line: number; readonly why: string }[];
}

type Place = 'bare' | '"' | "'" | '"""' | "'''" | 'comment';

const BARE_REFERENCE = /\$([A-Za-z_][A-Za-z0-9_]*)/y;
const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}\n]*))?\}/y;

export function substituteVariables(text: string, env: Readonly<Record<string, string | undefined>>): Substituted {
  const replaced = new Map<number, string[]>();
  const missing: { name: string; line: number }[] = [];
  const bare: { name: string; line: number }[] = [];
  const unfit: { name: string; line: number; why: string }[] = [];
  let place: Place = 'bare';
  let line = 1;
  let out = '';
  for (let at = 0; at < text.length;) {
    REFERENCE.lastIndex = at;
    const found = place === 'comment' ? null : REFERENCE.exec(text);
    if (!found) {
      const name = place === 'comment' ? undefined : nameAt(text, at);
      if (name !== undefined && env[name]) bare.push({ name, line });
      const { length, next } = step(text, at, place);
      const piece = text.slice(at, at + length);
      if (piece === '\n') line++;
      out += piece;
      place = next;
      at += length;
      continue;
    }
    const [whole, name, fallback] = found;
    const value = env[name] || undefined;
    const why = value === undefined ? undefined : whyUnfit(value, place);
    if (value === undefined && fallback === undefined) missing.push({ name, line });
    if (why !== undefined) unfit.push({ name, line, why });
    if (value !== undefined) replaced.set(line, [...(replaced.get(line) ?? []), name]);
    out += value === undefined || why !== undefined ? (fallback ?? whole) : place.startsWith('"') ? escaped(value) : value;
    at += whole.length;
  }
  return { text: out, replaced, missing, bare, unfit };
}

function nameAt(text: string, at: number): string | undefined {
  BARE_REFERENCE.lastIndex = at;
  return BARE_REFERENCE.exec(text)?.[1];
}

/** The next piece that stands together, and where the text is behind it. */
function step(text: string, at: number, place: Place): { length: number; next: Place } {
  const char = text[at];
  switch (place) {
    case 'comment':
      return { length: 1, next: char === '\n' ? 'bare' : 'comment' };
    case 'bare':
      if (char === '#') return { length: 1, next: 'comment' };
      if (char !== '"' && char !== "'") return { length: 1, next: 'bare' };
      if (!text.startsWith(char.repeat(3), at)) return { length: 1, next: char };
      return { length: 3, next: char === '"' ? '"""' : "'''" };
    case '"':
    case '"""':
      if (char === '\\' && text[at + 1] !== '\n' && text[at + 1] !== undefined) return { length: 2, next: place };
      break;
    case "'":
    case "'''":
  }
  if (!text.startsWith(place, at)) return { length: 1, next: place };
  // Up to two quotes may stand before the closing three.
  let length = place.length;
  while (place.length === 3 && text[at + length] === char) length++;
  return { length, next: 'bare' };
}

function whyUnfit(value: string, place: Place): string | undefined {
  if (place.startsWith('"')) return undefined;
  if (/[\r\n]/.test(value)) return 'it has several lines';
  if (place.startsWith("'") && value.includes("'")) return "it has a ' and stands between two of them: write it between double quotes";
  return undefined;
}

function escaped(value: string): string {
  return JSON.stringify(value)
    .slice(1, -1)
    .replaceAll('\u007f', String.raw`\u007f`);
}
