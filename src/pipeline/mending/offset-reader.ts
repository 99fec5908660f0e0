/**
 * Reads keys of a source together with the offset in its replication stream that their values belong to: `MULTI DUMP ... INFO replication EXEC`. Nothing runs
 * between the commands of a transaction, so a value is exactly what the source had behind the unit that ends at that offset. Of a cluster a transaction has the keys of
 * one slot; several go in one write, and their offsets ascend.
 */
import { GodwitError } from '../../errors/errors.ts';
import { atLeast } from '../../model/server-version.ts';
import { slotOf } from '../../model/slot.ts';
import type { Connection } from '../../net/connection.ts';
import type { CommandArgument } from '../../resp/encode.ts';
import { type Reply, ReplyError } from '../../resp/reply.ts';
import type { KeyToMend, SourceValue } from './key-to-mend.ts';

/** Values that were read at one moment. */
export interface ReadAtOffset {
  readonly replicationId: string;
  readonly offset: number;
  readonly values: readonly SourceValue[];
}

export class OffsetReader {
  private readonly source: Connection;
  private readonly isClusterNode: boolean;

  constructor(source: Connection, isClusterNode: boolean) {
    this.source = source;
    this.isClusterNode = isClusterNode;
  }

  /** Bytes in memory of each, about; 0 where that is not told or the key is not there. @throws GodwitError of the connection */
  async sizes(keys: readonly KeyToMend[]): Promise<number[]> {
    const commands = keys.flatMap(({ database, key }) => [...this.select(database), ['MEMORY', 'USAGE', key]]);
    const replies = await this.source.callAll([...commands, ...this.select(0)]);
    const step = this.isClusterNode ? 1 : 2;
    return keys.map((_, i) => Number(replies[i * step + step - 1]) || 0);
  }

  /** Ascending by offset. @throws GodwitError of the connection, PERMISSION_DENIED */
  async read(keys: readonly KeyToMend[]): Promise<ReadAtOffset[]> {
    const groups = this.isClusterNode ? bySlot(keys) : [keys];
    const commands: (readonly CommandArgument[])[] = [];
    const ends: number[] = [];
    for (const group of groups) {
      commands.push(['MULTI'], ['INFO', 'replication'], ['TIME']);
      for (const { database, key } of group) commands.push(...this.select(database), ['DUMP', key], [this.tellsTimes ? 'PEXPIRETIME' : 'PTTL', key]);
      commands.push(...this.select(0), ['EXEC']);
      ends.push(commands.length - 1);
    }
    const replies = await this.source.callAll(commands);
    return groups.map((group, i) => this.readGroup(group, replies[ends[i]], replies));
  }

  private readGroup(group: readonly KeyToMend[], answer: Reply, all: readonly Reply[]): ReadAtOffset {
    if (!Array.isArray(answer)) throw refused(answer, all);
    const [info, time, ...rest] = answer;
    const text = String(info);
    // A replica's own offset is that of what it has applied.
    const offset = /^slave_repl_offset:(\d+)/m.exec(text)?.[1] ?? /^master_repl_offset:(\d+)/m.exec(text)?.[1];
    if (offset === undefined || !Array.isArray(time)) throw new GodwitError('SOURCE_NOT_READY', 'the source does not tell its replication offset');
    const nowMs = Number(time[0]) * 1000 + Math.floor(Number(time[1]) / 1000);
    const step = this.isClusterNode ? 2 : 3;
    const values = group.map(({ database, key }, i) => {
      const [payload, left] = rest.slice(i * step + step - 2, i * step + step);
      if (payload instanceof ReplyError) throw refused(payload, []);
      const expiryMs = Number(left) < 0 ? -1 : this.tellsTimes ? Number(left) : nowMs + Number(left);
      return { database, key, payload: payload as Buffer | null, expiryMs };
    });
    return { replicationId: /^master_replid:(\w+)/m.exec(text)?.[1] ?? '', offset: Number(offset), values };
  }

  /** PEXPIRETIME came with Redis 7.0. */
  private get tellsTimes(): boolean {
    const { version } = this.source.server;
    return version !== undefined && (version.product === 'valkey' || atLeast(version, 7));
  }

  private select(database: number): string[][] {
    return this.isClusterNode ? [] : [['SELECT', String(database)]];
  }
}

function bySlot(keys: readonly KeyToMend[]): KeyToMend[][] {
  const groups = new Map<number, KeyToMend[]>();
  for (const one of keys) {
    const slot = slotOf(one.key);
    const group = groups.get(slot);
    if (group === undefined) groups.set(slot, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

function refused(answer: Reply, all: readonly Reply[]): GodwitError {
  const error = [answer, ...all].find((reply) => reply instanceof ReplyError && !reply.text.startsWith('EXECABORT')) as ReplyError | undefined;
  const text = error?.text ?? String(answer);
  const code = text.startsWith('NOPERM') ? 'PERMISSION_DENIED' : 'SOURCE_NOT_READY';
  return new GodwitError(code, `the source does not give the values of keys that are to be mended: ${text}`);
}
