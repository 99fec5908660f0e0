import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GodwitError } from '../../../src/errors/errors.ts';
import { Batch } from '../../../src/model/batch.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { StreamDecoder } from '../../../src/resp/stream-decoder.ts';

interface Row {
  text: string;
  database: number;
  endOffset: number;
}

/** Decodes in pieces cut at the given places, keeping what is left like a window does. */
function decode(stream: Buffer, cuts: readonly number[], capacity = 64): { rows: Row[]; decoder: StreamDecoder } {
  const decoder = new StreamDecoder({ offset: 1000, database: 0 }, '__godwit');
  const rows: Row[] = [];
  let held = Buffer.alloc(0);
  let from = 0;
  for (const cut of [...cuts.filter((at) => at < stream.length).toSorted((a, b) => a - b), stream.length]) {
    held = Buffer.concat([held, stream.subarray(from, cut)]);
    from = cut;
    for (let before = -1; before !== held.length;) {
      before = held.length;
      const batch = new Batch(capacity);
      const next = decoder.decode(held, 0, held.length, batch);
      for (let row = 0; row < batch.count; row++) {
        rows.push({ text: held.toString('latin1', batch.start[row], batch.end[row]), database: batch.database[row], endOffset: batch.endOffset[row] });
      }
      held = held.subarray(next);
    }
  }
  return { rows, decoder };
}

const set = encodeCommand(['SET', 'k', 'v']);
const select = encodeCommand(['SELECT', 3]);
const multi = encodeCommand(['MULTI']);
const exec = encodeCommand(['EXEC']);

describe('the stream decoder', () => {
  test('gives all rows of a source transaction the offset behind its EXEC', () => {
    const stream = Buffer.concat([set, multi, select, set, set, exec, set]);
    const { rows, decoder } = decode(stream, []);
    const transactionEnd = 1000 + stream.length - set.length;
    expect(rows.map((row) => row.endOffset)).toEqual([1000 + set.length, transactionEnd, transactionEnd, 1000 + stream.length]);
    expect(rows.map((row) => row.database)).toEqual([0, 3, 3, 3]);
    expect(decoder.offset).toBe(1000 + stream.length);
  });

  test('consumes nothing of a transaction that has not ended, nor its SELECT', () => {
    const { rows, decoder } = decode(Buffer.concat([set, multi, select, set]), []);
    expect(rows).toHaveLength(1);
    expect(decoder).toMatchObject({ offset: 1000 + set.length, database: 0 });
  });

  test('leaves out what belongs to the link, and the marks of other jobs', () => {
    const ours = [
      ['PING'],
      ['REPLCONF', 'GETACK', '*'],
      ['PUBLISH', '__sentinel__:hello', 'x'],
      ['OPINFO', 'x'],
      ['HMSET', '__godwit:job', 'v', '1'],
      ['CLUSTER', 'SYNCSLOTS', 'ACK'],
    ];
    const stream = Buffer.concat([...ours.map((args) => encodeCommand(args)), Buffer.from('\n'), encodeCommand(['PUBLISH', 'news', 'x'])]);
    const { rows, decoder } = decode(stream, []);
    expect(rows.map((row) => row.text)).toEqual([encodeCommand(['PUBLISH', 'news', 'x']).toString('latin1')]);
    expect(decoder.offset).toBe(1000 + stream.length);
  });

  test('finds the same rows wherever the stream is cut', () => {
    const unit = fc.oneof(
      fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 4 }).map((args) => encodeCommand(['SET', ...args])),
      fc.integer({ min: 0, max: 15 }).map((database) => encodeCommand(['SELECT', database])),
      fc.constant(encodeCommand(['PING'])),
      fc.integer({ min: 0, max: 5 }).map((count) => Buffer.concat([multi, ...Array.from({ length: count }, () => set), exec])),
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 20 }), fc.array(fc.nat(600)), (units, cuts) => {
        const stream = Buffer.concat(units);
        expect(decode(stream, cuts).rows).toEqual(decode(stream, []).rows);
        expect(decode(stream, cuts, 8).rows).toEqual(decode(stream, []).rows);
      }),
    );
  });

  test('names the offset of what is no command', () => {
    const stream = Buffer.concat([set, Buffer.from('$3\r\nabc\r\n')]);
    expect(() => decode(stream, [])).toThrow(GodwitError);
    expect(() => decode(stream, [])).toThrow(`offset ${1000 + set.length}`);
  });
});
