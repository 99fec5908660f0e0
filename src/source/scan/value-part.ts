/** Some keys of a chunk whose values are asked for together, few enough to be in memory; and their values, once they are there. */
import type { ReplySlab } from '../../resp/reply-slab.ts';
import type { KeyChunk } from './key-chunk.ts';

export interface ValuePart {
  readonly chunk: KeyChunk;
  /** Indexes of keys in the chunk. */
  readonly keys: Uint32Array;
  /** About what their values take; -1 = not known. */
  readonly bytes: number;
  /** It is one value, to be read in parts. */
  readonly isHuge: boolean;
  /** The last one of its chunk. */
  readonly isLast: boolean;
}

export const ValueState = { There: 0, Gone: 1, Elsewhere: 2, Refused: 3 } as const;

/** By index in `keys` of its part. */
export interface ReadValues {
  readonly slab: ReplySlab;
  readonly count: number;
  readonly state: Uint8Array;
  /** Ranges of slab.bytes: the key, and the payload of DUMP. */
  readonly keyStart: Uint32Array;
  readonly keyEnd: Uint32Array;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
  /** Unix ms by the clock of the source; -1 = none. */
  readonly expiryMs: Float64Array;
  /** Seconds, and LFU counter; -1 = not asked. */
  readonly idle: Float64Array;
  readonly freq: Int16Array;
  /** What the source answered instead of the first value that is refused. */
  refusal: string | undefined;
}
