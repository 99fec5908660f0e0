/** The generated table, its key specs and slots against the real servers. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askServer, mergeTold } from '../../../scripts/generate-commands.ts';
import { availableOn } from '../../../src/command/available-on.ts';
import { builtInCommands, tableForSource } from '../../../src/command/built-in-commands.ts';
import type { CommandTable } from '../../../src/command/command-table.ts';
import { keyIndexes, keysAreKnown } from '../../../src/command/key-indexes.ts';
import { parseServerVersion } from '../../../src/model/server-version.ts';
import { slotOf } from '../../../src/model/slot.ts';
import { argumentsOf, calledName } from '../../support/commands/command-sample.ts';
import { INDIRECT_SAMPLES, NOT_CALLED, WRITE_SAMPLES } from '../../support/commands/command-samples.ts';
import { readCommand } from '../../support/commands/resp-command.ts';
import { Seeded } from '../../support/rdb/seeded.ts';
import { type RealServer, startServer } from '../../support/server.ts';

/** Calls that have no sample, since they are made for their keys alone. */
const MORE_CALLS = [
  'migrate host 1 k 0 5',
  "migrate host 1 '' 0 5 copy auth password keys k l",
  "migrate host 1 '' 0 5 keys k",
  'xread count 1 streams k l 0 0',
  'xreadgroup group streams c block 1 streams k l > >',
  'sort k by store get store limit 0 1 store l store d',
  'eval script 0 k',
  'zunionstore d 2 k l weights 1 2',
  'memory usage k',
  'object encoding k',
  'touch k l',
];

const CALLS_PER_COMMAND = 6;
/** What options and counts are made of; every other word is one that occurs once, so that keys are told apart by their text. */
const SPICE = [
  'STORE',
  'STOREDIST',
  'KEYS',
  'STREAMS',
  'GROUP',
  'COUNT',
  'BLOCK',
  'GET',
  'BY',
  'LIMIT',
  'AUTH',
  'AUTH2',
  'WEIGHTS',
  'LEFT',
  '1',
  '2',
  '3',
  '0',
  '',
];

/** Redis 6.0 does not know the key of PFDEBUG. */
const NOT_MADE_UP = new Set(['pfdebug']);

/**
 * Those whose options are read one by one: `#` is a word of its own, and of the parts in brackets each comes or not.
 * Not both STORE and STOREDIST: the key specs of 7.0 name both keys then, of which the last is written.
 */
const TEMPLATES = [
  'sort # [BY #] [LIMIT 0 STORE] [GET STORE] [STORE #] [ASC] [STORE #]',
  'georadius # 1 2 3 km [ASC] [STORE #] [COUNT 3]',
  'georadiusbymember # member 3 km [COUNT 3] [STOREDIST #] [ASC]',
  "migrate host 1 '' 0 5 [COPY] [REPLACE] KEYS # # #",
  'migrate host 1 # 0 5 [COPY] [REPLACE]',
  'xread [COUNT 3] [BLOCK 1] STREAMS # # # 0 0 0',
  'xreadgroup GROUP KEYS COUNT [COUNT 3] [BLOCK 1] [NOACK] STREAMS # # > >',
];
const BY_TEMPLATE = new Set([...TEMPLATES.map((template) => template.split(' ', 1)[0]), 'sort_ro']);

function fromTemplates(random: Seeded, perTemplate: number): string[][] {
  return TEMPLATES.flatMap((template) =>
    Array.from({ length: perTemplate }, () => {
      const chosen = template.replace(/\[([^\]]+)\] ?/g, (_whole, part: string) => (random.below(2) === 0 ? `${part} ` : '')).trim();
      return chosen.split(' ').map((word, i) => (word === '#' ? `w${i}` : word === "''" ? '' : word));
    }),
  );
}

/** Calls of every command that has keys, as long as it must be or a little longer, with option words wherever chance puts them. */
function madeUpCalls(table: CommandTable, seed: number, perCommand: number): string[][] {
  const random = new Seeded(seed);
  const calls: string[][] = fromTemplates(random, 10);
  for (const command of table.commands) {
    if (command.isContainer || BY_TEMPLATE.has(command.name) || NOT_MADE_UP.has(command.name) || (command.keySpecs.length === 0 && !command.writes)) continue;
    for (let n = 0; n < perCommand; n++) {
      const words = command.name.split('|');
      const length = Math.abs(command.arity) + (command.arity < 0 ? random.below(6) : 0);
      while (words.length < length) words.push(random.below(3) === 0 ? SPICE[random.below(SPICE.length)] : `w${words.length}`);
      calls.push(words);
    }
  }
  return calls;
}

describe.each(['redis-6.0', 'redis-7.0', 'redis-8.0', 'valkey-8.1', 'valkey-9.1'] as const)('%s', (name) => {
  let server: RealServer;
  let client: Redis;
  let told: Awaited<ReturnType<typeof askServer>>;

  beforeAll(async () => {
    server = await startServer({ server: name, args: { 'cluster-enabled': 'yes' } });
    client = server.client();
    told = await askServer(server);
  });

  afterAll(() => server.stop());

  const isContainer = (command: string): boolean => builtInCommands.named(command)?.isContainer ?? false;

  test('every command that it has is in the table and available on its version, and the others of its product are newer', async () => {
    const version = parseServerVersion(await client.info('server'))!;
    const own = mergeTold([told]).map(([command]) => command);
    expect(own.filter((command) => !builtInCommands.named(command))).toEqual([]);
    expect(own.filter((command) => !availableOn(builtInCommands.named(command)!, version))).toEqual([]);
    const claimed = builtInCommands.commands.filter((command) => availableOn(command, version) && !command.name.includes('|')).map((command) => command.name);
    // Redis 6.0 has QUIT, but not in its table.
    expect(claimed.filter((command) => !own.includes(command) && command !== 'quit')).toEqual([]);
  });

  test('every command that writes has a sample', () => {
    const writing = mergeTold([told]).filter(([command, , flags]) => flags.includes('w') && !isContainer(command));
    const called = new Set([...WRITE_SAMPLES, ...INDIRECT_SAMPLES].map((one) => calledName(one, isContainer)));
    expect(writing.length).toBeGreaterThan(80);
    expect(writing.map(([command]) => command).filter((command) => !called.has(command) && !(command in NOT_CALLED))).toEqual([]);
  });

  test('it finds the same keys in every call that it knows', async () => {
    let compared = 0;
    for (const line of [...WRITE_SAMPLES, ...INDIRECT_SAMPLES].map(({ call }) => call).concat(MORE_CALLS)) {
      const words = await argumentsOf(client, line.replaceAll(/@dump:\S+|@functions/g, 'payload'));
      const { args, command } = readCommand(words);
      const theirs = await client.call('COMMAND', 'GETKEYS', ...words).catch((error: Error) => error.message);
      const ours = keyIndexes(command!, args).map((index) => words[index].toString());
      if (typeof theirs === 'string') {
        // Unknown here, or without keys, for which the versions have different words.
        if (/no key arguments/i.test(theirs)) expect([line, ours]).toEqual([line, []]);
        continue;
      }
      // Redis 6.0 names the target of ZUNIONSTORE last.
      expect([line, ours.toSorted()]).toEqual([line, (theirs as string[]).toSorted()]);
      compared++;
    }
    expect(compared).toBeGreaterThan(120);
  });

  test('its own table, read at the start, finds what the built-in one finds', async () => {
    const own = tableForSource(told.rows);
    for (const { call } of WRITE_SAMPLES) {
      const { bytes, args, command } = readCommand(call.split(' '));
      const found = own.find(bytes, 0, bytes.length);
      expect(found?.name).toBe(command?.name);
      expect([call, keyIndexes(found!, args)]).toEqual([call, keyIndexes(command!, args)]);
    }
  });

  test('it finds the same keys in calls that are made up, by the built-in table and by its own', async () => {
    const own = tableForSource(told.rows);
    const calls = madeUpCalls(own, 17, CALLS_PER_COMMAND);
    const pipeline = client.pipeline();
    for (const words of calls) pipeline.call('COMMAND', 'GETKEYS', ...words);
    const replies = (await pipeline.exec())!;
    let [compared, without] = [0, 0];
    for (const [i, words] of calls.entries()) {
      const [error, theirs] = replies[i];
      if (error && !/no key arguments/i.test(error.message)) continue;
      const { bytes, args } = readCommand(words);
      for (const table of [own, builtInCommands]) {
        const found = table.find(bytes, 0, bytes.length)!;
        expect(keysAreKnown(found)).toBe(true);
        const ours = keyIndexes(found, args).map((index) => words[index]);
        expect([words.join(' '), ours.toSorted()]).toEqual([words.join(' '), error ? [] : (theirs as string[]).toSorted()]);
      }
      if (error) without++;
      else compared++;
    }
    expect(compared).toBeGreaterThan(400);
    expect(without).toBeGreaterThan(10);
  });

  test('it counts the same slots', async () => {
    const random = Array.from({ length: 200 }, (_, i) => Buffer.from(Array.from({ length: i % 23 }, (_unused, at) => (i * 37 + at * 101) % 256)));
    const tagged = ['foo{}{bar}', '{user}a', 'a{b}{c}', 'a{{b}}', '{}', '}{', 'a{b', '{a}', ''].map((key) => Buffer.from(key));
    for (const key of [...random, ...tagged])
      expect([key.toString('latin1'), slotOf(key)]).toEqual([key.toString('latin1'), await client.call('CLUSTER', 'KEYSLOT', key)]);
  });
});
