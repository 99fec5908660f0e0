/** Removes the keys of some slots from one node, but for those of Godwit itself: what FLUSHALL means where others write to the node too. It can be repeated. */
import { slotOf } from '../model/slot.ts';
import type { OpenConnection } from '../net/connection-options.ts';
import { ReplyError } from '../resp/reply.ts';

const COUNT = 1_000;

/** Leaves database 0 selected. @param has of which slots. @returns how many. @throws ReplyError */
export async function flushSlots(connection: OpenConnection, has: (slot: number) => boolean, ownPrefix: string, database = 0): Promise<number> {
  let cursor = '0';
  let count = 0;
  const own = Buffer.from(ownPrefix);
  if (database !== 0) await connection.call('SELECT', database);
  do {
    const reply = await connection.call('SCAN', cursor, 'COUNT', COUNT);
    const [next, keys] = Array.isArray(reply) ? reply : ['0', []];
    cursor = String(next);
    const all = Array.isArray(keys) ? keys.filter((key) => Buffer.isBuffer(key)) : [];
    const gone = all.filter((key) => has(slotOf(key)) && !key.subarray(0, own.length).equals(own));
    for (const removed of await connection.callAll(gone.map((key) => ['UNLINK', key]))) if (removed instanceof ReplyError) throw removed;
    count += gone.length;
  } while (cursor !== '0');
  if (database !== 0) await connection.call('SELECT', 0);
  return count;
}
