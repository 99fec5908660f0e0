/**
 * Finds out at the start what the users of both sides may not do, instead of in the middle of a sync. ACL DRYRUN is rarely granted and unknown before 7.0, so
 * each command is tried in a form that changes nothing on any version; only the refusal counts, all other replies will do.
 *
 *   source   PING INFO REPLCONF PSYNC in one write: PSYNC with replies pending is refused, whatever it asks for, after the user's rights were looked at
 *            (should a server ever begin a sync all the same, what it sends is a PROTOCOL_ERROR, and this connection is made anew)
 *   target   reading commands as they are; EXEC and DISCARD without MULTI, FLUSHALL with a word that it does not know; the writing ones in MULTI .. DISCARD
 */
import type { Endpoint } from '../model/endpoint.ts';
import { endpointName } from '../model/endpoint.ts';
import { GodwitError } from '../errors/errors.ts';
import type { Connection } from '../net/connection.ts';
import { type CommandArgument } from '../resp/encode.ts';
import { type Reply, ReplyError } from '../resp/reply.ts';

type Command = readonly CommandArgument[];

/** A command that was refused, and why. */
interface Refused {
  /** `+psync`, or the pattern `~__godwit*` of keys that are missing. */
  readonly grant: string;
  readonly reply: string;
  readonly isUnknown: boolean;
}

export interface TargetRights {
  /** Of the mark; the keys that are tried begin with it. */
  readonly markKey: string;
  /** Begins the names of all keys of Godwit. */
  readonly prefix: string;
  /** FLUSHALL is needed. */
  readonly flush: boolean;
}

/** @param psync what the server calls it. @throws PERMISSION_DENIED with all that is missing; PSYNC_REFUSED where the server hides a command */
export async function checkSourceRights(source: Connection, endpoint: Endpoint, psync = 'PSYNC'): Promise<void> {
  const refused = await tryAll(source, [['PING'], ['INFO', 'replication'], ['REPLCONF', 'capa', 'eof'], [psync, '?', 'none']], '');
  if (refused.length > 0) throw missingRights('source', endpoint, refused);
}

/**
 * @returns which commands that the data may bring are not granted: no harm until the source sends one.
 * @throws PERMISSION_DENIED with all that is missing of what every sync needs; TARGET_REFUSED where the server hides one
 */
export async function checkTargetRights(target: Connection, endpoint: Endpoint, { markKey, prefix, flush }: TargetRights): Promise<string[]> {
  const key = `${markKey}:rights`;
  const reading: Command[] = [['PING'], ['INFO', 'keyspace'], ['SELECT', 0], ['HGET', key, 'epoch'], ['HGETALL', key], ['WATCH', key], ['UNWATCH']];
  const harmless: Command[] = [...(flush ? [['FLUSHALL', 'nothing']] : []), ['EXEC'], ['MULTI'], ['DISCARD']];
  const refused = await tryAll(target, [...reading, ...harmless], prefix);
  if (refused.some(({ grant }) => grant === '+multi' || grant === '+discard')) throw missingRights('target', endpoint, refused);
  refused.push(...(await tryQueued(target, writing(key), prefix)));
  if (refused.length > 0) throw missingRights('target', endpoint, refused);
  const possible = await tryQueued(target, ofTheData(key, markKey), prefix);
  return possible.filter(({ isUnknown }) => !isUnknown).map(({ grant }) => grant.slice(1));
}

/** What every sync writes. Were it carried out, it would fail or do nothing. */
function writing(key: string): Command[] {
  return [
    ['HMSET', key, 'one', 'two', 'three'],
    ['RESTORE', key, 0, ''],
    ['SET', key, '', 'nothing'],
    ['DEL', key],
  ];
}

/** One of each kind of what a source may send. */
function ofTheData(key: string, channel: string): Command[] {
  return [
    ['PEXPIREAT', key, 1],
    ['INCRBY', key, 1],
    ['RPUSH', key, 'a'],
    ['SADD', key, 'a'],
    ['ZADD', key, 1, 'a'],
    ['HSET', key, 'a', 'b'],
    ['XADD', key, '*', 'a', 'b'],
    ['PFADD', key, 'a'],
    ['FLUSHALL', 'nothing'],
    ['PUBLISH', channel, 'a'],
    ['FUNCTION', 'RESTORE', 'nothing'],
  ];
}

async function tryQueued(connection: Connection, commands: readonly Command[], prefix: string): Promise<Refused[]> {
  return tryAll(connection, [['MULTI'], ...commands, ['DISCARD']], prefix);
}

/** One write, so that nothing gets between. */
async function tryAll(connection: Connection, commands: readonly Command[], prefix: string): Promise<Refused[]> {
  const replies = await connection.callAll(commands);
  return replies.map((reply, i) => refusedBy(reply, String(commands[i][0]), prefix)).filter((refused) => refused !== undefined);
}

function refusedBy(reply: Reply, command: string, prefix: string): Refused | undefined {
  if (!(reply instanceof ReplyError)) return undefined;
  const isUnknown = /^ERR unknown command/i.test(reply.text);
  // EXEC wraps the refusal.
  const text = /NOPERM.*$/.exec(reply.text)?.[0];
  if (text === undefined && !isUnknown) return undefined;
  const ofKeys = /\bkeys?\b/.test(text ?? '');
  const ofChannels = /\bchannels?\b/.test(text ?? '');
  return { grant: ofKeys ? `~${prefix}*` : ofChannels ? '&*' : `+${command.toLowerCase()}`, reply: text ?? reply.text, isUnknown };
}

function missingRights(side: 'source' | 'target', endpoint: Endpoint, refused: readonly Refused[]): GodwitError {
  const name = `${side} ${endpointName(endpoint)}`;
  const grants = [...new Set(refused.map(({ grant }) => grant))];
  const commands = grants.map((grant) => (grant.startsWith('+') ? grant.slice(1).toUpperCase() : `keys ${grant}`)).join(', ');
  const { reply } = refused[0];
  const details = { address: endpointName(endpoint), role: side, reply, missing: grants.join(' ') };
  if (refused.some(({ isUnknown }) => isUnknown)) {
    return new GodwitError(side === 'source' ? 'PSYNC_REFUSED' : 'TARGET_REFUSED', `${name} has no ${commands} (${reply})`, {
      details,
      fix:
        side === 'source'
          ? 'Take the rename-command lines out of its configuration, or say its other name: --source-psync-commands host:port@name; a managed service that hides PSYNC needs a scan instead.'
          : 'Look for rename-command at the server; a service that hides these commands cannot be a target.',
    });
  }
  const user = endpoint.username ?? 'default';
  return new GodwitError('PERMISSION_DENIED', `${name}: the user ${user} may not use ${commands} (${reply})`, {
    details,
    fix: `Grant it at the ${side}: ACL SETUSER ${user} ${grants.join(' ')}`,
  });
}
