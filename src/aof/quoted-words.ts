/**
 * Splits a line into words as Redis does in its configuration and in AOF manifests: blanks between words, "..." with escapes, '...' with \' only.
 * A quote ends its word. Bytes are given and returned as Latin-1 characters. Source: sds.c: sdssplitargs.
 */
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\u0007' };
const BLANK = /[ \t\r\n\v\f\0]/;

/** @returns the words, or null if a quote is not closed or not followed by a blank */
export function quotedWords(line: string): string[] | null {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && BLANK.test(line[at])) at++;
    if (at >= line.length) return words;
    let word = '';
    while (at < line.length && !BLANK.test(line[at])) {
      const quote = line[at];
      if (quote !== '"' && quote !== "'") {
        word += line[at++];
        continue;
      }
      const quoted = quote === '"' ? doubleQuoted(line, at + 1) : singleQuoted(line, at + 1);
      if (quoted === null || (quoted.end < line.length && !BLANK.test(line[quoted.end]))) return null;
      word += quoted.text;
      at = quoted.end;
    }
    words.push(word);
  }
}

interface Quoted {
  readonly text: string;
  /** Index behind the closing quote. */
  readonly end: number;
}

function doubleQuoted(line: string, start: number): Quoted | null {
  let text = '';
  for (let at = start; at < line.length; at++) {
    if (line[at] === '"') return { text, end: at + 1 };
    if (line[at] !== '\\' || at + 1 === line.length) {
      text += line[at];
      continue;
    }
    const hex = /^x([0-9a-f]{2})/i.exec(line.slice(at + 1, at + 4));
    text += hex ? String.fromCharCode(Number.parseInt(hex[1], 16)) : (ESCAPES[line[at + 1]] ?? line[at + 1]);
    at += hex ? 3 : 1;
  }
  return null;
}

function singleQuoted(line: string, start: number): Quoted | null {
  let text = '';
  for (let at = start; at < line.length; at++) {
    if (line[at] === "'") return { text, end: at + 1 };
    if (line[at] === '\\' && line[at + 1] === "'") at++;
    text += line[at];
  }
  return null;
}
