/**
 * Finds the line of each key of a TOML document, which the parser does not tell. Reads only documents that the parser has accepted, so it
 * does not check: it walks over keys and values and counts lines. Keys of inline tables are found too; arrays of tables get the line of
 * their last element (Godwit's file has none).
 *
 *   document = { header | pair },  header = "[" key "]" | "[[" key "]]",  pair = key "=" value,  key = part { "." part }
 */
export class TomlLines {
  readonly #text: string;
  readonly #lines = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
    this.#document();
  }

  /** Line (from 1) on which the key with this dotted path was given; undefined if it is not in the document. */
  lineOf(path: string): number | undefined {
    return this.#lines.get(path);
  }

  #document(): void {
    let table: string[] = [];
    for (this.#skipBlank(true); this.#at < this.#text.length; this.#skipBlank(true)) {
      if (this.#text[this.#at] === '[') {
        while (this.#text[this.#at] === '[') this.#at++;
        const line = this.#line;
        table = this.#key();
        this.#note(table, line);
        while (this.#text[this.#at] === ']') this.#at++;
      } else {
        this.#pair(table);
      }
    }
  }

  #note(path: readonly string[], line: number): void {
    this.#lines.set(path.join('.'), line);
  }

  #pair(table: readonly string[]): void {
    const line = this.#line;
    const start = this.#at;
    const path = [...table, ...this.#key()];
    this.#note(path, line);
    if (this.#text[this.#at] === '=') this.#at++;
    this.#skipBlank(false);
    this.#value(path);
    // The parser accepted the document, so there is progress; should the two ever disagree, lines get vague but nothing hangs.
    if (this.#at === start) this.#at++;
  }

  #key(): string[] {
    const parts: string[] = [];
    for (;;) {
      this.#skipBlank(false);
      const quote = this.#text[this.#at];
      if (quote === '"' || quote === "'") {
        const start = this.#at;
        this.#string();
        const raw = this.#text.slice(start, this.#at);
        parts.push(quote === '"' ? unquote(raw) : raw.slice(1, -1));
      } else {
        parts.push(this.#bare());
      }
      this.#skipBlank(false);
      if (this.#text[this.#at] !== '.') return parts;
      this.#at++;
    }
  }

  #bare(): string {
    const found = /[A-Za-z0-9_-]*/y;
    found.lastIndex = this.#at;
    const text = found.exec(this.#text)![0];
    this.#at += text.length;
    return text;
  }

  #value(path: readonly string[]): void {
    const first = this.#text[this.#at];
    if (first === '"' || first === "'") this.#string();
    else if (first === '[') this.#list(']', () => this.#value(path));
    else if (first === '{') this.#list('}', () => this.#pair(path));
    else while (this.#at < this.#text.length && !/[\n,\]}#]/.test(this.#text[this.#at])) this.#at++;
  }

  #list(close: string, item: () => void): void {
    this.#at++;
    for (this.#skipBlank(true); this.#at < this.#text.length && this.#text[this.#at] !== close; this.#skipBlank(true)) {
      if (this.#text[this.#at] === ',') this.#at++;
      else item();
    }
    this.#at++;
  }

  #string(): void {
    const quote = this.#text[this.#at];
    const fence = this.#text.startsWith(quote.repeat(3), this.#at) ? quote.repeat(3) : quote;
    this.#at += fence.length;
    while (this.#at < this.#text.length && !this.#text.startsWith(fence, this.#at)) {
      if (quote === '"' && this.#text[this.#at] === '\\') this.#at++;
      if (this.#text[this.#at] === '\n') this.#line++;
      this.#at++;
    }
    this.#at += fence.length;
    // Up to two quotes may stand before the closing three.
    while (fence.length === 3 && this.#text[this.#at] === quote) this.#at++;
  }

  #skipBlank(overLines: boolean): void {
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at];
      if (char === '#' && overLines) {
        while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++;
      } else if (char === '\n' && overLines) {
        this.#line++;
        this.#at++;
      } else if (char === ' ' || char === '\t' || char === '\r') {
        this.#at++;
      } else {
        return;
      }
    }
  }
}

function unquote(raw: string): string {
  try {
    return JSON.parse(raw) as string;
  } catch {
    return raw.slice(1, -1);
  }
}
