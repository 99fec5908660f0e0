/**
 * Reads and writes the records of a job in a cluster (slot-records.ts), node by node over connections that the caller holds, and ends the connections of
 * older owners. Fencing: who takes over writes its epoch to every node and then ends all connections of older owners there; a connection that is made later
 * reads the epoch before it writes anything (pipeline/cluster-side.ts).
 */
import { GodwitError } from '../errors/errors.ts';
import { slotTags } from './slot-tags.ts';
import type { OpenConnection } from '../net/connection-options.ts';
import { type Reply, ReplyError } from '../resp/reply.ts';
import { EPOCH_FIELD, type SlotRecord } from './slot-records.ts';

/** Replies in one write; all are in memory at once. */
const READ_AT_ONCE = 2_048;
/** An address that no client has. */
const NOBODY = '255.255.255.255:0';

export interface Redirects {
  /** Gives the node that an ASK names: the slot is on its way there, and its record, if there is one, has gone ahead. */
  follow?(ask: string): Promise<OpenConnection>;
  /** The slot is at another node now. */
  onMoved?(slot: number): void;
}

export class SlotMarkStore {
  /** Begins the names of all records. */
  readonly base: string;
  /** Begins the names of all connections of this job. */
  readonly clientNamePrefix: string;
  private readonly run: string;
  private readonly tags = slotTags();

  /** @param run names this run among all runs of the job */
  constructor(options: { readonly prefix: string; readonly job: string; readonly run: string }) {
    this.base = `${options.prefix}:${options.job}`;
    this.clientNamePrefix = `godwit:${options.job}:`;
    this.run = options.run;
  }

  keyOf(slot: number): string {
    return `${this.base}:{${this.tags[slot]}}`;
  }

  /** The records in these slots of one node; slots without one are left out. Rejects with ReplyError, but for what `redirects` takes. */
  async read(connection: OpenConnection, slots: readonly number[], redirects: Redirects = {}): Promise<SlotRecord[]> {
    const { follow, onMoved } = redirects;
    const records: SlotRecord[] = [];
    for (let at = 0; at < slots.length; at += READ_AT_ONCE) {
      const some = slots.slice(at, at + READ_AT_ONCE);
      const replies = await connection.callAll(some.map((slot) => ['HGETALL', this.keyOf(slot)]));
      for (const [i, reply] of replies.entries()) {
        if (reply instanceof ReplyError && reply.code === 'MOVED' && onMoved !== undefined) onMoved(some[i]);
        else {
          const isAhead = follow !== undefined && reply instanceof ReplyError && reply.code === 'ASK';
          const fields = fieldsOf(isAhead ? await this.ask(await follow(reply.text), some[i]) : reply);
          if (fields.size > 0) records.push({ slot: some[i], fields });
        }
      }
    }
    return records;
  }

  /** The replication id of a node, which changes whenever it may have lost something ('' = not told), and whether it has ever been promoted. */
  async history(connection: OpenConnection): Promise<{ readonly id: string; readonly wasReplica: boolean }> {
    const [info] = await connection.callAll([['INFO', 'replication']]);
    const text = info instanceof ReplyError ? '' : String(info);
    return { id: /^master_replid:(\w+)/m.exec(text)?.[1] ?? '', wasReplica: /^master_replid2:0*[1-9a-f]/m.test(text) };
  }

  /** Commands that write an epoch, one per slot. */
  epochCommands(slots: readonly number[], epoch: number): string[][] {
    return slots.map((slot) => ['HSET', this.keyOf(slot), EPOCH_FIELD, `${epoch} ${this.run}`]);
  }

  /** In one of the slots at least: of one that is on its way to another node the record may have gone ahead. @throws ReplyError */
  async writeEpoch(connection: OpenConnection, slots: readonly number[], epoch: number): Promise<void> {
    const replies = await connection.callAll(this.epochCommands(slots, epoch));
    const refusal = replies.find((reply) => reply instanceof ReplyError);
    if (refusal instanceof ReplyError && replies.every((reply) => reply instanceof ReplyError)) throw refusal;
  }

  /** Whether killOthers() would be allowed. */
  async mayKill(connection: OpenConnection): Promise<boolean> {
    const replies = await connection.callAll([
      ['CLIENT', 'LIST'],
      ['CLIENT', 'KILL', 'ADDR', NOBODY, 'SKIPME', 'yes'],
    ]);
    return !replies.some((reply) => reply instanceof ReplyError);
  }

  /**
   * Ends connections of this job at one node, but never the one given: those whose name `isOld` says so of. @returns how many; -1 = CLIENT LIST or KILL is
   * not allowed, so that it cannot be known that none is left
   */
  async killOthers(connection: OpenConnection, isOld: (name: string) => boolean): Promise<number> {
    const [list] = await connection.callAll([['CLIENT', 'LIST']]);
    if (list instanceof ReplyError) return -1;
    const found: string[] = [];
    for (const line of String(list).split('\n')) {
      const name = /(?:^| )name=(\S*)/.exec(line)?.[1] ?? '';
      const address = /(?:^| )addr=(\S+)/.exec(line)?.[1];
      if (address !== undefined && name.startsWith(this.clientNamePrefix) && isOld(name)) found.push(address);
    }
    const replies = await connection.callAll(found.map((address) => ['CLIENT', 'KILL', 'ADDR', address, 'SKIPME', 'yes']));
    if (replies.some((reply) => reply instanceof ReplyError)) return -1;
    return replies.reduce((sum: number, killed) => sum + Number(killed), 0);
  }

  private async ask(connection: OpenConnection, slot: number): Promise<Reply> {
    const [, reply] = await connection.callAll([['ASKING'], ['HGETALL', this.keyOf(slot)]]);
    return reply;
  }

  fenced(epoch: number): GodwitError {
    return new GodwitError('FENCED', `another Godwit has taken over this job (epoch ${epoch} in ${this.base})`, { details: { epoch, key: this.base } });
  }
}

function fieldsOf(reply: Reply): Map<string, string> {
  if (reply instanceof ReplyError) throw reply;
  const fields = new Map<string, string>();
  if (Array.isArray(reply)) for (let i = 0; i + 1 < reply.length; i += 2) fields.set(String(reply[i]), String(reply[i + 1]));
  return fields;
}
