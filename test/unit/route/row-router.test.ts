import { describe, expect, test } from 'vitest';
import { findCommand } from '../../../src/command/built-in-commands.ts';
import { Batch } from '../../../src/model/batch.ts';
import { slotOf } from '../../../src/model/slot.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { StreamDecoder } from '../../../src/resp/stream-decoder.ts';
import { CROSS_SLOT, RowRouter } from '../../../src/route/row-router.ts';

function route(...words: string[]): number {
  const bytes = Buffer.from(encodeCommand(words));
  const batch = new Batch(1);
  new StreamDecoder({ offset: 0, database: 0 }, 'godwit').decode(bytes, 0, bytes.length, batch);
  return new RowRouter().slotOf(batch, 0, findCommand(bytes, 0, bytes.length));
}

const slot = (key: string): number => slotOf(Buffer.from(key));

describe('the slot of a command', () => {
  test.each([
    [['SET', 'key', 'value'], 'key'],
    [['set', '{tag}key', 'value'], '{tag}'],
    [['INCR', ''], ''],
    [['RENAME', '{t}a', '{t}b'], '{t}'],
    [['EVAL', 'return 1', '2', '{t}a', '{t}b', 'other'], '{t}'],
    [['XGROUP', 'CREATE', 'stream', 'group', '$'], 'stream'],
    [['ZUNIONSTORE', '{t}to', '2', '{t}a', '{t}b', 'WEIGHTS', '1', '2'], '{t}'],
    [['SORT', '{t}a', 'STORE', '{t}b'], '{t}'],
    [['GEORADIUS', '{t}a', '1', '1', '1', 'm', 'STORE', '{t}b'], '{t}'],
    [['BITOP', 'NOT', '{t}a', '{t}b'], '{t}'],
    [['XADD', 'stream', 'MAXLEN', '1', '*', 'f', 'v'], 'stream'],
    [['LMPOP', '2', '{t}a', '{t}b', 'LEFT'], '{t}'],
    [['PUBLISH', 'news', 'text'], 'news'],
    [['SPUBLISH', '{t}news', 'text'], '{t}'],
  ])('%j', (words, key) => {
    expect(route(...words)).toBe(slot(key));
  });

  test.each([
    [['RENAME', 'a', 'b']],
    [['MSET', 'a', '1', 'b', '2']],
    [['SORT', 'a', 'STORE', 'b']],
    [['EVAL', 'return 1', '2', 'a', 'b']],
    [['GEORADIUS', 'a', '1', '1', '1', 'm', 'STORE', 'b']],
  ])('%j has several', (words) => {
    expect(route(...words)).toBe(CROSS_SLOT);
  });

  test.each([[['FLUSHALL']], [['SCRIPT', 'FLUSH']], [['FUNCTION', 'FLUSH']], [['EVAL', 'return 1', '0']], [['NOTHING.KNOWN', 'key']]])(
    '%j has none that is known',
    (words) => {
      expect(route(...words)).toBeLessThan(0);
      expect(route(...words)).not.toBe(CROSS_SLOT);
    },
  );
});
