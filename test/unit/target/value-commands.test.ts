/** What ValueCommands writes, where servers would not show it; that they take it is shown by test/integration/target. */
import { describe, expect, test } from 'vitest';
import { ValueKind } from '../../../src/model/value-kind.ts';
import { parseServerVersion } from '../../../src/model/server-version.ts';
import { temporaryKey } from '../../../src/target/temporary-key.ts';
import { ValueCommands, type ValueCommandsOptions } from '../../../src/target/value-commands.ts';
import type { StreamModel } from '../../support/stream-model.ts';
import { type ValueModel, feedValue } from '../../support/value-model.ts';

const NOW_MS = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

function commandsFor(server: string, options: Partial<ValueCommandsOptions> = {}): ValueCommands {
  const [product, version] = server.split(' ');
  return new ValueCommands({ target: parseServerVersion(`${product}_version:${version}`)!, ownTransaction: false, build: () => undefined, ...options });
}

/** The commands of the transaction, as words. Values of these tests have no line ends. */
function made(commands: ValueCommands, value: ValueModel, expiryMs = -1): string[] {
  commands.start(Buffer.from('k'), expiryMs, NOW_MS);
  feedValue(value, commands);
  const text = Buffer.from(commands.transaction.bytes.subarray(0, commands.transaction.length)).toString('latin1');
  const lines = text.split(/\*\d+\r\n/).slice(1);
  expect(lines).toHaveLength(commands.transaction.commands);
  return lines.map((line) =>
    line
      .split('\r\n')
      .filter((_, i) => i % 2 === 1)
      .join(' '),
  );
}

const fields: ValueModel = {
  kind: 'hash',
  fields: [
    ['a', '1', NOW_MS + HOUR_MS * 24],
    ['b', '2', NOW_MS + HOUR_MS * 24],
    ['c', '3', -1],
    ['d', '4', NOW_MS - 1],
  ],
};

describe('fields that expire', () => {
  test('are set with their expiry in one command where the server has it; an expiry that is past is put off', () => {
    const expected = ['UNLINK k', `HSETEX k PXAT ${NOW_MS + HOUR_MS * 24} FIELDS 2 a 1 b 2`, 'HSET k c 3', `HSETEX k PXAT ${NOW_MS + HOUR_MS} FIELDS 1 d 4`];
    expect(made(commandsFor('valkey 9.1.2'), fields)).toEqual(expected);
    expect(made(commandsFor('redis 8.0.2'), fields)).toEqual(expected);
  });

  test('get it by a second command in Redis 7.4', () => {
    expect(made(commandsFor('redis 7.4.1'), fields)).toEqual([
      'UNLINK k',
      'HSET k a 1 b 2',
      `HPEXPIREAT k ${NOW_MS + HOUR_MS * 24} FIELDS 2 a b`,
      'HSET k c 3',
      'HSET k d 4',
      `HPEXPIREAT k ${NOW_MS + HOUR_MS} FIELDS 1 d`,
    ]);
  });

  test('are refused, or do not expire when that is allowed, where the server has no field expiry', () => {
    expect(() => made(commandsFor('valkey 8.1.1'), fields)).toThrow(expect.objectContaining({ code: 'VALUE_NOT_REPRESENTABLE' }));
    expect(made(commandsFor('valkey 8.1.1', { degrade: true }), fields)).toEqual(['UNLINK k', 'HSET k a 1 b 2 c 3 d 4']);
  });
});

test('an expiry of the key that is past is put off', () => {
  expect(made(commandsFor('redis 3.2.12'), { kind: 'string', text: 'v' }, NOW_MS - 1)).toEqual(['DEL k', 'SET k v', `PEXPIREAT k ${NOW_MS + HOUR_MS}`]);
});

test('arrays, modules, and streams before 5.0 are refused', () => {
  const refused = expect.objectContaining({ code: 'VALUE_NOT_REPRESENTABLE' });
  expect(() => commandsFor('redis 8.0.2').begin(ValueKind.Array)).toThrow(refused);
  expect(() => commandsFor('redis 8.0.2').begin(ValueKind.Module)).toThrow(refused);
  expect(() => commandsFor('redis 4.0.14').begin(ValueKind.Stream)).toThrow(refused);
});

test('a long string is set and appended in bounded pieces', () => {
  const bounded = commandsFor('redis 7.0.15', { commandBytesMax: 4 });
  expect(made(bounded, { kind: 'string', text: 'abcdefghij' })).toEqual(['UNLINK k', 'SET k abcd', 'APPEND k efgh', 'APPEND k ij']);
});

test('pending entries: those given back go to a consumer of ours, those whose entries left no trace are counted', () => {
  const pending = [
    { id: '1-0', deliveredMs: 5, deliveries: 1, consumer: 0 },
    { id: '4-0', deliveredMs: 6, deliveries: 2, consumer: -1 },
    { id: '5-0', deliveredMs: 6, deliveries: 2, consumer: -1 },
  ];
  const stream: StreamModel = {
    entries: [
      { id: '4-0', fields: ['f', 'v'], deleted: true },
      { id: '5-0', fields: ['f', 'v'], deleted: false },
      { id: '6-0', fields: ['f', 'v'], deleted: true },
    ],
    nodeEntries: 5,
    lastId: '6-0',
    counters: { maxDeletedId: '6-0', entriesAdded: 7 },
    groups: [{ name: 'g', lastId: '5-0', entriesRead: 6, consumers: [{ name: 'c', seenMs: 1, activeMs: 1 }], pending }],
  };
  const commands = commandsFor('valkey 8.1.1');
  expect(made(commands, { kind: 'stream', stream })).toEqual([
    'UNLINK k',
    'XADD k 4-0 - -',
    'XADD k 5-0 f v',
    'XADD k 6-0 - -',
    'XGROUP CREATE k g 5-0 ENTRIESREAD 6',
    'XGROUP CREATECONSUMER k g c',
    'XCLAIM k g c 0 1-0 TIME 5 RETRYCOUNT 1 FORCE JUSTID',
    'XCLAIM k g godwit:returned 0 4-0 5-0 TIME 6 RETRYCOUNT 2 FORCE JUSTID',
    'XTRIM k MAXLEN 2',
    'XDEL k 6-0',
    'XSETID k 6-0 ENTRIESADDED 7 MAXDELETEDID 6-0',
  ]);
  expect(commands.pendingLost).toBe(1);
});

test.each([
  ['plain', '__godwit-tmp:{plain}'],
  ['user{7}:cart', '__godwit-tmp:user{7}:cart'],
  ['odd}key', '__godwit-tmp:odd}key'],
  ['foo{}{bar}', '__godwit-tmp:foo{}{bar}'],
  ['open{brace', '__godwit-tmp:{open{brace}'],
  ['', '__godwit-tmp:'],
])('the temporary key of %j is %j', (key, expected) => {
  expect(Buffer.from(temporaryKey(Buffer.from(key))).toString()).toBe(expected);
});

test('what is kept of a long string outlives the window that it came in', () => {
  const commands = commandsFor('redis 7.0.0', { commandBytesMax: 8 });
  const window = Buffer.from('abcdefghijkl');
  commands.start(Buffer.from('k'), -1, NOW_MS);
  commands.begin(ValueKind.String);
  commands.text(window, 0, 12);
  window.fill('-');
  commands.text(Buffer.from('mnop'), 0, 4);
  commands.end();
  const text = Buffer.from(commands.transaction.bytes.subarray(0, commands.transaction.length)).toString('latin1');
  expect(text).toContain('abcdefgh');
  expect(text).toContain('ijklmnop');
});
