/** What can be compared, and small words that all parts of the comparison share. Keys, members and values are latin1 strings: one character per byte. */
import type { Redis, RedisOptions } from 'ioredis';

/** A server of startServer(), or anything else that opens connections to one. */
export interface Comparable {
  client(options?: RedisOptions): Redis;
}

/** Something of several nodes: a cluster with all its primaries. */
export interface ComparableCluster {
  contentNodes(): Promise<readonly Comparable[]>;
}

/** A server, a cluster, or several servers that have the keys together: each key at one of them. */
export type ComparableSide = Comparable | ComparableCluster | readonly Comparable[];

/** A nested reply with all strings as bytes. */
export type BufferReply = Buffer | number | null | BufferReply[];

export async function callForBytes(client: Redis, command: string, ...args: (string | Buffer | number)[]): Promise<BufferReply> {
  return (await client.callBuffer(command, ...args)) as BufferReply;
}

export function text(reply: BufferReply | undefined): string {
  return Buffer.isBuffer(reply) ? reply.toString('latin1') : String(reply);
}

export function bytes(latin1: string): Buffer {
  return Buffer.from(latin1, 'latin1');
}

/** For people: quoted, and cut when long. */
export function show(value: unknown): string {
  const shown = JSON.stringify(value) ?? 'undefined';
  return shown.length > 120 ? `${shown.slice(0, 120)}... (${shown.length} characters)` : shown;
}

/** The reply of FULL, INFO and LIST commands: name, value, name, value ... */
export function fieldsOf(reply: BufferReply): Map<string, BufferReply> {
  const fields = new Map<string, BufferReply>();
  if (Array.isArray(reply)) for (let i = 0; i + 1 < reply.length; i += 2) fields.set(text(reply[i]), reply[i + 1]);
  return fields;
}
