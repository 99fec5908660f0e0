/** Writes the low mark of a pipeline to every node of a cluster, a few times a second, behind the replies. */
import { type LowMark, lowMarkField, lowMarkText, slotMarkField, slotMarkText } from '../checkpoint/slot-records.ts';
import type { SlotMarkStore } from '../checkpoint/slot-mark-store.ts';
import type { Mark } from '../checkpoint/mark.ts';
import type { OpenConnection } from '../net/connection-options.ts';
import { encodeCommand } from '../resp/encode.ts';
import { ReplyError } from '../resp/reply.ts';
import type { ClusterMap, ClusterShard } from '../topology/cluster-map.ts';

export interface LowMarksOptions {
  readonly store: SlotMarkStore;
  readonly pipeline: string;
  readonly epoch: number;
}

/** The slots of a shard that hold its low mark: two, so that moving one of them leaves the other. */
export function markedSlots({ slots }: Pick<ClusterShard, 'slots'>): number[] {
  if (slots.length === 0) return [];
  const [first, last] = [slots[0].first, slots[slots.length - 1].last];
  return first === last ? [first] : [first, last];
}

export class LowMarks {
  private readonly options: LowMarksOptions;
  private readonly field: string;
  private readonly slotField: string;

  constructor(options: LowMarksOptions) {
    this.options = options;
    this.field = lowMarkField(options.pipeline);
    this.slotField = slotMarkField(options.pipeline);
  }

  /** The command that writes a slot mark, for the end of a transaction. */
  slotMark(slot: number, offset: number, snapshotId: number): Buffer {
    return encodeCommand(['HSET', this.options.store.keyOf(slot), this.slotField, slotMarkText(offset, snapshotId)]);
  }

  /** To one node. What `flush` says is carried out in the same moment. @throws ReplyError of the first that was refused, MOVED too */
  async writeTo(connection: OpenConnection, shard: ClusterShard, mark: Mark, flush: readonly string[][] = []): Promise<void> {
    const commands = this.commands(connection, shard, mark);
    if (commands.length === 0) return;
    const [first, ...others] = commands;
    const batch = flush.length > 0 ? [['MULTI'], ...flush, first, ['EXEC'], ...others] : commands;
    const replies = await connection.callAll(batch);
    for (const reply of replies) {
      if (reply instanceof ReplyError) throw reply;
      if (Array.isArray(reply)) for (const nested of reply) if (nested instanceof ReplyError) throw nested;
    }
  }

  /** To all nodes; all are asked even if one of them refuses. @throws the first failure */
  async write(connections: ReadonlyMap<string, OpenConnection>, map: ClusterMap, mark: Mark, flush: readonly string[][] = []): Promise<void> {
    const written = map.owningShards.map(async (shard) => {
      const connection = connections.get(shard.primary.id);
      if (connection !== undefined) await this.writeTo(connection, shard, mark, flush);
    });
    const outcomes = await Promise.allSettled(written);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  private commands(connection: OpenConnection, shard: ClusterShard, mark: Mark): string[][] {
    const { store, epoch } = this.options;
    const low: LowMark = {
      mark: { ...mark, epoch },
      nodeId: shard.primary.id,
      runId: connection.server.runId,
      slots: shard.slots.map(({ first, last }) => [first, last]),
    };
    const slots = markedSlots(shard);
    const text = lowMarkText(low);
    return store.epochCommands(slots, epoch).map((command) => [...command, this.field, text]);
  }
}
