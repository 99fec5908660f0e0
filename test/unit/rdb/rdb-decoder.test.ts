import { describe, expect, test } from 'vitest';
import { GodwitError } from '../../../src/errors/errors.ts';
import { Batch, EntryKind } from '../../../src/model/batch.ts';
import { RdbDecoder } from '../../../src/rdb/rdb-decoder.ts';
import { entry, file, fixed, integer, length, list, lzf, string } from '../../support/rdb/rdb-bytes.ts';
import { rowsOf, walkInPieces, walkThroughWindows, walkWhole } from '../../support/rdb/walk.ts';

const VALUE = string('v');
const long = 'a key that is long and regular '.repeat(8);

function failure(run: () => unknown): GodwitError {
  try {
    run();
  } catch (error) {
    if (error instanceof GodwitError) return error;
    throw error;
  }
  throw new Error('no error came');
}

/** What a file has under each key, whichever way it is read. */
function keysBothWays(bytes: Uint8Array): string[] {
  const whole = walkWhole(bytes, { poison: 0xff }).rows;
  const cuts = Array.from({ length: bytes.length }, (_, i) => i + 1);
  expect(walkInPieces(bytes, cuts).rows).toEqual(whole);
  expect(walkThroughWindows(bytes, 64).rows).toEqual(whole);
  return whole.map((row) => row.key);
}

describe('keys', () => {
  test('that stand as numbers or compressed come as their text, beside others in one batch', () => {
    const bytes = file(
      'REDIS0011',
      entry(0, 'plain', VALUE),
      entry(0, integer(-128, 1), VALUE),
      entry(0, integer(32_767, 2), VALUE),
      entry(0, integer(-2_147_483_648, 4), VALUE),
      entry(0, lzf(long), VALUE),
      entry(0, '', VALUE),
      entry(0, 'k'.repeat(300), VALUE),
      entry(0, 'last', VALUE),
    );
    expect(keysBothWays(bytes)).toEqual(['plain', '-128', '32767', '-2147483648', long, '', 'k'.repeat(300), 'last']);
    expect(walkWhole(bytes).rows.every((row) => row.value === '\u0001v')).toBe(true);
  });

  test('as text do not disturb an older batch that is still in use', () => {
    const bytes = file('REDIS0011', ...[1, 2, 3, 4].map((n) => entry(0, integer(n, 1), VALUE)));
    const decoder = new RdbDecoder();
    const first = new Batch(2);
    const second = new Batch(2);
    const at = decoder.decode(bytes, 0, bytes.length, 0, first);
    decoder.decode(bytes, at, bytes.length, at, second);
    expect([...rowsOf(first), ...rowsOf(second)].map((row) => row.key)).toEqual(['1', '2', '3', '4']);
  });

  test('with the hidden prefix are passed over and counted, plain, compressed or large', () => {
    const hidden = `godwit:${'x'.repeat(60)}`;
    const bytes = file(
      'REDIS0011',
      entry(0, 'godwit:mark', VALUE),
      entry(0, 'godwit', VALUE),
      Buffer.concat([Buffer.of(0xfc), fixed(8)]),
      entry(0, lzf(hidden), VALUE),
      entry(0, 'godwit:large', string('z'.repeat(500))),
      entry(0, 'user', VALUE),
    );
    const options = { hiddenKeyPrefix: Buffer.from('godwit:') };
    for (const walk of [walkWhole(bytes, options), walkThroughWindows(bytes, 64, options)]) {
      expect(walk.rows.map((row) => row.key)).toEqual(['godwit', 'user']);
      expect(walk.rows[1].expiryMs).toBe(-1);
      expect(walk.decoder).toMatchObject({ hidden: 3, keyCount: 2 });
    }
  });
});

describe('what stands before a key', () => {
  const expiry = (ms: bigint): Buffer => {
    const out = Buffer.alloc(9, 0xfc);
    out.writeBigInt64LE(ms, 1);
    return out;
  };

  test('belongs to that key alone: expiry, idle time, frequency, hints of Redis Enterprise, metadata of modules', () => {
    const metadata = Buffer.concat([Buffer.of(243), list(2, () => Buffer.concat([fixed(4), length(2), length(7), length(0)]))]);
    const bytes = file(
      'REDIS0013',
      expiry(4_102_444_800_123n),
      entry(0, 'ms', VALUE),
      Buffer.concat([Buffer.of(0xfd), Buffer.from([0, 0, 0, 0x70])]),
      Buffer.concat([Buffer.of(0xf8), length(70_000)]),
      entry(0, 's', VALUE),
      Buffer.concat([Buffer.of(0xf9, 255, 107), length(500)]),
      metadata,
      entry(0, 'f', VALUE),
      expiry(-5n),
      entry(0, 'past', VALUE),
      entry(0, 'none', VALUE),
    );
    keysBothWays(bytes);
    const { rows, decoder } = walkWhole(bytes);
    expect(rows.map(({ key, expiryMs, idle, freq }) => [key, expiryMs, idle, freq])).toEqual([
      ['ms', 4_102_444_800_123, -1, -1],
      ['s', 0x70000000 * 1000, 70_000, -1],
      ['f', -1, -1, 255],
      ['past', 1, -1, -1],
      ['none', -1, -1, -1],
    ]);
    expect(decoder.keyMetadataLeftOut).toBe(1);
  });
});

describe('what stands between keys', () => {
  test('is read or stepped over: databases, sizes, slots, slot imports, module data', () => {
    const bytes = file(
      'VALKEY080',
      Buffer.concat([Buffer.of(0xfa), string('valkey-ver'), string('9.1.2')]),
      Buffer.concat([Buffer.of(0xfa), string('ctime'), integer(1_700_000_000, 4)]),
      Buffer.concat([Buffer.of(243), string('j'.repeat(40)), list(2, () => Buffer.concat([length(5), length(6)]))]),
      Buffer.concat([Buffer.of(247), length(2n ** 63n), length(2), length(1), length(5), string('x'.repeat(200)), length(0)]),
      Buffer.concat([Buffer.of(0xfe), length(3), Buffer.of(0xfb), length(100), length(7)]),
      Buffer.concat([Buffer.of(244), length(16_000), length(1), length(0)]),
      entry(
        22,
        'h',
        list(1, () => Buffer.concat([string('f'), string('v'), fixed(8)])),
      ),
    );
    keysBothWays(bytes);
    const { rows, decoder } = walkWhole(bytes);
    expect(rows).toMatchObject([{ key: 'h', database: 3, type: 22 }]);
    expect(decoder).toMatchObject({ version: 80, database: 3, moduleAuxLeftOut: 1 });
    expect(Object.fromEntries(decoder.aux)).toEqual({ 'valkey-ver': '9.1.2', ctime: '1700000000' });
    expect(decoder.dbSizes.get(3)).toEqual({ keys: 100, keysWithExpiry: 7 });
  });

  test('functions are rows with their library, scripts rows with their text, also in files that exports write', () => {
    const script = (value: Buffer): Buffer => Buffer.concat([Buffer.of(0xfa), string('lua'), value]);
    const bytes = file('REDIS0009', script(string('return 1')), script(lzf(`return '${'x'.repeat(50)}'`)), entry(0, integer(5, 1), VALUE));
    const { rows } = walkWhole(bytes);
    expect(rows.map(({ kind, key, value }) => [kind, key, value])).toEqual([
      [EntryKind.RdbScript, '', 'return 1'],
      [EntryKind.RdbScript, '', `return '${'x'.repeat(50)}'`],
      [EntryKind.RdbValue, '5', '\u0001v'],
    ]);
    const library = string('#!lua name=l\n');
    const functions = walkWhole(file('REDIS0011', Buffer.concat([Buffer.of(245), library]), script(string('return 1'))));
    expect(functions.rows.map(({ kind, value }) => [kind, value])).toEqual([
      [EntryKind.RdbFunction, library.toString('latin1')],
      [EntryKind.RdbScript, 'return 1'],
    ]);
  });

  test('hash templates are known to the values that refer to them, also after a resume', () => {
    const templates = Buffer.concat([Buffer.of(242), length(7), list(2, (n) => string(`field${n}`))]);
    const value = entry(32, 'h', Buffer.concat([length(7), string('one'), string('two')]));
    const bytes = file('REDIS0015', templates, value, value, entry(0, 'k', VALUE));
    expect(keysBothWays(bytes)).toEqual(['h', 'h', 'k']);
    const { rows, decoder } = walkWhole(bytes);
    const state = JSON.parse(JSON.stringify(decoder.state())) as ReturnType<typeof decoder.state>;
    const rest = walkWhole(bytes, { resumeAt: { state, offset: rows[0].endOffset } });
    expect(rest.rows).toEqual(rows.slice(1));
    for (const { templates: names } of [decoder, rest.decoder, walkThroughWindows(bytes, 10).decoder]) {
      expect(names.get(7)?.map((name) => Buffer.from(name).toString())).toEqual(['field0', 'field1']);
    }
  });
});

describe('errors name the place', () => {
  const name = 'some "key"\n';
  const before = entry(0, 'ok', VALUE);

  test.each([
    ['an unknown type', 'REDIS0011', entry(99, name, VALUE), 'RDB_UNSUPPORTED', 13],
    ['a type of the other vendor', 'VALKEY080', entry(24, name, VALUE), 'RDB_UNSUPPORTED', 13],
    ['a module value of the old form', 'REDIS0008', entry(6, name, VALUE), 'RDB_UNSUPPORTED', 13],
    ['damage within a value', 'REDIS0011', entry(1, name, Buffer.of(2, 1, 0x61, 0xc7)), 'RDB_CORRUPT', 13 + 14 + 2],
    ['damage of a string', 'REDIS0011', entry(0, name, Buffer.of(0xc9)), 'RDB_CORRUPT', 13 + 13],
  ])('%s: code, key and offset', (_, header, bad, code, offset) => {
    const error = failure(() => walkWhole(file(header, before, bad)));
    expect(error.code).toBe(code);
    expect(error.details).toMatchObject({ key: 'some \\x22key\\x22\\x0a', offset: offset + 2 });
    expect(error.message).toContain(`(key "some \\x22key\\x22\\x0a", offset ${offset + 2})`);
  });

  test.each([
    ['functions of release candidates', 'REDIS0010', Buffer.of(246), /opcode 246/],
    ['commands in a snapshot of Valkey 9.2', 'VALKEY081', Buffer.of(242), /commands inside of the snapshot/],
    ['key metadata before Redis 8.6', 'REDIS0012', Buffer.of(243), /opcode 243, which REDIS RDB version 12/],
    ['templates before Redis 8.10', 'REDIS0014', Buffer.of(242), /opcode 242/],
  ])('%s are refused, with the offset', (_, header, bad, message) => {
    const error = failure(() => walkWhole(file(header, before, bad)));
    expect(error.message).toMatch(message);
    expect(error).toMatchObject({ code: 'RDB_UNSUPPORTED', details: { offset: 9 + before.length } });
  });

  test('a long key is cut', () => {
    const error = failure(() => walkWhole(file('REDIS0011', entry(99, 'k'.repeat(500), VALUE))));
    expect(error.details['key']).toBe(`${'k'.repeat(100)}...`);
  });

  test('a large value that is damaged behind its window is told with its key', () => {
    const bytes = file('REDIS0011', entry(1, 'big', Buffer.concat([length(3), string('x'.repeat(500)), Buffer.of(0xc9)])));
    expect(failure(() => walkThroughWindows(bytes, 64))).toMatchObject({ code: 'RDB_CORRUPT', details: { key: 'big', offset: 9 + 1 + 4 + 1 + 502 } });
  });

  test('a value beyond the end of a file of known length is damage at once', () => {
    const bytes = file('REDIS0011', entry(0, 'k', length(1000)));
    expect(failure(() => walkWhole(bytes, { knowTotal: true }))).toMatchObject({ code: 'RDB_CORRUPT', details: { key: 'k' } });
    const decoder = new RdbDecoder();
    expect(decoder.decode(bytes, 0, bytes.length, 0, new Batch(4))).toBe(9);
    expect(decoder.status).toBe('need-more');
  });

  test.each([
    ['REDIS0016', 'RDB_UNSUPPORTED', /REDIS RDB version 16; the newest that is known is 15/],
    ['REDIS0000', 'RDB_UNSUPPORTED', /version 0/],
    ['VALKEY082', 'RDB_UNSUPPORTED', /VALKEY RDB version 82; the newest that is known is 81/],
    ['VALKEY011', 'RDB_UNSUPPORTED', /VALKEY RDB version 11/],
    ['redis0011', 'RDB_CORRUPT', /not an RDB file/],
    ['REDIS00x1', 'RDB_CORRUPT', /not an RDB file/],
  ])('header %s is refused', (header, code, message) => {
    const error = failure(() => walkWhole(file(header)));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});

test('behind the end nothing more is consumed', () => {
  const bytes = file('REDIS0011', entry(0, 'k', VALUE));
  const decoder = new RdbDecoder();
  const batch = new Batch(4);
  const at = decoder.decode(bytes, 0, bytes.length, 0, batch);
  expect(at).toBe(bytes.length - 8);
  batch.reset();
  expect(decoder.decode(bytes, at, bytes.length, at, batch)).toBe(at);
  expect(decoder.status).toBe('end');
  expect(batch.count).toBe(0);
});

test('a batch that is not empty is refused', () => {
  const bytes = file('REDIS0011', entry(0, 'k', VALUE));
  const batch = new Batch(4);
  new RdbDecoder().decode(bytes, 0, bytes.length, 0, batch);
  expect(failure(() => new RdbDecoder().decode(bytes, 0, bytes.length, 0, batch)).code).toBe('INTERNAL');
});
