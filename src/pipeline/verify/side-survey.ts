/** What is found out of a server before it is asked: the commands that it takes, its databases, its clock. */
import type { ServerVersion } from '../../model/server-version.ts';
import { compareVersions } from '../../model/server-version.ts';
import { type Reply, ReplyError } from '../../resp/reply.ts';
import type { AskedNode } from './asked-node.ts';
import type { DatabaseFacts, SideAbilities } from './asked-side.ts';

const PROBE = '__godwit-verify-probe';
/** Without these nothing can be compared. */
const NEEDED = [
  ['TYPE', PROBE],
  ['PTTL', PROBE],
  ['DUMP', PROBE],
  ['EXISTS', PROBE],
];
const WELCOME = [
  ['PEXPIRETIME', PROBE],
  ['MEMORY', 'USAGE', PROBE],
  ['OBJECT', 'ENCODING', PROBE],
  ['SMISMEMBER', PROBE, 'm'],
  ['HPEXPIRETIME', PROBE, 'FIELDS', '1', 'f'],
];

/** @throws GodwitError PERMISSION_DENIED for a command that is needed */
export async function surveyAbilities(node: AskedNode): Promise<SideAbilities> {
  const replies = await node.call(0, [...NEEDED, ...WELCOME]);
  for (const reply of replies.slice(0, NEEDED.length)) if (isRefused(reply)) throw node.failure(reply as ReplyError);
  const [expireTime, memoryUsage, encoding, manyMembers, fieldExpiry] = replies.slice(NEEDED.length).map((reply) => !isRefused(reply));
  return { expireTime, memoryUsage, encoding, manyMembers, fieldExpiry };
}

/** Of several servers: what all of them take. */
export function sharedAbilities(all: readonly SideAbilities[]): SideAbilities {
  return {
    expireTime: all.every((one) => one.expireTime),
    memoryUsage: all.every((one) => one.memoryUsage),
    encoding: all.every((one) => one.encoding),
    manyMembers: all.every((one) => one.manyMembers),
    fieldExpiry: all.every((one) => one.fieldExpiry),
  };
}

/** The oldest one; undefined if one is not known. */
export function oldestVersion(versions: readonly (ServerVersion | undefined)[]): ServerVersion | undefined {
  return versions.includes(undefined) ? undefined : versions.toSorted(compareVersions)[0];
}

/** Where INFO is refused there is database 0. @throws GodwitError that of the connection */
export async function surveyDatabases(node: AskedNode): Promise<DatabaseFacts[]> {
  const [info, size] = await node.call(0, [['INFO', 'keyspace'], ['DBSIZE']]);
  if (info instanceof ReplyError) return [{ database: 0, keys: typeof size === 'number' ? size : 0, expires: -1 }];
  const found = [...String(info).matchAll(/^db(\d+):keys=(\d+),expires=(\d+)/gm)];
  return found.map(([, database, keys, expires]) => ({ database: Number(database), keys: Number(keys), expires: Number(expires) }));
}

/** By how much the server's clock is ahead of ours, to half a round trip. */
export async function surveyClock(node: AskedNode): Promise<number> {
  const sentMs = Date.now();
  const [time] = await node.call(-1, [['TIME']]);
  if (!Array.isArray(time)) return 0;
  const serverMs = Number(time[0]) * 1000 + Math.floor(Number(time[1]) / 1000);
  return serverMs - (sentMs + Date.now()) / 2;
}

/** An error that tells that the command is not there or not allowed. One that sends elsewhere does not. */
function isRefused(reply: Reply): boolean {
  return reply instanceof ReplyError && !/^(MOVED|ASK|CROSSSLOT|TRYAGAIN|WRONGTYPE) /.test(reply.text);
}
