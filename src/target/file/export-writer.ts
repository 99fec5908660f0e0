/**
 * What every format is to the export: it is told of keys, then of their values, and fills its buffer. Two kinds: formats of logical content are
 * ValueVisitors and get decoded values; the RDB writer takes values as they are in the snapshot.
 */
import type { ValueKind } from '../../model/value-kind.ts';
import type { LostDetails } from '../../rdb/encode/lost-details.ts';
import type { ValueVisitor } from '../../rdb/values/value-visitor.ts';
import type { GrowingBuffer } from '../../bytes/growing-buffer.ts';

export interface KeyHead {
  /** bytes[start, end) is the key; valid during the call and that of its value's begin(). */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly database: number;
  /** Unix ms; -1 = none. */
  readonly expiryMs: number;
  /** Seconds / LFU counter; -1 = none. */
  readonly idle: number;
  readonly freq: number;
  readonly kind: ValueKind;
}

export interface ContentWriter extends ValueVisitor {
  readonly buffer: GrowingBuffer;
  /** What the value that was written last has lost in this format; undefined: the format says what it says. */
  readonly lost?: LostDetails;
  /** Before the first key, and behind the last one. */
  open(): void;
  close(): void;
  /** The decoded value follows. @throws GodwitError VALUE_NOT_REPRESENTABLE, here or in begin(), before anything of the key is in the buffer */
  key(head: KeyHead): void;
  /** The next value is a string that comes in parts. Its writer has to know before whether all of it is UTF-8 text. @param head its first bytes */
  largeText(isUtf8: boolean, head: Uint8Array): void;
  /** Code of a function library, or of a script. */
  code(kind: 'function' | 'script', bytes: Uint8Array, start: number, end: number): void;
  /** A whole command of an AOF, in RESP. Undefined: the format has values only. */
  command?(database: number, bytes: Uint8Array, start: number, end: number): void;
}
