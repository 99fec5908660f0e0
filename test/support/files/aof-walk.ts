/** Takes the commands of an AOF apart, given in pieces that are cut anywhere; rows come as plain objects that can be compared. */
import { AofDecoder, type AofDecoderOptions, type AofTail } from '../../../src/aof/aof-decoder.ts';
import { Batch } from '../../../src/model/batch.ts';

export interface CommandRow {
  /** The whole RESP array, Latin-1. */
  readonly text: string;
  readonly key: string;
  readonly database: number;
  readonly endOffset: number;
}

export interface AofWalk {
  readonly rows: readonly CommandRow[];
  readonly decoder: AofDecoder;
  readonly tail: AofTail | null;
}

export interface AofWalkOptions extends AofDecoderOptions {
  readonly batchCapacity?: number;
}

function commandRows(batch: Batch): CommandRow[] {
  const text = (from: number, to: number): string => Buffer.from(batch.bytes.subarray(from, to)).toString('latin1');
  return Array.from({ length: batch.count }, (_, row) => ({
    text: text(batch.start[row], batch.end[row]),
    key: text(batch.keyStart[row], batch.keyEnd[row]),
    database: batch.database[row],
    endOffset: batch.endOffset[row],
  }));
}

/** The bytes are given up to each cut in turn, what was not consumed again with them, between margins that must not be read. */
export function walkAof(file: Uint8Array, cuts: Iterable<number> = [file.length], options: AofWalkOptions = {}): AofWalk {
  const decoder = new AofDecoder(options);
  const rows: CommandRow[] = [];
  let batch = new Batch(options.batchCapacity ?? 64);
  let tail: AofTail | null = null;
  for (const cut of cuts) {
    const base = decoder.offset;
    const window = Buffer.alloc(cut - base + 16, '*');
    window.set(file.subarray(base, cut), 8);
    const end = window.length - 8;
    do {
      batch.reset();
      const at = decoder.decode(window, 8 + decoder.offset - base, end, batch);
      rows.push(...commandRows(batch));
      tail = decoder.tail(window, at, end);
      if (decoder.status === 'batch-too-small') batch = new Batch(batch.capacity * 2);
    } while (decoder.status === 'batch-full' || decoder.status === 'batch-too-small');
    if (decoder.status === 'end') break;
  }
  return { rows, decoder, tail };
}

/** Every place from 1 to `length`. */
export function everyByte(length: number): number[] {
  return Array.from({ length }, (_, i) => i + 1);
}
