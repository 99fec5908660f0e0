/** The generated table, its key specs and slots against the real servers. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askServer, mergeTold } from '../../../scripts/generate-commands.ts';
import { availableOn } from '../../../src/command/available-on.ts';
import { builtInCommands, tableForSource } from '../../../src/command/built-in-commands.ts';
import { keyIndexes } from '../../../src/command/key-indexes.ts';
import { parseServerVersion } from '../../../src/model/server-version.ts';
import { slotOf } from '../../../src/model/slot.ts';
import { argumentsOf, calledName } from '../../support/commands/command-sample.ts';
import { INDIRECT_SAMPLES, NOT_CALLED, WRITE_SAMPLES } from '../../support/commands/command-samples.ts';
import { readCommand } from '../../support/commands/resp-command.ts';
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

  test('it counts the same slots', async () => {
    const random = Array.from({ length: 200 }, (_, i) => Buffer.from(Array.from({ length: i % 23 }, (_unused, at) => (i * 37 + at * 101) % 256)));
    const tagged = ['foo{}{bar}', '{user}a', 'a{b}{c}', 'a{{b}}', '{}', '}{', 'a{b', '{a}', ''].map((key) => Buffer.from(key));
    for (const key of [...random, ...tagged])
      expect([key.toString('latin1'), slotOf(key)]).toEqual([key.toString('latin1'), await client.call('CLUSTER', 'KEYSLOT', key)]);
  });
});
