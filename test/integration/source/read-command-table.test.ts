import { afterEach, expect, test } from 'vitest';
import { builtInCommands } from '../../../src/command/built-in-commands.ts';
import { keyIndexes, keysAreKnown } from '../../../src/command/key-indexes.ts';
import { Connection } from '../../../src/net/connection.ts';
import { readCommandTable } from '../../../src/source/read-command-table.ts';
import { readCommand } from '../../support/commands/resp-command.ts';
import { DISCOVERY } from '../../support/discovery.ts';
import { type RealServer, startServer } from '../../support/server.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function connectionTo(server: RealServer, user: { username?: string; password?: string } = {}): Promise<Connection> {
  const connection = new Connection({ ...DISCOVERY, endpoint: { host: server.host, port: server.port, ...user } });
  closing.push(() => connection.close());
  await connection.connect();
  return connection;
}

test.each(['redis-6.0', 'redis-7.0', 'redis-8.0', 'valkey-8.1', 'valkey-9.1'] as const)(
  '%s tells its commands, and those that it lacks are as in ours',
  async (name) => {
    const server = await startServer({ server: name });
    closing.push(() => server.stop());
    const table = await readCommandTable(await connectionTo(server));
    expect(table).not.toBe(builtInCommands);
    expect(builtInCommands.commands.filter((command) => !table.named(command.name))).toEqual([]);
    expect(table.commands.filter((command) => command.writes && !keysAreKnown(command))).toEqual([]);
    for (const line of [
      'set k v',
      'mset a 1 b 2',
      'georadius k 1 2 3 km store d',
      'sort k store d',
      'eval s 2 a b c',
      'xgroup create k g 0',
      'hsetex k fields 1 f v',
    ]) {
      const { bytes, args, command } = readCommand(line.split(' '));
      expect([line, keyIndexes(table.find(bytes, 0, bytes.length)!, args)]).toEqual([line, keyIndexes(command!, args)]);
    }
  },
);

test('commands of a module that the server has loaded are known: the vector sets of Redis 8', async () => {
  const server = await startServer({ server: 'redis-8.0' });
  closing.push(() => server.stop());
  const table = await readCommandTable(await connectionTo(server));
  const { bytes, args } = readCommand(['VADD', 'key', 'VALUES', '1', '1', 'element']);
  expect(keyIndexes(table.find(bytes, 0, bytes.length)!, args)).toEqual([1]);
});

test('where COMMAND is refused ours is taken', async () => {
  const server = await startServer();
  closing.push(() => server.stop());
  await server.client().call('ACL', 'SETUSER', 'narrow', 'on', '>secret', '+ping', '+info');
  expect(await readCommandTable(await connectionTo(server, { username: 'narrow', password: 'secret' }))).toBe(builtInCommands);
});
