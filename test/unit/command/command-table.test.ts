import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { availableOn } from '../../../src/command/available-on.ts';
import { builtInCommands, findCommand, tableForSource } from '../../../src/command/built-in-commands.ts';
import { docsFromReply, rowsFromReply } from '../../../src/command/command-reply.ts';
import { packVersion } from '../../../src/command/command.ts';
import { CommandTable } from '../../../src/command/command-table.ts';
import { keyIndexes, keysAreKnown } from '../../../src/command/key-indexes.ts';
import type { ServerVersion } from '../../../src/model/server-version.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { readCommand } from '../../support/commands/resp-command.ts';

const version = (product: ServerVersion['product'], text: string): ServerVersion => {
  const [major, minor, patch] = text.split('.').map(Number);
  return { product, text, major, minor, patch };
};

const nameOf = (...words: string[]): string | undefined => {
  const bytes = Buffer.concat([Buffer.from('before'), encodeCommand(words), Buffer.from('behind')]);
  return findCommand(bytes, 6, bytes.length - 6)?.name;
};

describe('a command is found', () => {
  test('by its bytes, without regard to case', () => {
    expect([nameOf('SET', 'k', 'v'), nameOf('set', 'k', 'v'), nameOf('sEt', 'k', 'v')]).toEqual(['set', 'set', 'set']);
  });

  test('with its subcommand, and as the container when that is not known', () => {
    expect(nameOf('XGroup', 'CREATE', 'k', 'g', '0')).toBe('xgroup|create');
    expect(nameOf('xgroup', 'nonsense')).toBe('xgroup');
    expect(nameOf('xgroup')).toBe('xgroup');
  });

  test('each of the table, by name and by bytes', () => {
    for (const { name } of builtInCommands.commands) {
      expect(builtInCommands.named(name.toUpperCase())?.name).toBe(name);
      expect(nameOf(...name.split('|'))).toBe(name);
    }
  });
});

describe('nothing is found', () => {
  test('for unknown names, prefixes and names with something behind', () => {
    for (const name of ['', 's', 'se', 'sett', 'set ', 'set|', 'xgroup|create', 'x'.repeat(100), 'JSON.SET'])
      expect([name, nameOf(name)]).toEqual([name, undefined]);
  });

  test('for bytes that are no whole command, wherever they are cut', () => {
    const bytes = encodeCommand(['XGROUP', 'CREATE', 'k', 'g', '0']);
    for (let end = 0; end < bytes.length; end++) {
      const found = findCommand(bytes, 0, end)?.name;
      expect(found === undefined || found.startsWith('xgroup')).toBe(true);
    }
    for (const text of ['PING\r\n', '*1\r\n', '*1\r\n:3\r\nset\r\n', '*1\r\n$-3\r\nset\r\n', '*1\r\n$99999999999999999\r\nset\r\n', '']) {
      expect(findCommand(Buffer.from(text), 0, text.length)).toBeUndefined();
    }
  });
});

test('versions count per product, and what a product never had is not available', () => {
  const has = (name: string, product: ServerVersion['product'], text: string): boolean => availableOn(builtInCommands.named(name)!, version(product, text));
  expect([has('hsetex', 'redis', '7.4.9'), has('hsetex', 'redis', '8.0.0'), has('hsetex', 'valkey', '8.1.1'), has('hsetex', 'valkey', '9.0.0')]).toEqual([
    false,
    true,
    false,
    true,
  ]);
  expect([has('msetex', 'redis', '8.2.0'), has('msetex', 'redis', '8.4.0'), has('msetex', 'valkey', '9.1.0')]).toEqual([false, true, true]);
  expect([has('xackdel', 'redis', '8.2.0'), has('xackdel', 'valkey', '9.9.9')]).toEqual([true, false]);
  expect([has('copy', 'redis', '6.0.16'), has('copy', 'valkey', '7.2.0')]).toEqual([false, true]);
});

describe('a table of a server of its own', () => {
  const spec = (begin: unknown[], find: unknown[], flags: string[] = ['RW']): unknown[] => ['flags', flags, 'begin_search', begin, 'find_keys', find];
  const index = (at: number): unknown[] => ['type', 'index', 'spec', ['index', at]];
  const range = (last: number): unknown[] => ['type', 'range', 'spec', ['lastkey', last, 'keystep', 1, 'limit', 0]];

  test('is read from COMMAND, with commands of modules and specs of forms that nobody knows yet', () => {
    const entry = ['MOD.SET', -3, ['write', 'module'], 1, 1, 1, [], [], [spec(index(1), range(0)), spec(['type', 'future', 'spec', []], range(0))], []];
    const table = new CommandTable(rowsFromReply([entry]));
    const command = table.named('mod.set');
    expect(command).toMatchObject({ arity: -3, writes: true, keysIncomplete: true, redisSince: undefined });
    expect(command?.keySpecs).toHaveLength(1);
  });

  test('keeps the versions of the built-in one, and what the source does not show', () => {
    const table = tableForSource(
      rowsFromReply([
        ['hsetex', -6, ['write'], 1, 1, 1, [], [], [spec(index(2), range(0))], []],
        ['mod.set', -3, ['write'], 0, 0, 0],
      ]),
    );
    expect(table.named('hsetex')).toMatchObject({ group: 'hash', redisSince: packVersion(8, 0, 0), keySpecs: [{ begin: { kind: 'index', index: 2 } }] });
    expect(table.named('mod.set')).toMatchObject({ redisSince: undefined });
    expect(table.named('get')).toBe(table.commands.find(({ name }) => name === 'get'));
  });

  test('is read from the short reply before Redis 7.0', () => {
    const table = new CommandTable(
      rowsFromReply([
        ['mset', -3, ['write'], 1, -1, 2, []],
        ['eval', -3, ['movablekeys'], 0, 0, 0, []],
      ]),
    );
    expect(table.named('mset')?.keySpecs).toEqual([
      { begin: { kind: 'index', index: 1 }, find: { kind: 'range', lastKey: -1, step: 2, limit: 0 }, isChannel: false },
    ]);
    expect(table.named('eval')).toMatchObject({ keySpecs: [], keysIncomplete: true });
  });

  /** Recorded from a module whose ASKS and ASKSMORE have getkeys-api: their keys are every second argument from the second on, which no reply says. */
  test.each(['redis-6.0', 'redis-7.0', 'valkey-9.1'])('knows of the commands of a module whose keys nobody can tell, on %s', (server) => {
    const recorded = JSON.parse(readFileSync(new URL('../../fixtures/command/module-commands.json', import.meta.url), 'utf8')) as Record<string, unknown[]>;
    const table = tableForSource(rowsFromReply(recorded[server]));
    const known = ['mod.plain', 'mod.all', 'mod.nokeys', 'mod.asks', 'mod.asksmore', 'sort', 'migrate', 'georadius'].map((name) =>
      keysAreKnown(table.named(name)!),
    );
    expect(known).toEqual([true, true, true, false, false, true, true, true]);
    const { args, bytes } = readCommand(['mod.all', 'a', 'b', 'c', 'd']);
    expect(keyIndexes(table.find(bytes, 0, bytes.length)!, args)).toEqual([1, 3]);
  });

  test('refuses to believe steps and counts that lead nowhere', () => {
    const odd = spec(index(1), ['type', 'range', 'spec', ['lastkey', 0, 'keystep', 0, 'limit', 0]]);
    const rows = rowsFromReply([
      ['zero', -2, ['write'], 1, 1, 0, []],
      ['odd', -2, ['write'], 1, 1, 1, [], [], [odd], []],
      ['none', -2, ['write'], 1, 1, 1, [], [], [spec(['type', 'index', 'spec', []], range(0))], []],
      ['future', -2, ['write'], 1, 1, 1, [], [], [spec(index(1), range(0), ['RW', 'incomplete'])], []],
    ]);
    const table = tableForSource(rows);
    for (const name of ['zero', 'odd', 'none', 'future']) expect([name, keysAreKnown(table.named(name)!)]).toEqual([name, false]);
  });

  test('takes groups and versions from COMMAND DOCS, of subcommands too', () => {
    const docs = docsFromReply(['xgroup', ['since', '5.0.0', 'group', 'stream', 'subcommands', ['xgroup|create', ['since', '5.1.0', 'group', 'stream']]]]);
    expect(docs.get('xgroup|create')).toEqual({ group: 'stream', since: '5.1.0' });
  });
});
