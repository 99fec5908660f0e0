/**
 * The subset of Go's text/template that the chart keeps to, parsed. Anything else is an error, so that the chart cannot leave the subset unseen.
 *
 *   template = { text | "{{" action "}}" }               "{{-" and "-}}" trim the white space of the text beside them
 *   action   = comment | pipeline | if | with | range | define
 *   if       = "if" pipeline ... { "else if" pipeline ... } [ "else" ... ] "end"       with, range: without else
 *   pipeline = call { "|" call }                         what is on the left becomes the last argument on the right
 *   call     = operand | function { operand }
 *   operand  = "." | "." path | string | number | "true" | "false" | "(" pipeline ")"
 */

export type Operand =
  | { readonly kind: 'path'; readonly path: readonly string[] }
  | { readonly kind: 'value'; readonly value: string | number | boolean }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline };

/** Without a function the one operand is the value. */
export interface Call {
  readonly name: string | undefined;
  readonly operands: readonly Operand[];
}

export type Pipeline = readonly Call[];

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly pipeline: Pipeline }
  | { readonly kind: 'if'; readonly branches: readonly { readonly when: Pipeline; readonly body: readonly Node[] }[]; readonly otherwise: readonly Node[] }
  | { readonly kind: 'with' | 'range'; readonly over: Pipeline; readonly body: readonly Node[] }
  | { readonly kind: 'define'; readonly name: string; readonly body: readonly Node[] };

interface Token {
  readonly kind: 'text' | 'action';
  readonly text: string;
}

/** @throws Error with what is not of the subset */
export function parseTemplate(source: string): Node[] {
  const parser = new Parser(tokensOf(source));
  const nodes = parser.nodes();
  if (parser.ended !== undefined) throw new Error(`{{ ${parser.ended} }} without a begin`);
  return nodes;
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let trimNext = false;
  let at = 0;
  const text = (raw: string, trimEnd: boolean): void => {
    const begun = trimNext ? raw.trimStart() : raw;
    const whole = trimEnd ? begun.trimEnd() : begun;
    if (whole !== '') tokens.push({ kind: 'text', text: whole });
  };
  for (const { 0: whole, 1: left = '', 2: inside = '', 3: right = '', index } of source.matchAll(
    /\{\{(- )?((?:\s*\/\*.*?\*\/\s*)|(?:"(?:[^"\\]|\\.)*"|[^"}])*?)( -)?\}\}/gs,
  )) {
    text(source.slice(at, index), left !== '');
    if (!inside.trim().startsWith('/*')) tokens.push({ kind: 'action', text: inside.trim() });
    trimNext = right !== '';
    at = index + whole.length;
  }
  text(source.slice(at), false);
  const stray = tokens.find((token) => token.kind === 'text' && /\{\{|\}\}/.test(token.text));
  if (stray) throw new Error(`cannot be read: ${stray.text.slice(0, 80)}`);
  return tokens;
}

class Parser {
  /** The action that ended the last list of nodes: `end`, `else`, `else if ...`. */
  ended: string | undefined;
  private readonly tokens: readonly Token[];
  private next = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  nodes(): Node[] {
    const nodes: Node[] = [];
    for (let token = this.tokens[this.next]; token !== undefined; token = this.tokens[this.next]) {
      this.next++;
      if (token.kind === 'text') nodes.push({ kind: 'text', text: token.text });
      else if (/^(end|else)\b/.test(token.text)) {
        this.ended = token.text;
        return nodes;
      } else nodes.push(this.action(token.text));
    }
    this.ended = undefined;
    return nodes;
  }

  private action(text: string): Node {
    const [, keyword = '', rest = ''] = /^(if|with|range|define)\s+(.*)$/s.exec(text) ?? [];
    switch (keyword) {
      case 'if':
        return this.condition(rest);
      case 'with':
      case 'range':
        return { kind: keyword, over: parsePipeline(rest), body: this.body() };
      case 'define':
        return { kind: 'define', name: JSON.parse(rest) as string, body: this.body() };
      default:
        return { kind: 'output', pipeline: parsePipeline(text) };
    }
  }

  private condition(first: string): Node {
    const branches: { when: Pipeline; body: Node[] }[] = [];
    let when = first;
    for (;;) {
      branches.push({ when: parsePipeline(when), body: this.nodes() });
      const ended = this.ended ?? '';
      if (ended === 'end') return { kind: 'if', branches, otherwise: [] };
      if (ended === 'else') return { kind: 'if', branches, otherwise: this.body() };
      const other = /^else if\s+(.*)$/s.exec(ended);
      if (!other) throw new Error(`{{ if ${first} }} has no end`);
      when = other[1];
    }
  }

  private body(): Node[] {
    const nodes = this.nodes();
    if (this.ended !== 'end') throw new Error(`{{ ${this.ended ?? 'end'} }} where only end may be`);
    return nodes;
  }
}

function parsePipeline(text: string): Pipeline {
  const words = text.match(/"(?:[^"\\]|\\.)*"|[()|]|[^\s()|"]+/g) ?? [];
  const pipeline = readPipeline(words);
  if (words.length > 0) throw new Error(`cannot be read: ${text}`);
  return pipeline;
}

/** Takes its words from the front. */
function readPipeline(words: string[]): Pipeline {
  const calls: Call[] = [];
  do calls.push(readCall(words));
  while (words[0] === '|' && words.shift());
  return calls;
}

function readCall(words: string[]): Call {
  const name = /^[a-zA-Z]\w*$/.test(words[0] ?? '') && !isBoolean(words[0]) ? words.shift() : undefined;
  const operands: Operand[] = [];
  while (words.length > 0 && words[0] !== '|' && words[0] !== ')') operands.push(readOperand(words));
  if (name === undefined && operands.length !== 1) throw new Error(`${operands.length} values where one has to be`);
  return { name, operands };
}

function readOperand(words: string[]): Operand {
  const word = words.shift()!;
  if (word === '(') {
    const pipeline = readPipeline(words);
    if (words.shift() !== ')') throw new Error('a bracket is not closed');
    return { kind: 'pipeline', pipeline };
  }
  if (word === '.') return { kind: 'path', path: [] };
  if (/^(\.[a-zA-Z]\w*)+$/.test(word)) return { kind: 'path', path: word.slice(1).split('.') };
  if (isBoolean(word) || /^"|^-?\d+$/.test(word)) return { kind: 'value', value: JSON.parse(word) as string | number | boolean };
  throw new Error(`${word} is not of the subset`);
}

function isBoolean(word: string): boolean {
  return word === 'true' || word === 'false';
}
