/**
 * Reads and takes over the mark of a job at a standalone target, and fences older owners. Fencing has two halves: an owner keeps the mark
 * WATCHed between its transactions, so that a transaction after a take-over fails; and the one who takes over kills the old owner's connections,
 * so that nothing which is still in their sockets is carried out.
 */
import { GodwitError } from '../errors/errors.ts';
import type { OpenConnection } from '../net/connection-options.ts';
import { type Reply, ReplyError } from '../resp/reply.ts';
import { type Mark, markFields, parseMark } from './mark.ts';

/** What the names of connections begin with. */
export interface ConnectionNames {
  /** Of all that this job has, of any run. */
  readonly job: string;
  /** Of those of this run, and of those among them that belong to this mark: the others are left alone. Both, or neither. */
  readonly run?: string;
  readonly pipeline?: string;
}

export class MarkStore {
  readonly key: string;
  private readonly names: ConnectionNames;

  constructor(key: string, names: ConnectionNames) {
    this.key = key;
    this.names = names;
  }

  /** The connection must have database 0 selected. @throws MARK_INVALID */
  async read(connection: OpenConnection): Promise<Mark | undefined> {
    return this.parse(await connection.call('HGETALL', this.key));
  }

  /** Arms the fence and reads. @throws FENCED when another owner has a higher epoch */
  async watch(connection: OpenConnection, epoch: number): Promise<Mark | undefined> {
    const [select, watched, reply] = await connection.callAll([
      ['SELECT', 0],
      ['WATCH', this.key],
      ['HGETALL', this.key],
    ]);
    for (const one of [select, watched, reply]) if (one instanceof ReplyError) throw one;
    const mark = this.parse(reply);
    if (mark !== undefined && mark.epoch > epoch) throw this.fenced(mark.epoch);
    return mark;
  }

  /** Writes the mark with the next epoch, if nobody else did meanwhile. Other commands of the transaction come before it. */
  async takeOver(connection: OpenConnection, next: (before: Mark | undefined) => Mark, flush = false): Promise<Mark> {
    for (let tries = 0; tries < 20; tries++) {
      const before = await this.watch(connection, Number.MAX_SAFE_INTEGER);
      const mark = next(before);
      const commands = [['MULTI'], ...(flush ? [['FLUSHALL']] : []), ['HMSET', this.key, ...markFields(mark)], ['EXEC']];
      const replies = await connection.callAll(commands);
      for (const reply of replies) if (reply instanceof ReplyError) throw reply;
      if (replies[replies.length - 1] !== null) return mark;
    }
    throw new GodwitError('FENCED', 'other processes keep taking over this job');
  }

  /**
   * Ends all connections of this job but the one given, and those of other pipelines of this run: those of older owners, and those that this pipeline has
   * given up, on which something may still be under way. Returns how many; -1 when it cannot be known that none is left (CLIENT LIST or KILL is not allowed).
   */
  async killOthers(connection: OpenConnection): Promise<number> {
    const others = await this.connections(connection);
    if (others === undefined) return -1;
    const replies = await connection.callAll(others.map((address) => ['CLIENT', 'KILL', 'ADDR', address, 'SKIPME', 'yes']));
    if (replies.some((reply) => reply instanceof ReplyError)) return -1;
    return replies.reduce((sum: number, killed) => sum + Number(killed), 0);
  }

  /** Addresses of those connections, the one given among them where it has such a name; undefined where CLIENT LIST is not allowed. */
  async connections(connection: OpenConnection): Promise<string[] | undefined> {
    const [list] = await connection.callAll([['CLIENT', 'LIST']]);
    if (list instanceof ReplyError) return undefined;
    const found: string[] = [];
    for (const line of String(list).split('\n')) {
      const name = /(?:^| )name=(\S*)/.exec(line)?.[1] ?? '';
      const address = /(?:^| )addr=(\S+)/.exec(line)?.[1];
      if (address !== undefined && this.concerns(name)) found.push(address);
    }
    return found;
  }

  private concerns(name: string): boolean {
    const { job, run, pipeline } = this.names;
    if (!name.startsWith(job)) return false;
    return run === undefined || pipeline === undefined || !name.startsWith(run) || name.startsWith(pipeline);
  }

  fenced(epoch: number): GodwitError {
    return new GodwitError('FENCED', `another Godwit has taken over this job (epoch ${epoch} in ${this.key})`, { details: { epoch, key: this.key } });
  }

  private parse(reply: Reply): Mark | undefined {
    if (reply instanceof ReplyError) throw reply;
    const fields = new Map<string, string>();
    if (Array.isArray(reply)) for (let i = 0; i + 1 < reply.length; i += 2) fields.set(String(reply[i]), String(reply[i + 1]));
    return parseMark(this.key, fields);
  }
}
