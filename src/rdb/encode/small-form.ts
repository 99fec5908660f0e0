/**
 * The packed form of a small hash, set or sorted set: one listpack (RDB 9: ziplist), which a server takes over as it is, for half of the work of the
 * plain form or less (docs/conversion.md has the numbers). It is written beside the plain form, and given up at the first thing that a server
 * would not pack under its default limits, so that what the target holds is what it would have made of the value itself:
 *
 *   more than 128 elements, or one longer than 64 bytes; a field that expires; a set of numbers only (an intset is smaller);
 *   a sorted set that does not come in ascending order
 */
import { ValueKind } from '../../model/value-kind.ts';
import { RdbType } from '../opcodes.ts';
import { canonicalInteger } from './canonical-integer.ts';
import type { DumpVersion } from './dump-version.ts';
import { ListpackNode } from './listpack-node.ts';
import type { PackedNode } from './packed-node.ts';
import { ZiplistNode } from './ziplist-node.ts';

const ELEMENTS_MAX = 128;
const ELEMENT_BYTES_MAX = 64;
/** No set listpack before RDB 11. */
const NONE = -1;

export class SmallForm {
  /** True as long as the value can be written so. */
  fits = false;
  type = NONE;
  private readonly node: PackedNode;
  private readonly types: readonly number[];
  private elements = 0;
  private isNumbers = true;
  private lastScore = Number.NEGATIVE_INFINITY;
  private readonly lastMember = new Uint8Array(ELEMENT_BYTES_MAX);
  private lastMemberBytes = 0;

  constructor(version: DumpVersion) {
    const isOld = version === 9;
    this.node = isOld ? new ZiplistNode() : new ListpackNode();
    const zset = isOld ? RdbType.ZsetZiplist : RdbType.ZsetListpack;
    const hash = isOld ? RdbType.HashZiplist : RdbType.HashListpack;
    this.types = [NONE, NONE, version >= 11 ? RdbType.SetListpack : NONE, zset, hash, NONE, NONE, NONE];
  }

  /** @param count as announced, -1 = not known */
  begin(kind: ValueKind, count: number): void {
    this.type = this.types[kind];
    this.fits = this.type !== NONE && count <= ELEMENTS_MAX;
    if (!this.fits) return;
    this.node.reset();
    this.elements = 0;
    this.isNumbers = kind === ValueKind.Set;
    this.lastScore = Number.NEGATIVE_INFINITY;
    this.lastMemberBytes = 0;
  }

  element(bytes: Uint8Array, start: number, end: number): void {
    this.fits = this.fits && this.elements++ < ELEMENTS_MAX && this.add(bytes, start, end);
    if (this.isNumbers && this.fits) this.isNumbers = !Number.isNaN(canonicalInteger(bytes, start, end));
  }

  field(bytes: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number, expiryMs: number): void {
    this.fits = this.fits && expiryMs < 0 && this.elements++ < ELEMENTS_MAX && this.add(bytes, start, end) && this.add(value, valueStart, valueEnd);
  }

  member(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.fits = this.fits && this.elements++ < ELEMENTS_MAX && this.add(bytes, start, end) && this.isAscending(bytes, start, end, score);
    if (!this.fits) return;
    const text = scoreBytes(score);
    this.fits = this.node.add(text, 0, text.length);
  }

  /** The blob is bytes[0, close()); for a value that fits to its end. */
  close(): number {
    return this.node.close();
  }

  get bytes(): Uint8Array {
    return this.node.bytes;
  }

  /** At the end of the value: false for a set of numbers too. */
  get isBetter(): boolean {
    return this.fits && this.elements > 0 && !this.isNumbers;
  }

  private add(bytes: Uint8Array, start: number, end: number): boolean {
    return end - start <= ELEMENT_BYTES_MAX && this.node.add(bytes, start, end);
  }

  /** By score, then by the bytes of the member. */
  private isAscending(bytes: Uint8Array, start: number, end: number, score: number): boolean {
    const order = score - this.lastScore;
    const ascending = order > 0 || (!(order < 0) && (this.elements === 1 || this.isBehindLast(bytes, start, end)));
    this.lastScore = score;
    this.lastMemberBytes = end - start;
    for (let i = start; i < end; i++) this.lastMember[i - start] = bytes[i];
    return ascending;
  }

  private isBehindLast(bytes: Uint8Array, start: number, end: number): boolean {
    const both = Math.min(end - start, this.lastMemberBytes);
    for (let i = 0; i < both; i++) {
      if (bytes[start + i] !== this.lastMember[i]) return bytes[start + i] > this.lastMember[i];
    }
    return end - start > this.lastMemberBytes;
  }
}

/** As servers read it: the shortest text that gives the same double. */
export function scoreText(score: number): string {
  if (score === Number.POSITIVE_INFINITY) return 'inf';
  if (score === Number.NEGATIVE_INFINITY) return '-inf';
  return Object.is(score, -0) ? '-0' : String(score);
}

function scoreBytes(score: number): Uint8Array {
  return Buffer.from(scoreText(score), 'latin1');
}
