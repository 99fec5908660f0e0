/** Null for every key and column: what a side answers of a database that it does not have. */
import { KeyReplies, type SlabPool } from './key-replies.ts';

const NULL_REPLY = Buffer.from('$-1\r\n');

export function nullReplies(keys: number, columns: number, pool: SlabPool): KeyReplies {
  const slab = pool.take();
  slab.begin(keys * columns);
  for (let i = 0; i < keys * columns; i++) slab.read(NULL_REPLY, 0, NULL_REPLY.length);
  const replies = new KeyReplies(keys, pool);
  replies.add(slab, 0, null);
  return replies;
}
