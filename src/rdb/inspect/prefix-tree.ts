/**
 * Sums per prefix, up to three levels deep: `user:` , `user:42:` , ... A prefix ends with its delimiter; the rest of a key is no prefix.
 *
 * Invariants: memory is bounded, whatever the keys: when there are twice NODES_MAX prefixes, the smallest without prefixes of their own are folded into
 * their parents' `others`, so that each key is counted once at every level. A prefix that was folded and comes again counts anew from there: what is
 * shown of a small one is then less than it has.
 */
import type { PrefixAmount } from './inspection-report.ts';
import { printableKey } from './printable-key.ts';
import { Tally } from './tally.ts';

const LEVELS = 3;
const NODES_MAX = 10_000;
const SEGMENT_BYTES_MAX = 256;

class PrefixNode extends Tally {
  readonly segment: string;
  readonly parent: PrefixNode | null;
  children: Map<string, PrefixNode> | null = null;
  others: Tally | null = null;

  constructor(segment: string, parent: PrefixNode | null) {
    super();
    this.segment = segment;
    this.parent = parent;
  }

  fold(child: PrefixNode): void {
    this.others ??= new Tally();
    this.others.merge(child);
    this.children?.delete(child.segment);
    if (this.children?.size === 0) this.children = null;
  }
}

export class PrefixTree {
  private readonly root = new PrefixNode('', null);
  private readonly delimits = new Uint8Array(256);
  private nodes = 0;

  /** @param delimiters ASCII */
  constructor(delimiters: string) {
    for (const character of delimiters) this.delimits[character.charCodeAt(0)] = 1;
  }

  /** Counts the key bytes[start, end). */
  add(bytes: Buffer, start: number, end: number, elements: number, size: number): void {
    const { delimits } = this;
    let node = this.root;
    let from = start;
    node.add(elements, size);
    for (let level = 0, at = start; level < LEVELS && at < end; at++) {
      if (delimits[bytes[at]] === 0) continue;
      node = this.childOf(node, bytes.toString('latin1', from, Math.min(at + 1, from + SEGMENT_BYTES_MAX)));
      node.add(elements, size);
      from = at + 1;
      level++;
    }
    if (this.nodes > 2 * NODES_MAX) this.foldSmallest();
  }

  /** @param childrenMax of each node; the others are folded */
  report(childrenMax: number): PrefixAmount {
    return reported(this.root, '', childrenMax);
  }

  private childOf(parent: PrefixNode, segment: string): PrefixNode {
    parent.children ??= new Map();
    let child = parent.children.get(segment);
    if (child === undefined) {
      child = new PrefixNode(segment, parent);
      parent.children.set(segment, child);
      this.nodes++;
    }
    return child;
  }

  private foldSmallest(): void {
    while (this.nodes > NODES_MAX) {
      const leaves: PrefixNode[] = [];
      collectLeaves(this.root, leaves);
      leaves.sort((a, b) => a.bytes - b.bytes);
      for (const leaf of leaves) {
        if (this.nodes <= NODES_MAX) break;
        leaf.parent?.fold(leaf);
        this.nodes--;
      }
    }
  }
}

function collectLeaves(node: PrefixNode, leaves: PrefixNode[]): void {
  for (const child of node.children?.values() ?? []) {
    if (child.children === null) leaves.push(child);
    else collectLeaves(child, leaves);
  }
}

function reported(node: PrefixNode, prefix: string, childrenMax: number): PrefixAmount {
  const sorted = [...(node.children?.values() ?? [])].toSorted((a, b) => b.bytes - a.bytes);
  const others = new Tally();
  if (node.others !== null) others.merge(node.others);
  for (const child of sorted.slice(childrenMax)) others.merge(child);
  const children = sorted.slice(0, childrenMax).map((child) => reported(child, prefix + child.segment, childrenMax));
  return { name: printableKey(Buffer.from(prefix, 'latin1')), ...node.amount(), children, others: others.keys === 0 ? null : others.amount() };
}
