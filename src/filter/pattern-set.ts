/**
 * The key patterns of one side of a filter, allow or block. Cheap ones first: what is written out in full is looked up at once, globs and expressions one by
 * one.
 */
import { RE2JS } from 're2js';
import { quotedKey } from '../bytes/quoted-key.ts';
import { GodwitError } from '../errors/errors.ts';
import { type Affix, type AffixPlace, AffixTrie } from './affix-trie.ts';
import type { KeyPatterns } from './filter-rules.ts';
import { GlobPattern } from './glob-pattern.ts';

interface Numbered<Pattern> {
  readonly id: number;
  readonly pattern: Pattern;
}

export class PatternSet {
  private readonly whole: AffixTrie | null;
  private readonly begins: AffixTrie | null;
  private readonly ends: AffixTrie | null;
  private readonly globs: readonly Numbered<GlobPattern>[];
  private readonly regexes: readonly Numbered<RE2JS>[];

  /**
   * @param number gives a pattern, in words, its number: 1 or more
   * @throws GodwitError CONFIG_INVALID for an expression that cannot be read
   */
  constructor(patterns: KeyPatterns, number: (words: string) => number) {
    const affixes: Record<AffixPlace, Affix[]> = { whole: [], begin: [], end: [] };
    const take = (place: AffixPlace, word: string, list: readonly Uint8Array[] = []): void => {
      for (const bytes of list) affixes[place].push({ bytes, id: number(`${word} ${quotedKey(bytes)}`) });
    };
    take('whole', 'key', patterns.keys);
    take('begin', 'prefix', patterns.prefixes);
    take('end', 'suffix', patterns.suffixes);
    const globs: Numbered<GlobPattern>[] = [];
    for (const bytes of patterns.globs ?? []) {
      const pattern = new GlobPattern(bytes);
      const id = number(`glob ${quotedKey(bytes)}`);
      const { plain } = pattern;
      if (plain === null) globs.push({ id, pattern });
      else affixes[plain.place].push({ bytes: plain.bytes, id });
    }
    this.globs = globs;
    this.regexes = (patterns.regexes ?? []).map((text) => ({ id: number(`regex ${JSON.stringify(text)}`), pattern: compile(text) }));
    const trie = (place: AffixPlace): AffixTrie | null => (affixes[place].length === 0 ? null : new AffixTrie(affixes[place], place));
    this.whole = trie('whole');
    this.begins = trie('begin');
    this.ends = trie('end');
  }

  get isEmpty(): boolean {
    return this.whole === null && this.begins === null && this.ends === null && this.globs.length === 0 && this.regexes.length === 0;
  }

  /** Number of a pattern that the key bytes[start, end) fits, or 0. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let found = this.begins === null ? 0 : Math.max(0, this.begins.beginOf(bytes, start, end));
    if (found === 0 && this.whole !== null) found = Math.max(0, this.whole.whole(bytes, start, end));
    if (found === 0 && this.ends !== null) found = Math.max(0, this.ends.endOf(bytes, start, end));
    return found > 0 || (this.globs.length === 0 && this.regexes.length === 0) ? found : this.search(bytes, start, end);
  }

  private search(bytes: Uint8Array, start: number, end: number): number {
    for (const { id, pattern } of this.globs) if (pattern.matches(bytes, start, end)) return id;
    if (this.regexes.length === 0) return 0;
    const key = bytes.subarray(start, end);
    for (const { id, pattern } of this.regexes) if (pattern.test(key)) return id;
    return 0;
  }
}

function compile(text: string): RE2JS {
  try {
    return RE2JS.compile(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GodwitError('CONFIG_INVALID', `the filter's expression ${JSON.stringify(text)} cannot be read: ${reason}`, {
      cause: error,
      fix: 'Write it in the syntax of Go (RE2): no look-around, no back-references.',
    });
  }
}
