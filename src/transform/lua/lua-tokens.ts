/**
 * Lua 5.1 cut into tokens, as far as it takes to see which names a script uses: comments and white space are left out, strings and numbers keep no value.
 * A source that is not Lua gives tokens too; whether it is Lua is for the compiler to say.
 *
 *   comment = "--" (long | rest of line)       long = "[" "="* "[" ... "]" "="* "]"
 *   string  = ' ... ' | " ... " | long         with \ before what would end it
 */
export interface LuaToken {
  readonly kind: 'name' | 'string' | 'number' | 'symbol';
  /** Empty for strings and numbers. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** From 1. */
  readonly line: number;
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /\.?[0-9](?:[eEpP][+-]|[A-Za-z0-9_.])*/y;
const SYMBOL = /\.\.\.|\.\.|[=~<>]=|::|[^]/y;
const SPACE = /[ \t\r\n\v\f]+/y;
const LONG_OPEN = /\[(=*)\[/y;

/** @param source one character per byte */
export function luaTokens(source: string): LuaToken[] {
  const tokens: LuaToken[] = [];
  let line = 1;
  let lineAt = 0;
  for (let at = 0; at < source.length;) {
    const end = tokenEnd(source, at);
    for (; lineAt < at; lineAt++) if (source[lineAt] === '\n') line++;
    const kind = kindOf(source, at);
    if (kind !== null) tokens.push({ kind, text: kind === 'name' || kind === 'symbol' ? source.slice(at, end) : '', start: at, end, line });
    at = end;
  }
  return tokens;
}

/** null: space or a comment. */
function kindOf(source: string, at: number): LuaToken['kind'] | null {
  const first = source[at];
  if (/[ \t\r\n\v\f]/.test(first) || source.startsWith('--', at)) return null;
  if (/[A-Za-z_]/.test(first)) return 'name';
  if (first === '"' || first === "'" || matchEnd(LONG_OPEN, source, at) > 0) return 'string';
  return matchEnd(NUMBER, source, at) > 0 ? 'number' : 'symbol';
}

function tokenEnd(source: string, at: number): number {
  const first = source[at];
  if (source.startsWith('--', at)) {
    const long = longEnd(source, at + 2);
    if (long > 0) return long;
    const lineEnd = source.indexOf('\n', at);
    return lineEnd < 0 ? source.length : lineEnd;
  }
  if (first === '"' || first === "'") return quotedEnd(source, at);
  return (
    longEnd(source, at) || matchEnd(SPACE, source, at) || matchEnd(NAME, source, at) || matchEnd(NUMBER, source, at) || matchEnd(SYMBOL, source, at) || at + 1
  );
}

/** 0: there is none. */
function matchEnd(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : 0;
}

function longEnd(source: string, at: number): number {
  LONG_OPEN.lastIndex = at;
  const open = LONG_OPEN.exec(source);
  if (open === null) return 0;
  const close = `]${open[1]}]`;
  const found = source.indexOf(close, LONG_OPEN.lastIndex);
  return found < 0 ? source.length : found + close.length;
}

function quotedEnd(source: string, start: number): number {
  let at = start + 1;
  while (at < source.length && source[at] !== source[start]) at += source[at] === '\\' ? 2 : 1;
  return Math.min(at + 1, source.length);
}
