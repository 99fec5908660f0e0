/** The wrapper around a delivery, with one that only writes down what it is given. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandTally } from '../../../src/command/command-tally.ts';
import { afterEach, describe, expect, test } from 'vitest';
import { FIRST_MARK, type Mark } from '../../../src/checkpoint/mark.ts';
import { Batch } from '../../../src/model/batch.ts';
import type { Delivery, SelectedAt } from '../../../src/pipeline/delivery.ts';
import { EditedDelivery } from '../../../src/pipeline/edits/edited-delivery.ts';
import { Edits, type EditsOptions } from '../../../src/pipeline/edits/edits.ts';
import { LettersOnce } from '../../../src/pipeline/edits/letters-once.ts';
import { DeadLetterFile } from '../../../src/target/dead-letter.ts';
import { ValueConversion } from '../../../src/target/value-conversion.ts';
import { LuaTransform } from '../../../src/transform/lua/lua-transform.ts';
import { streamBatch, streamLines } from '../../support/stream-rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'godwit-edited-'));
afterEach(() => rmSync(join(folder, 'letters'), { force: true }));

const MARK: Mark = { ...FIRST_MARK, phase: 'incremental-sync', epoch: 1, owned: true, replicationId: 'a', offset: 1000, database: 7 };

class Written implements Delivery {
  readonly sentOffset = 0;
  readonly isSettled = true;
  readonly seen: string[] = [];
  capacity = 100;
  private batch = new Batch(0);

  async take(rowsMax: number, rowsMin = 0): Promise<Batch> {
    this.batch = new Batch(Math.max(rowsMin, Math.min(rowsMax, this.capacity)));
    return this.batch;
  }

  async sendValues(): Promise<void> {
    this.seen.push(`values ${this.batch.count}`);
  }

  async sendLarge(): Promise<Mark> {
    throw new Error('not asked for');
  }

  async sendCommands({ offset, database }: Mark, selectedAt?: SelectedAt): Promise<void> {
    const places = [...new Set(this.batch.endOffset.subarray(0, this.batch.count))].map((end) => selectedAt?.(end) ?? '-');
    this.seen.push(...streamLines(this.batch), `mark ${offset} db ${database}, between them db ${places.join(' ')}`);
  }

  pass({ offset }: Mark): void {
    this.seen.push(`pass ${offset}`);
  }

  async endFullSync(): Promise<void> {}

  async settled(): Promise<void> {
    this.seen.push('settled');
  }

  fail(): void {}

  close(): void {}
}

async function send(lines: readonly string[], rules: Partial<EditsOptions>, capacity = 100): Promise<{ seen: string[]; error: unknown }> {
  const inner = new Written();
  inner.capacity = capacity;
  const onError = rules.onError ?? 'stop';
  const edits = new Edits({ filter: {}, transform: {}, engine: null, expands: false, dropsValues: false, onError, ...rules });
  const restore = { conversion: new ValueConversion(undefined, 'stop'), replace: true, setPxat: true, absttl: true, keepIdle: false, keepFreq: false };
  const letters = new LettersOnce(new DeadLetterFile(join(folder, 'letters')));
  const delivery = new EditedDelivery({ delivery: inner, edits, restore, letters, tally: new CommandTally(), onError });
  const batch = await delivery.take(lines.length);
  batch.copyRows(streamBatch(lines));
  const error: unknown = await delivery.sendCommands(MARK).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { seen: inner.seen, error };
}

const keys = (...texts: string[]): { keys: Buffer[] } => ({ keys: texts.map((text) => Buffer.from(text)) });

test('a batch of which nothing is left moves the position on', async () => {
  expect((await send(['set a 1', 'set b 2'], { filter: { allow: keys('x') } })).seen).toEqual(['pass 1000']);
});

test('rows keep their places, and tell the database of the source for positions between them', async () => {
  const databases = { map: new Map([[0, 5]]), others: 'keep' as const };
  const { seen } = await send(['set a 1', 'set b 2', 'select 3', 'set c 3'], { transform: { databases }, filter: { block: keys('b') } });
  expect(seen).toEqual(['5> set a 1', '3> set c 3', 'mark 1000 db 7, between them db 0 3']);
});

test('what became more rows gets a batch with room for them', async () => {
  const engine = new LuaTransform({ source: 'for i = 1, 5 do shake.call(DB, {"SET", KEYS[1] .. i, i}) end' });
  const { seen } = await send(['set a 1', 'set b 1'], { engine }, 2);
  expect(seen.slice(0, -1)).toEqual(['a', 'b'].flatMap((key) => [1, 2, 3, 4, 5].map((i) => `0> SET ${key}${i} ${i}`)));
});

describe('a function that fails', () => {
  const engine = (): LuaTransform => new LuaTransform({ source: 'if KEYS[1] == "bad" then error("no") end shake.call(DB, ARGV)' });

  test('stops behind the unit before it, which is sent and marked', async () => {
    const { seen, error } = await send(['set a 1', 'multi', 'set b 1', 'set bad 1', 'exec', 'set c 1'], { engine: engine() });
    expect([seen[0], seen.at(-1)]).toEqual(['0> set a 1', 'settled']);
    expect(seen[1]).toMatch(/^mark (?!1000)\d+ db 0/);
    expect(error).toMatchObject({ code: 'TRANSFORM_FAILED', message: expect.stringMatching(/function:1: no/) as string });
  });

  test('is written down with its command, once, and the rest goes on', async () => {
    const { seen, error } = await send(['set a 1', 'set bad 1', 'set c 1'], { engine: engine(), onError: 'dead-letter' });
    expect([seen.slice(0, 2), error]).toEqual([['0> set a 1', '0> set c 1'], undefined]);
    expect(readFileSync(join(folder, 'letters'), 'utf8').trimEnd().split('\n')).toHaveLength(1);
  });

  test('makes what changes the connection: that is a failure, too', async () => {
    const strange = new LuaTransform({ source: 'if KEYS[1] == "b" then shake.call(DB, {"MULTI"}) end shake.call(DB, ARGV)' });
    const { seen } = await send(['set a 1', 'set b 1', 'set c 1'], { engine: strange, onError: 'dead-letter' });
    expect(seen.slice(0, 2)).toEqual(['0> set a 1', '0> set c 1']);
  });
});

test('letters are written once over a failover of the source, whose history has another name then, and again behind another snapshot', async () => {
  const edits = new Edits({
    filter: {},
    transform: {},
    engine: new LuaTransform({ source: 'error("no")', name: 'f', log: () => {} }),
    expands: false,
    dropsValues: false,
    onError: 'dead-letter',
  });
  const restore = { conversion: new ValueConversion(undefined, 'stop'), replace: true, setPxat: true, absttl: true, keepIdle: false, keepFreq: false };
  const letters = new LettersOnce(new DeadLetterFile(join(folder, 'letters')));
  const count = async (mark: Mark): Promise<number> => {
    const delivery = new EditedDelivery({ delivery: new Written(), edits, restore, letters, tally: new CommandTally(), onError: 'dead-letter' });
    (await delivery.take(1)).copyRows(streamBatch(['set k v']));
    await delivery.sendCommands(mark);
    return readFileSync(join(folder, 'letters'), 'utf8').trimEnd().split('\n').length;
  };
  const mark = { ...MARK, snapshotId: 1 };
  expect(await count(mark)).toBe(1);
  expect(await count({ ...mark, replicationId: 'b' })).toBe(1);
  expect(await count({ ...mark, replicationId: 'b', snapshotId: 2 })).toBe(2);
});

test('letters are written once, whatever comes again', async () => {
  const file = new DeadLetterFile(join(folder, 'letters'));
  const once = new LettersOnce(file);
  const letter = (offset: number) => ({ offset, database: 0, error: 'x', command: Buffer.from('y') });
  await once.write('a', [letter(5), letter(5), letter(9)]);
  await once.write('a', [letter(5), letter(9), letter(12)]);
  await once.write('b', [letter(3)]);
  expect(file.count).toBe(5);
});
