/**
 * Which commands of the stream may be applied a second time, in order, over what came after them the first time, and lead to the same end. A batch of such
 * commands alone goes without a transaction (batch-sender.ts). What is not known here may not.
 */
import { type Batch, EntryKind } from '../model/batch.ts';

/** In any form that a source propagates. */
const ALWAYS = new Set(['DEL', 'UNLINK', 'HSET', 'HMSET', 'HDEL', 'SADD', 'SREM', 'ZREM', 'PEXPIREAT', 'PERSIST', 'SETRANGE', 'SETBIT', 'PFADD', 'MSET']);
/** Options after which SET depends on what was there before, or answers with it. */
const SET_CONDITIONS = /\r\n(?:NX|XX|GET|KEEPTTL|IF[A-Z]{2,3})\r\n/i;
const ZADD_CONDITIONS = /\r\n(?:NX|XX|GT|LT|INCR)\r\n/i;
const PLAIN_SET = Buffer.from('*3\r\n$3\r\nSET\r\n');
/** Options stand behind values, which may be of any length; where they may be is not looked for in more. */
const OPTION_BYTES_MAX = 512;

/** True if every row may be repeated and none belongs to a transaction of the source, which stays whole. */
export function isRepeatable(batch: Batch): boolean {
  const { count, kind, endOffset } = batch;
  for (let row = 0; row < count; row++) {
    if (kind[row] !== EntryKind.Command) continue;
    if (row + 1 < count && endOffset[row] === endOffset[row + 1]) return false;
    if (!isRepeatableCommand(batch.bytes as Buffer, batch.start[row], batch.end[row])) return false;
  }
  return true;
}

function isRepeatableCommand(bytes: Buffer, start: number, end: number): boolean {
  if (beginsWith(bytes, start, end, PLAIN_SET)) return true;
  const nameStart = bytes.indexOf('\r\n', bytes.indexOf('$', start)) + 2;
  const nameEnd = bytes.indexOf(0x0d, nameStart);
  if (nameEnd - nameStart > 9) return false;
  const name = bytes.toString('latin1', nameStart, nameEnd).toUpperCase();
  if (ALWAYS.has(name)) return true;
  if (end - start > OPTION_BYTES_MAX) return false;
  if (name === 'SET') return !SET_CONDITIONS.test(bytes.toString('latin1', nameEnd, end));
  return name === 'ZADD' && !ZADD_CONDITIONS.test(bytes.toString('latin1', nameEnd, end));
}

function beginsWith(bytes: Buffer, start: number, end: number, head: Buffer): boolean {
  if (end - start < head.length) return false;
  for (let i = 0; i < head.length; i++) if (bytes[start + i] !== head[i]) return false;
  return true;
}
