/**
 * Glob patterns as servers understand them (util.c: stringmatchlen), on bytes:
 *
 *   pattern = *( "*" | "?" | class | "\" byte | byte )
 *   class   = "[" ["^"] *( "\" byte | byte "-" byte | byte ) ( "]" | end of the pattern )        ; a range the wrong way round is turned
 *
 * Bytes from 0x80 on count as above all others; servers on x86 have them below, which shows in ranges from one half into the other alone.
 *
 * A "\" at the end stands for itself. The empty key is fit by the empty pattern and by a single "*", and by no other one: so it is in servers. Matching goes
 * back to the last star only, which is enough, so it takes pattern times key at most, where a server can take exponentially long.
 */
const STAR = 0x2a;
const ANY = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const ESCAPE = 0x5c;
const NOT = 0x5e;
const DASH = 0x2d;

/** Tokens below 256 are the byte itself, from CLASS on the number of a class. */
const STAR_TOKEN = 256;
const ANY_TOKEN = 257;
const CLASS = 258;

export class GlobPattern {
  private readonly tokens: Int32Array;
  private readonly classes: readonly Uint8Array[];
  private readonly fitsEmpty: boolean;

  constructor(pattern: Uint8Array) {
    this.fitsEmpty = pattern.length === 0 || (pattern.length === 1 && pattern[0] === STAR);
    const { tokens, classes } = tokensOf(pattern);
    this.tokens = Int32Array.from(tokens);
    this.classes = classes;
  }

  /** What a pattern comes to that needs no matching: the whole key, how it begins, or how it ends. Null: it needs it. */
  get plain(): { readonly place: 'whole' | 'begin' | 'end'; readonly bytes: Uint8Array } | null {
    const { tokens } = this;
    const { length } = tokens;
    const special = tokens.reduce((count, token) => count + (token > 255 ? 1 : 0), 0);
    if (special === 0) return { place: 'whole', bytes: Uint8Array.from(tokens) };
    if (special > 1 || (length === 1 && !this.fitsEmpty)) return null;
    if (tokens[length - 1] === STAR_TOKEN) return { place: 'begin', bytes: Uint8Array.from(tokens.subarray(0, length - 1)) };
    return tokens[0] === STAR_TOKEN ? { place: 'end', bytes: Uint8Array.from(tokens.subarray(1)) } : null;
  }

  /** Does it fit all of bytes[start, end)? */
  matches(bytes: Uint8Array, start: number, end: number): boolean {
    const { tokens } = this;
    const { length } = tokens;
    if (start === end) return this.fitsEmpty;
    let [at, token] = [start, 0];
    let [starAt, starToken] = [start, -1];
    while (at < end) {
      if (token < length && tokens[token] === STAR_TOKEN) {
        starToken = token++;
        starAt = at;
      } else if (token < length && this.takes(tokens[token], bytes[at])) {
        at++;
        token++;
      } else if (starToken >= 0) {
        token = starToken + 1;
        at = ++starAt;
      } else return false;
    }
    while (token < length && tokens[token] === STAR_TOKEN) token++;
    return token === length;
  }

  private takes(token: number, byte: number): boolean {
    if (token < STAR_TOKEN) return token === byte;
    return token === ANY_TOKEN || this.classes[token - CLASS][byte] === 1;
  }
}

function tokensOf(pattern: Uint8Array): { tokens: number[]; classes: Uint8Array[] } {
  const tokens: number[] = [];
  const classes: Uint8Array[] = [];
  let at = 0;
  while (at < pattern.length) {
    const byte = pattern[at++];
    if (byte === STAR) {
      if (tokens.at(-1) !== STAR_TOKEN) tokens.push(STAR_TOKEN);
    } else if (byte === ANY) tokens.push(ANY_TOKEN);
    else if (byte === OPEN) {
      const bytes = new Uint8Array(256);
      at = readClass(pattern, at, bytes);
      tokens.push(CLASS + classes.length);
      classes.push(bytes);
    } else if (byte === ESCAPE && at < pattern.length) tokens.push(pattern[at++]);
    else tokens.push(byte);
  }
  return { tokens, classes };
}

/** @returns the index behind the class */
function readClass(pattern: Uint8Array, from: number, into: Uint8Array): number {
  let at = from;
  const negated = pattern[at] === NOT;
  if (negated) at++;
  for (; at < pattern.length && pattern[at] !== CLOSE; at++) {
    if (pattern[at] === ESCAPE && at + 1 < pattern.length) into[pattern[++at]] = 1;
    else if (pattern[at + 1] === DASH && at + 2 < pattern.length) {
      const [low, high] = [pattern[at], pattern[at + 2]];
      into.fill(1, Math.min(low, high), Math.max(low, high) + 1);
      at += 2;
    } else into[pattern[at]] = 1;
  }
  if (negated) for (let byte = 0; byte < 256; byte++) into[byte] ^= 1;
  return at + 1;
}
