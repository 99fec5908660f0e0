/**
 * Rules that rename keys, as they are written. In a flag or variable each is a text, in a file a text or a table:
 *
 *   prefix:old:=>new:     { prefix = "old:", to = "new:" }
 *   suffix::tmp=>         { suffix = ":tmp", to = "" }
 *   tag:node1=>node2      { tag = "node1", to = "node2" }
 *   braces:<>             { braces = "<>" }                    two characters, or none: the braces of a hash tag become these, or go
 *   regex:^a(\d)=>b$1     { regex = '^a(\d)', to = "b$1" }
 *
 * A text is parted at its first `=>`, an expression at its last.
 */
import type { OptionType } from './option-type.ts';

export interface RenameSetting {
  readonly kind: 'prefix' | 'suffix' | 'tag' | 'braces' | 'regex';
  readonly from: string;
  readonly to: string;
}

const KINDS = ['prefix', 'suffix', 'tag', 'braces', 'regex'] as const;
const ARROW = '=>';

export function renamesType(): OptionType<readonly RenameSetting[]> {
  return {
    kind: 'list',
    allowed: 'a list of rules such as prefix:old:=>new:, suffix:.tmp=>, tag:a=>b, braces:<> or regex:^a(.*)=>b$1',
    words: [],
    placeholder: '<rule>',
    read: (raw, textual) => {
      const items = textual && typeof raw === 'string' ? textsOf(raw) : raw;
      if (!Array.isArray(items)) return undefined;
      const rules = items.map((item) => (typeof item === 'string' ? ofText(item) : ofTable(item)));
      return rules.includes(undefined) ? undefined : (rules as RenameSetting[]);
    },
    show: (rules) => JSON.stringify(rules.map(({ kind, from, to }) => (kind === 'braces' ? `braces:${from}` : `${kind}:${from}${ARROW}${to}`))),
  };
}

/** Of a variable, or one flag: a JSON array, or one rule. */
function textsOf(text: string): unknown {
  if (!text.trimStart().startsWith('[')) return [text];
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function ofText(text: string): RenameSetting | undefined {
  const kind = KINDS.find((one) => text.startsWith(`${one}:`));
  if (kind === undefined) return undefined;
  const rest = text.slice(kind.length + 1);
  if (kind === 'braces') return rule(kind, rest, '');
  const at = kind === 'regex' ? rest.lastIndexOf(ARROW) : rest.indexOf(ARROW);
  return at < 0 ? undefined : rule(kind, rest.slice(0, at), rest.slice(at + ARROW.length));
}

function ofTable(raw: unknown): RenameSetting | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return undefined;
  const { to = '', ...rest } = raw as Record<string, unknown>;
  const [[kind, from] = [], ...more] = Object.entries(rest);
  const known = KINDS.find((one) => one === kind);
  if (known === undefined || more.length > 0 || typeof from !== 'string' || typeof to !== 'string') return undefined;
  return rule(known, from, to);
}

function rule(kind: RenameSetting['kind'], from: string, to: string): RenameSetting | undefined {
  if (kind === 'braces') return /^(?:..)?$/su.test(from) && to === '' ? { kind, from, to } : undefined;
  const saysNothing = kind === 'tag' || kind === 'regex' ? from === '' : from === '' && to === '';
  return saysNothing ? undefined : { kind, from, to };
}
