import { describe, expect, test } from 'vitest';
import type { Mark } from '../../../src/checkpoint/mark.ts';
import { Batch } from '../../../src/model/batch.ts';
import type { KeyShare } from '../../../src/model/key-share.ts';
import { slotOf } from '../../../src/model/slot.ts';
import type { Delivery } from '../../../src/pipeline/delivery.ts';
import { SharedDelivery } from '../../../src/pipeline/shared-delivery.ts';
import type { TargetSide } from '../../../src/pipeline/target-side.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { StreamDecoder } from '../../../src/resp/stream-decoder.ts';

const MARK: Mark = {
  epoch: 1,
  phase: 'incremental-sync',
  replicationId: 'a'.repeat(40),
  offset: 0,
  database: 0,
  snapshotId: 1,
  rdbOffset: 0,
  rdbState: null,
  owned: true,
};

/** What reaches the target, in order: `SET a`, `clear all`, `mark 120`. */
async function deliver(share: KeyShare, ...commands: (readonly string[])[]): Promise<string[]> {
  const seen: string[] = [];
  let batch = new Batch(0);
  const inner: Pick<Delivery, 'take' | 'sendCommands' | 'settled' | 'pass'> = {
    take: async (rowsMax) => (batch = new Batch(rowsMax)),
    sendCommands: async (mark) => {
      for (let row = 0; row < batch.count; row++) {
        const words = Buffer.from(batch.bytes.subarray(batch.start[row], batch.end[row])).toString().split('\r\n');
        seen.push([words[2], words[4]].filter((word) => word !== undefined).join(' '));
      }
      seen.push(`mark ${mark.offset}`);
    },
    settled: async () => {},
    pass: (mark) => void seen.push(`pass ${mark.offset}`),
  };
  const target: Pick<TargetSide, 'clear'> = {
    clear: async (mark, database) => {
      seen.push(`clear ${database ?? 'all'} at ${mark.offset}`);
      return 0;
    },
  };
  const delivery = new SharedDelivery({ delivery: inner as Delivery, target: target as TargetSide, from: MARK, share });
  const bytes = Buffer.concat(commands.map((words) => encodeCommand(words)));
  const decoder = new StreamDecoder(MARK, '__godwit');
  decoder.decode(bytes, 0, bytes.length, await delivery.take(100));
  await delivery.sendCommands({ ...MARK, offset: decoder.offset });
  return seen;
}

/** Bytes of commands in the stream. */
const length = (...commands: (readonly string[])[]): number => commands.reduce((sum, words) => sum + encodeCommand(words).length, 0);

describe('a target that others share', () => {
  const all: KeyShare = { kind: 'slots', owns: () => true };
  const set = (key: string): string[] => ['SET', key, '1'];

  test('gets what comes before FLUSHALL, loses the keys of this source alone, and gets what comes behind', async () => {
    const before = length(set('a'), set('b'));
    const end = before + length(['FLUSHALL'], set('c'));
    expect(await deliver(all, set('a'), set('b'), ['FLUSHALL'], set('c'))).toEqual([
      'SET a',
      'SET b',
      `mark ${before}`,
      `clear all at ${before}`,
      'SET c',
      `mark ${end}`,
    ]);
  });

  test('is cleared in one database by FLUSHDB, twice by two, and also when nothing stands around it', async () => {
    const end = length(['SELECT', '3'], ['FLUSHDB'], ['flushall', 'ASYNC']);
    expect(await deliver(all, ['SELECT', '3'], ['FLUSHDB'], ['flushall', 'ASYNC'])).toEqual(['clear 3 at 0', 'clear all at 0', `mark ${end}`]);
  });

  test('is cleared before the whole transaction that has it: the mark cannot stand within', async () => {
    const before = length(set('a'));
    const transaction = [['MULTI'], set('b'), ['FLUSHALL'], set('c'), ['EXEC']];
    expect(await deliver(all, set('a'), ...transaction)).toEqual([
      'SET a',
      `mark ${before}`,
      `clear all at ${before}`,
      'SET c',
      `mark ${before + length(...transaction)}`,
    ]);
  });

  test('is left alone by SWAPDB: the job stops', async () => {
    await expect(deliver(all, ['SWAPDB', '0', '1'])).rejects.toMatchObject({ code: 'SHARED_FLUSH' });
  });

  test('gets only commands whose keys are in slots of this source, wherever the key stands, and those without a key', async () => {
    const own: KeyShare = { kind: 'slots', owns: (slot) => slot === slotOf(Buffer.from('mine')) };
    const commands = [set('mine'), set('other'), ['DEL', 'other'], ['EVAL', 'mine', '1', 'other'], ['EVAL', 'other', '1', 'mine'], ['FUNCTION', 'FLUSH']];
    expect(await deliver(own, ...commands)).toEqual(['SET mine', 'EVAL other', 'FUNCTION FLUSH', `mark ${length(...commands)}`]);
  });

  test('is told nothing of a batch that is all of others, and the position moves on', async () => {
    expect(await deliver({ kind: 'slots', owns: () => false }, set('a'), ['DEL', 'b'])).toEqual([`pass ${length(set('a'), ['DEL', 'b'])}`]);
  });

  test('gets all of a source whose keys cannot be told from others', async () => {
    expect(await deliver({ kind: 'unknown' }, set('a'))).toEqual(['SET a', `mark ${length(set('a'))}`]);
  });
});
