/** Decodes one value from windows of all kinds, with poison around them: what is read beyond a window shows. */
import type { Dialect } from '../../../src/rdb/dialect.ts';
import { NO_TEMPLATES, type TemplateNames } from '../../../src/rdb/template-names.ts';
import { ValueDecoder } from '../../../src/rdb/values/value-decoder.ts';
import { type CollectedValue, ValueCollector } from './value-collector.ts';

export interface ValueBytes {
  readonly type: number;
  readonly dialect: Dialect;
  readonly value: Uint8Array;
  readonly templates?: TemplateNames;
}

const MARGIN = 24;

/** The windows end at each of the cuts in turn, and begin at what was not consumed. @param cuts ascending, the last the value's length */
export function decodeInPieces({ type, dialect, value, templates = NO_TEMPLATES }: ValueBytes, cuts: Iterable<number>, poison = 0xff): CollectedValue {
  const decoder = new ValueDecoder();
  const collector = new ValueCollector();
  decoder.begin(type, dialect, collector, value.length, templates);
  let at = 0;
  for (const cut of cuts) {
    if (cut < at) continue;
    // A Buffer, as windows are: slice() of one is no copy.
    const window = Buffer.alloc(cut - at + 2 * MARGIN, poison);
    window.set(value.subarray(at, cut), MARGIN);
    const consumed = decoder.feed(window, MARGIN, MARGIN + cut - at) - MARGIN;
    if (consumed < 0 || consumed > cut - at) throw new Error(`${consumed} bytes were consumed of ${cut - at}`);
    window.fill(poison);
    at += consumed;
    if (decoder.done) break;
    if (decoder.needed < cut - at + 1) throw new Error(`${decoder.needed} bytes are not enough, ${cut - at} were there`);
  }
  if (!decoder.done || at !== value.length || !collector.result) throw new Error(`the value of ${value.length} bytes ended at ${at}, done: ${decoder.done}`);
  return collector.result;
}

export function decodeWhole(bytes: ValueBytes, poison = 0xff): CollectedValue {
  return decodeInPieces(bytes, [bytes.value.length], poison);
}

export function decodeByteByByte(bytes: ValueBytes): CollectedValue {
  return decodeInPieces(
    bytes,
    Array.from({ length: bytes.value.length }, (_, i) => i + 1),
  );
}

/** Only as many bytes as the decoder asks for; returns how often it asked too. */
export function decodeAsNeeded({ type, dialect, value, templates = NO_TEMPLATES }: ValueBytes): { result: CollectedValue | null; rounds: number } {
  const decoder = new ValueDecoder();
  const collector = new ValueCollector();
  decoder.begin(type, dialect, collector, value.length, templates);
  let at = 0;
  let rounds = 0;
  for (let needed = 1; !decoder.done; needed = decoder.needed) {
    if (at + needed > value.length) throw new Error(`${needed} bytes are needed at ${at} of ${value.length}`);
    at = decoder.feed(value, at, at + needed);
    rounds++;
  }
  return { result: collector.result, rounds };
}
