import { describe, expect, test } from 'vitest';
import { RdbDecoder } from '../../../src/rdb/rdb-decoder.ts';
import { Batch } from '../../../src/model/batch.ts';

describe('a large entry', () => {
  test('keeps its key when the window it was found in is written over', () => {
    const head = Buffer.concat([Buffer.from('REDIS0009'), Buffer.from([0, 6]), Buffer.from('thekey'), Buffer.from([0x80, 0, 1, 0, 0])]);
    const window = Buffer.concat([head, Buffer.alloc(100, 0x61)]);
    const decoder = new RdbDecoder();
    const next = decoder.decode(window, 0, window.length, 0, new Batch(16));
    const large = decoder.beginLarge(window, next, window.length, next);
    window.fill(0);
    expect(Buffer.from(large?.key ?? []).toString()).toBe('thekey');
  });
});
