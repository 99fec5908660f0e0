/**
 * The marks of all pipelines of a job at a standalone target, and the list of their names, under one epoch.
 *
 *   <prefix>:<job>               the mark of a job with one pipeline, which has no name
 *   <prefix>:<job>:<pipeline>    the mark of each pipeline with a name
 *   <prefix>:<job>:pipelines     hash: name of the pipeline -> what the job has noted of it (its slots), for the next run to know it by
 *
 * Invariants: a take-over raises the epoch of every mark that the job ever had in one transaction, so that no pipeline of an older owner is left out, also
 * one that the new owner does not run.
 */
import { GodwitError } from '../errors/errors.ts';
import type { OpenConnection } from '../net/connection-options.ts';
import { type Reply, ReplyError } from '../resp/reply.ts';
import { type Mark, markFields, markKey, parseMark } from './mark.ts';
import { type ConnectionNames, MarkStore } from './mark-store.ts';

/** What is left of a pipeline that an earlier run had. */
export interface KnownPipeline {
  readonly mark: Mark;
  /** As noted by that run; '' = nothing. */
  readonly note: string;
}

const TRIES_MAX = 20;

export class JobMarks {
  /** Of the mark without a name; begins the keys of all others. */
  readonly key: string;
  private readonly job: string;
  private readonly run: string;

  /** @param run begins the names of the connections of this run, `godwit:<job>:<run>` */
  constructor(prefix: string, job: string, run: string) {
    this.key = markKey(prefix, job);
    this.job = job;
    this.run = run;
  }

  store(pipeline: string): MarkStore {
    return new MarkStore(this.keyOf(pipeline), this.names(pipeline));
  }

  /** Of the pipelines that the target has a mark of. The connection has database 0 selected. @throws MARK_INVALID */
  async known(connection: OpenConnection): Promise<Map<string, KnownPipeline>> {
    const notes = textMap(await connection.call('HGETALL', this.listKey));
    const known = new Map<string, KnownPipeline>();
    const names = ['', ...notes.keys()];
    const replies = await connection.callAll(names.map((name) => ['HGETALL', this.keyOf(name)]));
    for (const [i, name] of names.entries()) {
      const mark = parseMark(this.keyOf(name), textMap(replies[i]));
      if (mark !== undefined) known.set(name, { mark, note: notes.get(name) ?? '' });
    }
    return known;
  }

  /**
   * Writes all marks with the epoch of this owner in one transaction, if nobody else did meanwhile.
   * @param next gives the mark of each pipeline and its note; pipelines that are known and not among them keep their mark, with the epoch raised
   */
  async takeOver(
    connection: OpenConnection,
    pipelines: readonly string[],
    next: (known: ReadonlyMap<string, KnownPipeline>) => { readonly epoch: number; readonly marks: ReadonlyMap<string, KnownPipeline> },
    flush = false,
  ): Promise<Map<string, Mark>> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const names = new Set(['', ...pipelines, ...(await this.known(connection)).keys()]);
      await must(connection, [
        ['SELECT', 0],
        ['WATCH', this.listKey, ...[...names].map((name) => this.keyOf(name))],
      ]);
      const known = await this.known(connection);
      if ([...known.keys()].some((name) => !names.has(name))) continue;
      const { epoch, marks } = next(known);
      const all = new Map([...known].map(([name, one]) => [name, { ...one, mark: { ...one.mark, epoch } }]));
      for (const [name, one] of marks) all.set(name, one);
      const writes = [...all].flatMap(([name, { mark, note }]) => [
        ['HMSET', this.keyOf(name), ...markFields(mark)],
        ...(name === '' ? [] : [['HSET', this.listKey, name, note]]),
      ]);
      const replies = await must(connection, [['MULTI'], ...(flush ? [['FLUSHALL']] : []), ...writes, ['EXEC']]);
      if (replies[replies.length - 1] !== null) return new Map([...all].map(([name, { mark }]) => [name, mark]));
    }
    throw new GodwitError('FENCED', 'other processes keep taking over this job');
  }

  /** Notes of a pipeline what the next run knows it by; not fenced, for it is looked at by who takes over only. */
  async note(connection: OpenConnection, pipeline: string, note: string): Promise<void> {
    await connection.call('HSET', this.listKey, pipeline, note);
  }

  /** Removes all marks of this owner and the list in one transaction; without an epoch, whatever there is. @throws FENCED when another owner came meanwhile */
  async remove(connection: OpenConnection, epoch?: number): Promise<void> {
    await must(connection, [['SELECT', 0]]);
    const names = ['', ...textMap(await connection.call('HGETALL', this.listKey)).keys()];
    const keys = [this.listKey, ...names.map((name) => this.keyOf(name))];
    if (epoch !== undefined) {
      await must(connection, [['WATCH', ...keys]]);
      for (const [name, { mark }] of await this.known(connection)) if (mark.epoch > epoch) throw this.store(name).fenced(mark.epoch);
    }
    const replies = await must(connection, [['MULTI'], ['DEL', ...keys], ['EXEC']]);
    if (replies[replies.length - 1] === null) throw new GodwitError('FENCED', `another process has written ${this.key} meanwhile`);
  }

  private get listKey(): string {
    return `${this.key}:pipelines`;
  }

  private keyOf(pipeline: string): string {
    return pipeline === '' ? this.key : `${this.key}:${pipeline}`;
  }

  private names(pipeline: string): ConnectionNames {
    const job = `godwit:${this.job}:`;
    return pipeline === '' ? { job } : { job, run: `${this.run}:`, pipeline: `${this.run}:${pipeline}:` };
  }
}

async function must(connection: OpenConnection, commands: readonly (readonly (string | number)[])[]): Promise<Reply[]> {
  const replies = await connection.callAll(commands);
  for (const reply of replies) if (reply instanceof ReplyError) throw reply;
  return replies;
}

function textMap(reply: Reply): Map<string, string> {
  if (reply instanceof ReplyError) throw reply;
  const fields = new Map<string, string>();
  if (Array.isArray(reply)) for (let i = 0; i + 1 < reply.length; i += 2) fields.set(String(reply[i]), String(reply[i + 1]));
  return fields;
}
