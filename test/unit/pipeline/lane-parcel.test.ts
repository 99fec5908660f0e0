/** What goes elsewhere, and what is taken out before it is sent. */
import { describe, expect, test } from 'vitest';
import type { Mark } from '../../../src/checkpoint/mark.ts';
import { Batch } from '../../../src/model/batch.ts';
import { LaneParcel, type LaneUnit } from '../../../src/pipeline/lane-parcel.ts';
import type { Refusal } from '../../../src/pipeline/refusals.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { StreamDecoder } from '../../../src/resp/stream-decoder.ts';

const wave = { seq: 1, mark: {} as Mark, rows: 0, skipped: 0, pending: 1 };
const MOVED = (slot: number): string => `MOVED ${slot} 127.0.0.1:7001`;

/** Rows are commands of the stream, in database 0 unless told. */
function parcelOf(rows: readonly string[], databases: readonly number[] = []): LaneParcel {
  const bytes = Buffer.concat(rows.map((row) => encodeCommand(row.split(' '))));
  const batch = new Batch(rows.length);
  new StreamDecoder({ offset: 0, database: 0 }, 'godwit').decode(bytes, 0, bytes.length, batch);
  for (const [row, database] of databases.entries()) batch.database[row] = database;
  const parcel = new LaneParcel(64);
  parcel.begin(batch, wave);
  return parcel;
}

function transaction(parcel: LaneParcel, slot: number, rows: readonly number[]): void {
  parcel.beginTransaction(slot);
  for (const row of rows) parcel.addCommand(slot, row, undefined);
  parcel.endTransaction(encodeCommand(['HSET', `mark:${slot}`, 'm:', '1']));
}

function refused(command: number, text: string): Refusal {
  return { command, carriedOut: true, text };
}

function units(found: readonly LaneUnit[]): string[] {
  return found.map(
    ({ slot, first, last, text, transaction: whole }) => `${slot}: ${first}-${last}${whole ? ' whole' : ''}${text ? ` ${text.split(' ')[0]}` : ''}`,
  );
}

function words(parcel: LaneParcel): string[] {
  const { buffer } = parcel;
  const text = buffer.bytes.toString('latin1', 0, buffer.length);
  return [...text.matchAll(/\*\d+\r\n((?:\$\d+\r\n[^\r]*\r\n)+)/g)].map(([, one]) =>
    one
      .split('\r\n')
      .filter((_, i) => i % 2 === 1)
      .join(' '),
  );
}

const none = (): boolean => false;

describe('what a node sends elsewhere', () => {
  test('goes with all that came behind it in its slot, and nothing of other slots', () => {
    const parcel = parcelOf(['SET a 1', 'SET b 1', 'SET a 2', 'SET b 2', 'SET a 3']);
    for (const [row, slot] of [1, 2, 1, 2, 1].entries()) parcel.addCommand(slot, row, undefined);
    expect(units(parcel.elsewhere([refused(2, MOVED(1))], none))).toEqual(['1: 2-2 MOVED', '1: 4-4']);
  });

  test('goes from its first command on when its slot is held already', () => {
    const parcel = parcelOf(['SET a 1', 'SET b 1', 'SET a 2']);
    for (const [row, slot] of [1, 2, 1].entries()) parcel.addCommand(slot, row, undefined);
    expect(units(parcel.elsewhere([], (slot) => slot === 1))).toEqual(['1: 0-0', '1: 2-2']);
  });

  test('a transaction goes as a whole, whichever of its commands was refused', () => {
    for (const command of [0, 1, 2, 3]) {
      const parcel = parcelOf(['INCR a', 'SET b 1']);
      transaction(parcel, 1, [0]);
      parcel.addCommand(2, 1, undefined);
      expect(units(parcel.elsewhere([refused(command, 'ASK 1 127.0.0.1:7001')], none))).toEqual(['1: 0-3 whole ASK']);
    }
  });

  test('a transaction that was carried out is over: its mark says so', () => {
    const parcel = parcelOf(['INCR a']);
    transaction(parcel, 1, [0]);
    expect(parcel.elsewhere([], () => true)).toEqual([]);
  });

  test.each(['TRYAGAIN Multiple keys request during rehashing of slot', 'CLUSTERDOWN The cluster is down'])('and so does what is to come back: %s', (text) => {
    const parcel = parcelOf(['DEL {a}1 {a}2']);
    parcel.addCommand(1, 0, undefined);
    expect(parcel.elsewhere([refused(0, text)], none)).toHaveLength(1);
  });

  test('other refusals are none of it', () => {
    const parcel = parcelOf(['SET a 1']);
    parcel.addCommand(1, 0, undefined);
    expect(parcel.elsewhere([refused(0, 'WRONGTYPE Operation against a key'), refused(0, 'OOM command not allowed')], none)).toEqual([]);
  });

  test('commands that stand for one row stay together', () => {
    const parcel = parcelOf(['HSETEX h', 'SET b 1']);
    parcel.addCommand(1, 0, { count: 2, bytes: Buffer.concat([encodeCommand(['HSET', 'h']), encodeCommand(['PEXPIREAT', 'h'])]) });
    parcel.addCommand(2, 1, undefined);
    expect(units(parcel.elsewhere([refused(1, MOVED(1))], none))).toEqual(['1: 0-1 MOVED']);
  });
});

describe('before it is sent', () => {
  test('units of held slots are taken out, in their order, and the rest closes up', () => {
    const parcel = parcelOf(['SET a 1', 'INCR b', 'SET c 1', 'INCR a', 'SET b 2', 'INCR d']);
    parcel.addCommand(1, 0, undefined);
    transaction(parcel, 2, [1]);
    parcel.addCommand(3, 2, undefined);
    transaction(parcel, 1, [3]);
    parcel.addCommand(2, 4, undefined);
    transaction(parcel, 4, [5]);
    const taken: string[] = [];
    parcel.withhold(
      (slot) => slot === 1 || slot === 2,
      (unit) => taken.push(...units([unit])),
    );
    expect(taken).toEqual(['1: 0-0', '2: 1-4 whole', '1: 6-9 whole', '2: 10-10']);
    expect(words(parcel)).toEqual(['SET c 1', 'MULTI', 'INCR d', 'HSET mark:4 m: 1', 'EXEC']);
    expect(parcel.buffer.commands).toBe(5);
    expect(parcel.transactions).toEqual([{ slot: 4, multi: 1, exec: 4 }]);
    expect([...parcel.buffer.rowOf.subarray(0, 5)]).toEqual([2, -1, 5, -1, -1]);
    expect(units(parcel.elsewhere([refused(4, MOVED(4))], none))).toEqual(['4: 1-4 whole MOVED']);
  });

  test('a transaction leaves the database as it was, whether it is carried out, refused, or taken out', () => {
    const parcel = parcelOf(['SET a 1', 'INCR b', 'SET c 1'], [5, 5, 0]);
    parcel.addCommand(1, 0, undefined);
    transaction(parcel, 2, [1]);
    parcel.addCommand(3, 2, undefined);
    const before = ['SELECT 5', 'SET a 1', 'SELECT 0'];
    expect(words(parcel)).toEqual([...before, 'MULTI', 'SELECT 5', 'INCR b', 'SELECT 0', 'HSET mark:2 m: 1', 'EXEC', 'SET c 1']);
    parcel.withhold(
      (slot) => slot === 2,
      () => {},
    );
    expect(words(parcel)).toEqual([...before, 'SET c 1']);
  });

  test('nothing may be left of it', () => {
    const parcel = parcelOf(['INCR a']);
    transaction(parcel, 1, [0]);
    parcel.withhold(
      () => true,
      () => {},
    );
    expect([parcel.buffer.commands, parcel.buffer.length, parcel.transactions.length]).toEqual([0, 0, 0]);
  });
});
