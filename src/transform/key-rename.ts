/**
 * Renames keys. The new name stands in `bytes` from `start` to `end` until the next call; nothing is allocated per key, but for regular expressions.
 *
 * Expressions see UTF-8 text where a key is that; else each byte as one character of Latin-1, so that no byte is lost.
 */
import { isUtf8 } from 'node:buffer';
import { RE2JS } from 're2js';
import { GodwitError } from '../errors/errors.ts';
import { ReplacementTemplate } from './replacement-template.ts';
import type { RenameRule } from './transform-rules.ts';

const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_TEXT = Buffer.from('{');
const CLOSE_TEXT = Buffer.from('}');
const KEY_BYTES = 256;

/** Looks at the current name and says a new one; false leaves it. */
type Step = () => boolean;

export class KeyRename {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  private readonly steps: readonly Step[];
  private spare = Buffer.alloc(KEY_BYTES);
  private used = Buffer.alloc(KEY_BYTES);
  private length = 0;

  /** @throws GodwitError CONFIG_INVALID for an expression or replacement that cannot be read */
  constructor(rules: readonly RenameRule[]) {
    this.steps = rules.map((rule) => this.step(rule));
  }

  get isActive(): boolean {
    return this.steps.length > 0;
  }

  /** @param bytes bytes[start, end) is the key. @returns has it another name? */
  rename(bytes: Uint8Array, start: number, end: number): boolean {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    let renamed = false;
    for (const step of this.steps) if (step()) renamed = true;
    return renamed;
  }

  private step(rule: RenameRule): Step {
    switch (rule.kind) {
      case 'prefix':
        return () => this.beginsWith(rule.from) && this.say(rule.to, this.start + rule.from.length, this.end, rule.to.subarray(0, 0));
      case 'suffix':
        return () => this.endsWith(rule.from) && this.say(rule.to.subarray(0, 0), this.start, this.end - rule.from.length, rule.to);
      case 'braces':
        return () => this.retag(null, rule.open, null, rule.close);
      case 'tag':
        return () => this.retag(rule.from, OPEN_TEXT, rule.to, CLOSE_TEXT);
      case 'regex':
        return this.regexStep(rule.pattern, rule.replacement);
    }
  }

  private beginsWith(prefix: Uint8Array): boolean {
    if (this.end - this.start < prefix.length) return false;
    for (let i = 0; i < prefix.length; i++) if (this.bytes[this.start + i] !== prefix[i]) return false;
    return true;
  }

  private endsWith(suffix: Uint8Array): boolean {
    const from = this.end - suffix.length;
    if (from < this.start) return false;
    for (let i = 0; i < suffix.length; i++) if (this.bytes[from + i] !== suffix[i]) return false;
    return true;
  }

  /** The tag as servers find it: from the first brace to the first closing one behind it, if something stands between. @param only this one; null for any */
  private retag(only: Uint8Array | null, open: Uint8Array, tag: Uint8Array | null, close: Uint8Array): boolean {
    const { bytes, start, end } = this;
    const from = indexOf(bytes, OPEN, start, end);
    const to = from < 0 ? -1 : indexOf(bytes, CLOSE, from + 1, end);
    if (to <= from + 1) return false;
    if (only !== null && Buffer.compare(only, bytes.subarray(from + 1, to)) !== 0) return false;
    this.begin();
    this.put(bytes, start, from);
    this.put(open, 0, open.length);
    if (tag === null) this.put(bytes, from + 1, to);
    else this.put(tag, 0, tag.length);
    this.put(close, 0, close.length);
    this.put(bytes, to + 1, end);
    return this.take();
  }

  private regexStep(pattern: string, replacement: string): Step {
    const expression = compile(pattern);
    const template = new ReplacementTemplate(replacement, expression);
    const groupCount = expression.groupCount();
    return () => {
      const key = Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.start, this.end - this.start);
      const encoding = isUtf8(key) ? 'utf8' : 'latin1';
      const text = key.toString(encoding);
      if (!expression.test(text)) return false;
      const renamed = expression.matcher(text).replaceAll((...found: (string | null)[]) => template.fill(found.slice(0, groupCount + 1)));
      if (renamed === text) return false;
      const bytes = Buffer.from(renamed, encoding);
      this.begin();
      this.put(bytes, 0, bytes.length);
      return this.take();
    };
  }

  private say(before: Uint8Array, from: number, to: number, behind: Uint8Array): boolean {
    const { bytes } = this;
    this.begin();
    this.put(before, 0, before.length);
    this.put(bytes, from, to);
    this.put(behind, 0, behind.length);
    return this.take();
  }

  /** Two scratch buffers take turns: the current name may stand in one of them. */
  private begin(): void {
    [this.spare, this.used] = [this.used, this.spare];
    this.length = 0;
  }

  private put(bytes: Uint8Array, start: number, end: number): void {
    const behind = this.length + end - start;
    if (behind > this.used.length) {
      const grown = Buffer.alloc(behind * 2);
      grown.set(this.used.subarray(0, this.length));
      this.used = grown;
    }
    const { used } = this;
    if (end - start > 32) used.set(bytes.subarray(start, end), this.length);
    else for (let i = start, at = this.length; i < end; i++, at++) used[at] = bytes[i];
    this.length = behind;
  }

  private take(): boolean {
    this.bytes = this.used;
    this.start = 0;
    this.end = this.length;
    return true;
  }
}

function indexOf(bytes: Uint8Array, byte: number, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === byte) return at;
  return -1;
}

function compile(text: string): RE2JS {
  try {
    return RE2JS.compile(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GodwitError('CONFIG_INVALID', `the renaming expression ${JSON.stringify(text)} cannot be read: ${reason}`, {
      cause: error,
      fix: 'Write it in the syntax of Go (RE2): no look-around, no back-references.',
    });
  }
}
