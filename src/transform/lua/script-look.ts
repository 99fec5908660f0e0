/**
 * What can be seen of a script without running it: which of the globals of an entry it uses, so that others need not be made; how it uses ARGV, so that its
 * elements need not be made; and whether it looks at what RESTORE would hide.
 *
 * ARGV is `lazy` if all that is done with it is `ARGV[...]`, `#ARGV` and `shake.call(..., ARGV)`: then nobody can see that it is no whole table, and elements
 * are fetched one by one. `#ARGV` cannot be intercepted in Lua 5.1 and is replaced by a call. For anything else it is a plain table with everything in it:
 * `touched` if it is made when the script first reads the global, `eager` if the script could notice that (it assigns ARGV, or uses
 * metatables, which _G has one of).
 *
 * A script that reaches its globals by other ways than their names (_G, loadstring ...) is given all of them.
 */
import type { Expansion } from '../transform-engine.ts';
import { luaTokens, type LuaToken } from './lua-tokens.ts';

export const ENTRY_NAMES = ['DB', 'CMD', 'GROUP', 'KEYS', 'KEY_INDEXES', 'SLOTS', 'ARGV'] as const;
export type EntryName = (typeof ENTRY_NAMES)[number];
/** The function that `#ARGV` becomes. */
export const ARGUMENT_COUNT = '__godwit_argument_count';

export interface ScriptLook {
  /** In the order of ENTRY_NAMES. */
  readonly names: readonly EntryName[];
  readonly argv: 'unused' | 'lazy' | 'touched' | 'eager';
  /** It has `ARGV[...]`. */
  readonly looksAtElements: boolean;
  /** What is to be run: the source, with `#ARGV` replaced if argv is lazy. */
  readonly runnable: string;
  readonly expansion: Expansion;
  /** Line of a `goto`, which Lua 5.1 has not. */
  readonly gotoLine: number | undefined;
}

const DYNAMIC = new Set(['_G', 'getfenv', 'setfenv', 'load', 'loadstring']);

/** @param source one character per byte */
export function lookAtScript(source: string): ScriptLook {
  const tokens = luaTokens(source);
  const uses = tokens.map((token, i) => ({ token, i })).filter(({ token, i }) => token.kind === 'name' && !isField(tokens, i));
  const dynamic = uses.find(({ token }) => DYNAMIC.has(token.text))?.token;
  const used = new Set(uses.map(({ token }) => token.text));
  const names = ENTRY_NAMES.filter((name) => dynamic !== undefined || used.has(name));
  const argvUses = uses.filter(({ token }) => token.text === 'ARGV').map(({ i }) => argvUse(tokens, i));
  const sees = seesGlobals(used) || uses.some(({ token, i }) => token.text === 'ARGV' && isAssigned(tokens, i));
  const isLazy = dynamic === undefined && !argvUses.includes('other') && isOwnShake(tokens, uses);
  const argv = !names.includes('ARGV') ? 'unused' : isLazy ? 'lazy' : dynamic !== undefined || sees ? 'eager' : 'touched';
  const gotoLine = uses.find(({ token, i }) => token.text === 'goto' && tokens[i + 1]?.kind === 'name')?.token.line;
  const looksAtElements = argvUses.some((use) => use.startsWith('index'));
  return { names, argv, looksAtElements, runnable: isLazy ? withCounts(source, tokens) : source, expansion: expansion(tokens, dynamic), gotoLine };
}

type ArgvUse = 'index' | 'index of a key' | 'count' | 'passed on' | 'other';

function argvUse(tokens: readonly LuaToken[], i: number): ArgvUse {
  const [before, behind] = [tokens[i - 1]?.text, tokens[i + 1]?.text];
  if (behind === '[') {
    const isBare = before !== 'local' && before !== 'function' && before !== 'for';
    return !isBare ? 'other' : tokens[i + 2]?.text === 'KEY_INDEXES' && tokens[i + 3]?.text === '[' ? 'index of a key' : 'index';
  }
  if (before === '#' && tokens[i + 1]?.kind !== 'string' && !['.', ':', '(', '{', '^'].includes(behind ?? '')) return 'count';
  if (before === ',' && behind === ')' && isCallOfShake(tokens, i)) return 'passed on';
  return 'other';
}

/** Is the parenthesis that closes behind token i the one of `shake.call(`, and token i its second argument? */
function isCallOfShake(tokens: readonly LuaToken[], i: number): boolean {
  let depth = 0;
  let commas = 0;
  for (let at = i - 1; at >= 0; at--) {
    const { text } = tokens[at];
    if (text === ')' || text === ']' || text === '}') depth++;
    else if (text === ',' && depth === 0) commas++;
    else if (text === '(' || text === '[' || text === '{') {
      if (depth-- > 0) continue;
      const isCall = tokens[at - 1]?.text === 'call' && tokens[at - 2]?.text === '.' && tokens[at - 3]?.text === 'shake';
      return text === '(' && isCall && commas === 1 && !isField(tokens, at - 3);
    } else if (text === 'function' || text === 'end') return false;
  }
  return false;
}

/** shake is used as `shake.call(` and `shake.log(` only: nobody has put something else in its place. */
function isOwnShake(tokens: readonly LuaToken[], uses: readonly { token: LuaToken; i: number }[]): boolean {
  return uses
    .filter(({ token }) => token.text === 'shake')
    .every(({ i }) => tokens[i + 1]?.text === '.' && ['call', 'log'].includes(tokens[i + 2]?.text ?? '') && tokens[i + 3]?.text === '(');
}

const seesGlobals = (used: ReadonlySet<string>): boolean => used.has('setmetatable') || used.has('getmetatable');

/** `ARGV = ...`, `x, ARGV = ...`, `ARGV, x = ...`: nil may be assigned to what has not been made yet. */
function isAssigned(tokens: readonly LuaToken[], i: number): boolean {
  const [before, behind] = [tokens[i - 1]?.text ?? '', tokens[i + 1]?.text];
  return behind === '=' || (behind === ',' && !['(', ',', '{', 'return', '=', 'in'].includes(before));
}

/** `t.ARGV`, `t:ARGV`: a field, not the global. `..` is a token of its own. */
function isField(tokens: readonly LuaToken[], i: number): boolean {
  const before = tokens[i - 1]?.text;
  return before === '.' || before === ':';
}

function withCounts(source: string, tokens: readonly LuaToken[]): string {
  let text = '';
  let from = 0;
  tokens.forEach((token, i) => {
    if (token.text !== 'ARGV' || isField(tokens, i) || argvUse(tokens, i) !== 'count') return;
    const hash = tokens[i - 1];
    text += `${source.slice(from, hash.start)} ${source.slice(hash.end, token.start)}${ARGUMENT_COUNT}()`;
    from = token.end;
  });
  return text + source.slice(from);
}

/** RESTORE tells a script its key and its database as any other command; the name, the group and the other arguments are those of RESTORE. */
function expansion(tokens: readonly LuaToken[], dynamic: LuaToken | undefined): Expansion {
  if (dynamic !== undefined) return { wanted: true, because: `line ${dynamic.line} uses ${dynamic.text}, so that it may look at anything` };
  for (const [i, { text, line }] of tokens.entries()) {
    if (isField(tokens, i)) continue;
    if (text === 'CMD' || text === 'GROUP') return { wanted: true, because: `line ${line} looks at ${text}` };
    if (text !== 'ARGV') continue;
    const use = argvUse(tokens, i);
    if (use !== 'passed on' && use !== 'index of a key') return { wanted: true, because: `line ${line} looks at ARGV` };
  }
  return { wanted: false, because: 'it looks at keys and databases only' };
}
