/**
 * The first words on a connection, in one round trip (a second one only for servers without ROLE):
 *
 *   [AUTH [user] password]  CLIENT SETNAME  INFO server  CONFIG GET timeout | proto-max-bulk-len | client-query-buffer-limit  ROLE  [SELECT n]  PING
 *
 * Managed services may refuse CLIENT, INFO, CONFIG and ROLE: then what they would tell is unknown. AUTH and SELECT must succeed. PING stands last
 * since a server that loads, or a replica whose primary is away, refuses it and little else.
 */
import { GodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import { parseServerVersion } from '../model/server-version.ts';
import type { CommandArgument } from '../resp/encode.ts';
import { type Reply, ReplyError } from '../resp/reply.ts';
import { type NodeName, nodeText, replyFailure, wrongPasswordFix } from './reply-errors.ts';
import type { ServerFacts } from './server-facts.ts';

export interface HandshakeOptions {
  readonly endpoint: Endpoint;
  /** For messages, `target data`. */
  readonly role: string;
  readonly clientName: string;
  readonly database?: number;
  /** Sends the commands in one write; one promise per reply, in order. `-` replies are values (ReplyError); a lost connection rejects. */
  exchange(commands: readonly (readonly CommandArgument[])[]): Promise<Reply>[];
}

/** Replies for which a connection is of no use yet. Others, such as the MISCONF that PING gets after a failed BGSAVE, do not matter here. */
const NOT_SERVING = new Set(['LOADING', 'MASTERDOWN', 'BUSY']);

type Steps = Partial<Record<'auth' | 'select' | 'setName' | 'info' | 'timeout' | 'bulk' | 'buffer' | 'role' | 'ping', readonly CommandArgument[]>>;

/** Throws AUTH_FAILED, AUTH_REQUIRED, PERMISSION_DENIED, CONNECT_FAILED (server full, protected mode), *_NOT_READY, CONNECTION_LOST. */
export async function handshake(options: HandshakeOptions): Promise<ServerFacts> {
  const node = { role: options.role, address: endpointName(options.endpoint) };
  const replies = await run(options, steps(options), node);
  let role = roleOf(replies.role);
  if (role === undefined) {
    const fallback = await run(options, { info: ['INFO', 'replication'] }, node);
    role = roleOfInfo(infoText(fallback.info));
  }
  const info = infoText(replies.info);
  const timeoutMs = timeoutOf(replies.timeout);
  return {
    version: parseServerVersion(info),
    ...role,
    mode: modeOf(info, role.role),
    runId: /^run_id:(\w+)/m.exec(info)?.[1] ?? '',
    timeoutMs,
    protoMaxBulkLen: configNumber(replies.bulk),
    queryBufferLimit: configNumber(replies.buffer),
    configForbidden: timeoutMs < 0,
  };
}

/** The reply of CONFIG GET timeout in milliseconds; 0 = none, -1 = unknown. */
export function timeoutOf(reply: Reply | undefined): number {
  const seconds = configNumber(reply);
  return seconds < 0 ? -1 : seconds * 1000;
}

/** The value of a CONFIG GET reply with one pair, as a number; -1 where it is refused, hidden or empty. */
function configNumber(reply: Reply | undefined): number {
  if (!Array.isArray(reply) || reply.length < 2) return -1;
  const n = Number(String(reply[1]));
  return Number.isFinite(n) && n >= 0 ? n : -1;
}

function steps(options: HandshakeOptions): Steps {
  const { endpoint, database } = options;
  const auth = endpoint.password === undefined ? undefined : endpoint.username ? ['AUTH', endpoint.username, endpoint.password] : ['AUTH', endpoint.password];
  return {
    ...(auth === undefined ? {} : { auth }),
    setName: ['CLIENT', 'SETNAME', options.clientName.replace(/[^!-~]/g, '-')],
    info: ['INFO', 'server'],
    timeout: ['CONFIG', 'GET', 'timeout'],
    bulk: ['CONFIG', 'GET', 'proto-max-bulk-len'],
    buffer: ['CONFIG', 'GET', 'client-query-buffer-limit'],
    role: ['ROLE'],
    ...(database === undefined ? {} : { select: ['SELECT', database] }),
    ping: ['PING'],
  };
}

/** Looks at each reply when it comes: a server that refuses the connection answers once and closes. */
async function run(options: HandshakeOptions, commands: Steps, node: NodeName): Promise<Partial<Record<keyof Steps, Reply>>> {
  const names = Object.keys(commands) as (keyof Steps)[];
  const replies = options.exchange(names.map((name) => commands[name] as readonly CommandArgument[]));
  for (const reply of replies) reply.catch(() => {});
  const found: Partial<Record<keyof Steps, Reply>> = {};
  for (const [i, name] of names.entries()) {
    const reply = await replies[i];
    if (reply instanceof ReplyError) {
      reply.command = String(commands[name]?.[0]);
      throwIfFatal(name, reply, node);
    }
    found[name] = reply;
  }
  return found;
}

function throwIfFatal(step: keyof Steps, error: ReplyError, node: NodeName): void {
  const where = nodeText(node);
  const details = { address: node.address, role: node.role, reply: error.text };
  if (error.code === 'DENIED') {
    throw new GodwitError('CONNECT_FAILED', `${where} is in protected mode: without a password it takes connections from its own machine only`, {
      retryable: false,
      fix: 'Set a password at the server (requirepass) and give it to Godwit, or run Godwit on that machine, or set protected-mode no there.',
      details,
      cause: error,
    });
  }
  if (/max number of clients/i.test(error.text))
    throw new GodwitError('CONNECT_FAILED', `${where} takes no more connections: ${error.text}`, {
      fix: 'Raise maxclients at the server, or close idle clients.',
      details,
      cause: error,
    });
  if (error.code === 'NOAUTH' || error.code === 'WRONGPASS' || NOT_SERVING.has(error.code)) throw replyFailure(error, node);
  if (step === 'auth') throw authFailure(error, where, details);
  if (step === 'select') throw replyFailure(error, node);
}

function authFailure(error: ReplyError, where: string, details: Record<string, string>): GodwitError {
  if (/no password is set|without any password configured/i.test(error.text)) {
    return new GodwitError('AUTH_FAILED', `${where} has no password set, but one was given`, {
      fix: 'Leave the password out, or set it at the server.',
      details,
      cause: error,
    });
  }
  if (/wrong number of arguments/i.test(error.text)) {
    return new GodwitError('AUTH_FAILED', `${where} is too old to know users, but a user name was given`, {
      fix: 'Give the password alone.',
      details,
      cause: error,
    });
  }
  return new GodwitError('AUTH_FAILED', `${where} refused the user name or password: ${error.text}`, {
    fix: wrongPasswordFix(where.startsWith('source') ? 'source' : 'target'),
    details,
    cause: error,
  });
}

type RoleFacts = Pick<ServerFacts, 'role' | 'primaryAddress'>;

function roleOf(reply: Reply | undefined): RoleFacts | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [name, host, port] = reply.map(String);
  if (name === 'master') return { role: 'primary', primaryAddress: undefined };
  if (name === 'slave') return { role: 'replica', primaryAddress: endpointName({ host, port: Number(port) }) };
  return { role: name === 'sentinel' ? 'sentinel' : 'unknown', primaryAddress: undefined };
}

function roleOfInfo(info: string): RoleFacts {
  const role = /^role:(\w+)/m.exec(info)?.[1];
  if (role === 'master') return { role: 'primary', primaryAddress: undefined };
  if (role !== 'slave') return { role: 'unknown', primaryAddress: undefined };
  const host = /^master_host:(\S+)/m.exec(info)?.[1] ?? '';
  return { role: 'replica', primaryAddress: endpointName({ host, port: Number(/^master_port:(\d+)/m.exec(info)?.[1] ?? 0) }) };
}

function modeOf(info: string, role: ServerFacts['role']): ServerFacts['mode'] {
  const mode = /^(?:redis|server)_mode:(\w+)/m.exec(info)?.[1];
  if (mode === 'standalone' || mode === 'cluster' || mode === 'sentinel') return mode;
  return role === 'sentinel' ? 'sentinel' : 'unknown';
}

function infoText(reply: Reply | undefined): string {
  return Buffer.isBuffer(reply) ? reply.toString() : '';
}
