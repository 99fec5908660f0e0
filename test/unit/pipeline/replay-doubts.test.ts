/** What explains that a command fails when it is applied a second time. */
import { expect, test } from 'vitest';
import { Parcel } from '../../../src/pipeline/parcel.ts';
import { ReplayDoubts, UNMARKED_BYTES_MAX } from '../../../src/pipeline/replay-doubts.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';

/** Commands of ten bytes of the stream each; `3: ...` in front is the database. */
function batchOf(from: number, ...lines: readonly string[]): Parcel {
  const commands = lines.map((line) => encodeCommand(line.replace(/^\d+: /, '').split(' ')));
  const parcel = new Parcel(lines.length, 1024);
  const { batch, buffer } = parcel;
  batch.bytes = Buffer.concat(commands);
  let at = 0;
  commands.forEach(({ length }, row) => {
    batch.start[row] = at;
    batch.end[row] = at += length;
    batch.database[row] = Number(/^(\d+): /.exec(lines[row])?.[1] ?? 0);
    batch.endOffset[row] = from + 10 * (row + 1);
  });
  batch.count = lines.length;
  buffer.begin('plain');
  buffer.addCommands(batch, new Map(), new Set());
  // The window that a batch was decoded from goes on to the next.
  batch.bytes.fill(0);
  return parcel;
}

const failed = (...rows: readonly number[]): Map<number, string> => new Map(rows.map((row) => [row, `row ${row}`]));
const NONE = failed();

test.each(['DEL key', 'unlink other key', 'SET key value', 'MSET other 1 key 2', 'RESTORE key 0 payload REPLACE'])('%s behind it explains it', (line) => {
  const doubts = new ReplayDoubts<string>();
  expect(doubts.look(batchOf(0, 'SADD key a', 'SADD other a'), 20, failed(0), 100)).toEqual([]);
  expect(doubts.isOpen).toBe(true);
  expect(doubts.look(batchOf(20, line), 30, NONE, 100)).toEqual([]);
  expect(doubts.isOpen).toBe(false);
});

test.each(['SADD key b', 'DEL other', '3: DEL key', 'PEXPIREAT key 5000000000000', 'SET other key'])(
  '%s behind it does not: it is real when the replay is over',
  (line) => {
    const doubts = new ReplayDoubts<string>();
    expect(doubts.look(batchOf(0, 'SADD key a'), 10, failed(0), 50)).toEqual([]);
    expect(doubts.look(batchOf(10, line, 'INCR n'), 30, NONE, 50)).toEqual([]);
    expect(doubts.passed(49, 50)).toEqual([]);
    expect(doubts.passed(50, 50)).toEqual(['row 0']);
    expect(doubts.isOpen).toBe(false);
  },
);

test('what comes before it, fails itself, or lies behind the replay explains nothing', () => {
  const doubts = new ReplayDoubts<string>();
  expect(doubts.look(batchOf(0, 'DEL key', 'SADD key a', 'SET key'), 30, failed(1, 2), 30)).toEqual(['row 1', 'row 2']);
  expect(doubts.look(batchOf(30, 'SADD key a', 'DEL key'), 50, failed(0), 40)).toEqual(['row 0']);
});

test('no doubt lasts longer than what the sender may have sent beyond its mark', () => {
  const doubts = new ReplayDoubts<string>();
  doubts.look(batchOf(0, 'SADD key a'), 10, failed(0), Number.MAX_SAFE_INTEGER);
  expect(doubts.passed(UNMARKED_BYTES_MAX, Number.MAX_SAFE_INTEGER)).toEqual([]);
  expect(doubts.passed(10 + 2 * UNMARKED_BYTES_MAX, Number.MAX_SAFE_INTEGER)).toEqual(['row 0']);
});
