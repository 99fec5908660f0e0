/** Vector sets: members with their vectors and attributes. How they are linked is built by chance where they come by VADD, and is not compared. */
import type { Redis } from 'ioredis';
import { type BufferReply, bytes, callForBytes, show, text } from './comparable.ts';

/** @returns what differs first, or null. */
export async function vectorSetDifference(left: Redis, right: Redis, key: string): Promise<string | null> {
  const [leftText, rightText] = await Promise.all([contentOf(left, key), contentOf(right, key)]);
  return leftText === rightText ? null : `${show(leftText)} | ${show(rightText)}`;
}

async function contentOf(client: Redis, key: string): Promise<string> {
  const name = bytes(key);
  const dimensions = await callForBytes(client, 'VDIM', name);
  const count = Number(await callForBytes(client, 'VCARD', name));
  const members = ((await callForBytes(client, 'VRANDMEMBER', name, count)) as BufferReply[]).map(text).toSorted();
  const of = (command: string, member: string): Promise<BufferReply> => callForBytes(client, command, name, bytes(member));
  const rows = await Promise.all(members.map(async (member) => [member, flat(await of('VEMB', member)), flat(await of('VGETATTR', member))]));
  return JSON.stringify([Number(dimensions), count, rows]);
}

function flat(reply: BufferReply): string {
  return Array.isArray(reply) ? reply.map(flat).join(' ') : text(reply);
}
