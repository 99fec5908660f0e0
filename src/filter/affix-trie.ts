/**
 * Many byte strings looked for at once at the begin or the end of a key, or as the whole key: a radix trie in flat arrays. A look-up reads each byte of the
 * key once at most, whatever the number of strings, allocates nothing, and stops at the first byte that no string has.
 *
 *   node = label (bytes that all strings below share), then the end of a string or one byte that chooses the child
 *
 * Children stand in rows with one place per *class* of bytes: bytes that no string has share class 0, which leads nowhere. Of strings that begin with another
 * one of the set only the shorter counts, except where whole keys are compared; of equal ones the first. Strings at the end are kept and read backwards.
 */
export type AffixPlace = 'begin' | 'end' | 'whole';

export interface Affix {
  readonly bytes: Uint8Array;
  /** What a look-up that finds it answers; not negative. */
  readonly id: number;
}

const NOT_FOUND = -1;

interface Part {
  readonly node: number;
  readonly from: number;
  readonly to: number;
  readonly depth: number;
}

export class AffixTrie {
  /** 16 bits: with all bytes in use there are 257 classes. */
  private readonly classOf = new Uint16Array(256);
  private classes = 1;
  private readonly labels: Uint8Array;
  private readonly labelStart: Int32Array;
  private readonly labelEnd: Int32Array;
  /** Id of the string that ends there, or -1. */
  private readonly ends: Int32Array;
  /** First place of the node's children in `next`, or -1. */
  private readonly rows: Int32Array;
  /** Child node, 0 = none (the root is nobody's child). */
  private readonly next: Int32Array;

  constructor(affixes: readonly Affix[], place: AffixPlace) {
    const sorted = affixes.map(({ bytes, id }) => ({ bytes: place === 'end' ? Uint8Array.from(bytes).reverse() : bytes, id })).toSorted(byBytes);
    for (const { bytes } of sorted) for (const byte of bytes) if (this.classOf[byte] === 0) this.classOf[byte] = 1;
    for (let byte = 0; byte < 256; byte++) if (this.classOf[byte] > 0) this.classOf[byte] = this.classes++;
    const built = new Builder(sorted, place === 'whole');
    this.labels = built.labelBytes();
    this.labelStart = Int32Array.from(built.labelStart);
    this.labelEnd = Int32Array.from(built.labelEnd);
    this.ends = Int32Array.from(built.ends);
    this.rows = new Int32Array(built.children.length).fill(-1);
    let row = 0;
    built.children.forEach((children, node) => {
      if (children.length === 0) return;
      this.rows[node] = row;
      row += this.classes;
    });
    this.next = new Int32Array(row);
    built.children.forEach((children, node) => {
      for (const [byte, child] of children) this.next[this.rows[node] + this.classOf[byte]] = child;
    });
  }

  /** Id of the shortest string that bytes[start, end) begins with, or -1. */
  beginOf(bytes: Uint8Array, start: number, end: number): number {
    const { labels, ends, classOf, next } = this;
    let node = 0;
    let at = start;
    for (;;) {
      const labelEnd = this.labelEnd[node];
      for (let i = this.labelStart[node]; i < labelEnd; i++, at++) if (at >= end || bytes[at] !== labels[i]) return NOT_FOUND;
      if (ends[node] >= 0) return ends[node];
      const row = this.rows[node];
      if (row < 0 || at >= end) return NOT_FOUND;
      node = next[row + classOf[bytes[at++]]];
      if (node === 0) return NOT_FOUND;
    }
  }

  /** Id of the shortest string that bytes[start, end) ends with, or -1. */
  endOf(bytes: Uint8Array, start: number, end: number): number {
    const { labels, ends, classOf, next } = this;
    let node = 0;
    let at = end - 1;
    for (;;) {
      const labelEnd = this.labelEnd[node];
      for (let i = this.labelStart[node]; i < labelEnd; i++, at--) if (at < start || bytes[at] !== labels[i]) return NOT_FOUND;
      if (ends[node] >= 0) return ends[node];
      const row = this.rows[node];
      if (row < 0 || at < start) return NOT_FOUND;
      node = next[row + classOf[bytes[at--]]];
      if (node === 0) return NOT_FOUND;
    }
  }

  /** Id of the string that bytes[start, end) is, or -1. */
  whole(bytes: Uint8Array, start: number, end: number): number {
    const { labels, classOf, next } = this;
    let node = 0;
    let at = start;
    for (;;) {
      const labelEnd = this.labelEnd[node];
      for (let i = this.labelStart[node]; i < labelEnd; i++, at++) if (at >= end || bytes[at] !== labels[i]) return NOT_FOUND;
      if (at === end) return this.ends[node];
      const row = this.rows[node];
      if (row < 0) return NOT_FOUND;
      node = next[row + classOf[bytes[at++]]];
      if (node === 0) return NOT_FOUND;
    }
  }
}

/** Takes sorted strings apart into nodes; without recursion, since strings can be as long as keys. */
class Builder {
  readonly labelStart: number[] = [];
  readonly labelEnd: number[] = [];
  readonly ends: number[] = [];
  readonly children: (readonly [byte: number, child: number])[][] = [];
  private readonly labels: Uint8Array[] = [];
  private labelLength = 0;

  constructor(sorted: readonly Affix[], wholeKeys: boolean) {
    const parts: Part[] = [{ node: this.add(), from: 0, to: sorted.length, depth: 0 }];
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      if (part.to > part.from) this.fill(part, sorted, wholeKeys, parts);
    }
  }

  labelBytes(): Uint8Array {
    return Buffer.concat(this.labels);
  }

  private add(): number {
    this.labelStart.push(0);
    this.labelEnd.push(0);
    this.ends.push(NOT_FOUND);
    this.children.push([]);
    return this.ends.length - 1;
  }

  private fill({ node, from, to, depth }: Part, sorted: readonly Affix[], wholeKeys: boolean, parts: Part[]): void {
    const { bytes: first, id } = sorted[from];
    const last = sorted[to - 1].bytes;
    let shared = depth;
    while (shared < first.length && shared < last.length && first[shared] === last[shared]) shared++;
    this.labels.push(first.subarray(depth, shared));
    this.labelStart[node] = this.labelLength;
    this.labelLength += shared - depth;
    this.labelEnd[node] = this.labelLength;
    let at = from;
    if (first.length === shared) {
      this.ends[node] = id;
      if (!wholeKeys) return;
      while (at < to && sorted[at].bytes.length === shared) at++;
    }
    while (at < to) {
      const byte = sorted[at].bytes[shared];
      const begin = at;
      while (at < to && sorted[at].bytes[shared] === byte) at++;
      const child = this.add();
      this.children[node].push([byte, child]);
      parts.push({ node: child, from: begin, to: at, depth: shared + 1 });
    }
  }
}

function byBytes(a: Affix, b: Affix): number {
  return Buffer.compare(a.bytes, b.bytes) || a.id - b.id;
}
