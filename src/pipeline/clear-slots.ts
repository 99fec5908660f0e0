/**
 * Removes the keys of some slots from a standalone target: what FLUSHALL is for a source that has the target for itself. The keys are looked for with SCAN and
 * removed in transactions that the epoch of the mark fences, so that an owner that came later is not disturbed. It may be done again at any time.
 */
import type { MarkStore } from '../checkpoint/mark-store.ts';
import type { Connection } from '../net/connection.ts';
import { slotOf } from '../model/slot.ts';
import { type Reply, ReplyError } from '../resp/reply.ts';

const SCAN_COUNT = 1_000;

export interface ClearSlotsOptions {
  readonly connection: Connection;
  readonly store: MarkStore;
  readonly epoch: number;
  /** Keys that begin with it are ours. */
  readonly prefix: string;
  /** undefined = all. */
  readonly database: number | undefined;
  owns(slot: number): boolean;
}

/** Leaves database 0 selected and the mark watched. @returns how many keys were removed. @throws FENCED, CONNECTION_LOST */
export async function clearSlots(options: ClearSlotsOptions): Promise<number> {
  const { connection, store, epoch, database } = options;
  let removed = 0;
  for (const one of database === undefined ? await databasesOf(connection) : [database]) removed += await clearDatabase(options, one);
  await connection.call('SELECT', 0);
  await store.watch(connection, epoch);
  return removed;
}

async function clearDatabase(options: ClearSlotsOptions, database: number): Promise<number> {
  const { connection, owns } = options;
  const prefix = Buffer.from(options.prefix);
  let removed = 0;
  let cursor = '0';
  do {
    await connection.call('SELECT', database);
    const reply = await connection.call('SCAN', cursor, 'COUNT', SCAN_COUNT);
    const [next, keys] = Array.isArray(reply) ? reply : ['0', []];
    const own = (Array.isArray(keys) ? keys : []).filter((key): key is Buffer => key instanceof Buffer && owns(slotOf(key)) && !startsWith(key, prefix));
    if (own.length > 0) removed += await remove(options, database, own);
    cursor = String(next);
  } while (cursor !== '0');
  return removed;
}

/** Until it is carried out: the mark is ours to change, and was changed by ourselves if it was. */
async function remove({ connection, store, epoch }: ClearSlotsOptions, database: number, keys: readonly Buffer[]): Promise<number> {
  for (;;) {
    await store.watch(connection, epoch);
    const replies = await connection.callAll([['SELECT', database], ['MULTI'], ['UNLINK', ...keys], ['EXEC']]);
    for (const reply of replies) if (reply instanceof ReplyError) throw reply;
    const done = replies[replies.length - 1];
    if (Array.isArray(done)) return numberOf(done[0]);
  }
}

async function databasesOf(connection: Connection): Promise<number[]> {
  const info = String(await connection.call('INFO', 'keyspace'));
  return [...info.matchAll(/^db(\d+):/gm)].map((match) => Number(match[1]));
}

function numberOf(reply: Reply): number {
  if (reply instanceof ReplyError) throw reply;
  return Number(reply);
}

function startsWith(key: Buffer, prefix: Buffer): boolean {
  return prefix.length > 0 && key.length >= prefix.length && key.subarray(0, prefix.length).equals(prefix);
}
