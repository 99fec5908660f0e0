/** The link to the source against a scripted one. Sockets are real, so that back-pressure is. */
import type { Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../../src/observe/log.ts';
import { Deferred } from '../../../src/async/deferred.ts';
import { SnapshotTurns } from '../../../src/source/replica/snapshot-turns.ts';
import { ReplicaLink, type ReplicaLinkOwner } from '../../../src/source/replica/replica-link.ts';
import { SpoolBudget } from '../../../src/source/replica/spool/disk-space.ts';
import { SpoolLog } from '../../../src/source/replica/spool/spool-log.ts';
import { waitFor } from '../../support/wait-for.ts';
import { ScriptedServer } from '../net/scripted-server.ts';
import { temporaryFolder } from '../spool/spool-fixture.ts';

const MIB = 1024 * 1024;
const SNAPSHOT_BYTES = 32 * MIB;
/** What the kernel may hold of a loopback connection, and more. */
const TAKEN_BYTES_MAX = 16 * MIB;
const REPLICATION_ID = 'a'.repeat(40);
const PIECE = Buffer.alloc(MIB / 4);
const STILL_MS = 600;

test('reads no more than a little ahead while the spool for a snapshot is being made', async () => {
  const source = await new ScriptedServer().listen();
  onTestFinished(() => source.close());
  const link = new Deferred<Socket>();
  source.reply = (command, socket) => {
    if (!command.startsWith('PSYNC')) return undefined;
    link.resolve(socket);
    return `+FULLRESYNC ${REPLICATION_ID} 0\r\n$${SNAPSHOT_BYTES}\r\n`;
  };
  const asked = new Deferred<void>();
  const spool = new Deferred<SpoolLog>();
  const received = new Deferred<number>();
  const log = await newSpool();
  run(source.port, {
    onFullResync: () => (asked.resolve(), spool.promise),
    onSnapshotEnd: (bytes) => (received.resolve(bytes), Promise.resolve(log)),
  });

  const socket = await link.promise;
  await asked.promise;
  let takenBytes = 0;
  const sending = (async () => {
    for (; takenBytes < SNAPSHOT_BYTES; takenBytes += PIECE.length) await new Promise((resolve) => socket.write(PIECE, resolve));
  })();
  await waitForStill(() => takenBytes);
  expect(takenBytes).toBeLessThan(TAKEN_BYTES_MAX);

  spool.resolve(log);
  await sending;
  expect(await received.promise).toBe(SNAPSHOT_BYTES);
  expect(log.endOffset).toBe(SNAPSHOT_BYTES);
});

test('asks for another snapshot only when its owner is done with the one before, of a link that was lost', async () => {
  const source = await new ScriptedServer().listen();
  onTestFinished(() => source.close());
  source.reply = (command, socket) => {
    if (!command.startsWith('PSYNC')) return undefined;
    sockets.push(socket);
    return `+FULLRESYNC ${REPLICATION_ID} 0\r\n$${PIECE.length}\r\n`;
  };
  const sockets: Socket[] = [];
  const spools = [new Deferred<SpoolLog>(), new Deferred<SpoolLog>()];
  const received = new Deferred<number>();
  const logs = [await newSpool(), await newSpool()];
  let asked = 0;
  run(source.port, {
    onFullResync: () => spools[asked++].promise,
    onSnapshotEnd: (bytes) => (received.resolve(bytes), Promise.resolve(logs[1])),
  });

  await waitFor('the first question', () => asked === 1);
  sockets[0].destroy();
  await waitForStill(() => asked + sockets.length);
  expect(sockets.length).toBe(1);

  spools[0].resolve(logs[0]);
  await waitFor('the second question', () => asked === 2);
  spools[1].resolve(logs[1]);
  sockets[1].write(PIECE);
  expect(await received.promise).toBe(PIECE.length);
  expect([logs[0].endOffset, logs[1].endOffset]).toEqual([0, PIECE.length]);
});

function run(port: number, owner: Pick<ReplicaLinkOwner, 'onFullResync' | 'onSnapshotEnd'>): void {
  const link = new ReplicaLink({
    locate: async () => ({ host: '127.0.0.1', port }),
    psyncName: () => 'PSYNC',
    turns: new SnapshotTurns(1),
    reconnect: { delayMinMs: 10, delayMaxMs: 100, attemptsMax: 0, connectTimeoutMs: 1_000 },
    owner: {
      position: () => undefined,
      onContinue: () => Promise.reject(new Error('not asked for')),
      appliedOffset: () => 0,
      onSnapshotSize: () => {},
      ...owner,
    },
    log: silentLogger,
    serverVersion: () => '',
    timeoutMs: () => 60_000,
  });
  const ended = link.run();
  onTestFinished(async () => {
    link.stop();
    await ended;
  });
}

async function newSpool(): Promise<SpoolLog> {
  const dir = await temporaryFolder();
  const budget = new SpoolBudget({ dir, maxBytes: 0, log: silentLogger });
  const log = await SpoolLog.create({ dir, name: 'rdb', mode: 'always', startOffset: 0, budget, log: silentLogger });
  onTestFinished(() => log.remove());
  return log;
}

/** Awaits that a number has stopped changing. */
async function waitForStill(value: () => number): Promise<void> {
  let last = -1;
  await waitFor('the source to be held up', () => last === (last = value()), { intervalMs: STILL_MS });
}
