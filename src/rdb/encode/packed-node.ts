/**
 * What a node of a list is made of: some elements packed into one blob. Two forms, listpack-node.ts and ziplist-node.ts, for two ages of servers.
 * A node is filled until its next element no longer fits, closed, written, and used again; an element that would not fit into an empty node is
 * written as a node of its own, straight from where it is.
 */
import type { PayloadOutput } from './payload-output.ts';

/** What servers give a node unless told otherwise (list-max-listpack-size -2). */
export const NODE_BYTES_MAX = 8192;

export interface PackedNode {
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Adds an element. @returns false if it does not fit; nothing is changed then */
  add(bytes: Uint8Array, start: number, end: number): boolean;
  /** Completes the blob. @returns its length: it is bytes[0, length) */
  close(): number;
  /** Begins anew, empty. */
  reset(): void;
  /** Writes a blob of this one element as a string of the payload. */
  writeSingle(output: PayloadOutput, bytes: Uint8Array, start: number, end: number): void;
}

export function writeLittleEndian(out: Uint8Array, at: number, n: number, bytes: number): number {
  let rest = n;
  for (let i = 0; i < bytes; i++) {
    out[at + i] = rest & 255;
    rest = i === 3 ? Math.floor(n / 2 ** 32) : rest >> 8;
  }
  return at + bytes;
}
