/**
 * A cluster as the target of one pipeline: connections to all primaries, marks by slot, and the fence around them. An owner that comes later writes its epoch to
 * every node and ends the connections of this one; each new connection of this one reads the epoch before it writes, so it never writes again.
 */
import type { Mark } from '../checkpoint/mark.ts';
import type { SlotMarkStore } from '../checkpoint/slot-mark-store.ts';
import { epochOf, highestEpoch, type SlotRecord, slotMarkField, type SlotSurvey, surveySlots } from '../checkpoint/slot-records.ts';
import type { JobConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import type { KeyShare } from '../model/key-share.ts';
import type { ServerVersion } from '../model/server-version.ts';
import { SLOT_COUNT } from '../model/slot.ts';
import type { Connection } from '../net/connection.ts';
import { replyFailure } from '../net/reply-errors.ts';
import { ReplyError } from '../resp/reply.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { RestoreOptions } from '../target/batch-buffer.ts';
import type { ConversionCounts } from '../target/value-conversion.ts';
import type { ClusterFollower } from '../topology/cluster-api.ts';
import type { ClusterMap, ClusterShard } from '../topology/cluster-map.ts';
import { type BarrierCounts, ClusterBarriers } from './cluster-barriers.ts';
import { ClusterDelivery } from './cluster-delivery.ts';
import type { ClusterLanes, OpenLane } from './cluster-lanes.ts';
import type { ClusterLinks } from './cluster-links.ts';
import { flushSlots } from './flush-slots.ts';
import { failedOver } from './held-slots.ts';
import { LowMarks, markedSlots } from './low-marks.ts';
import type { Pace } from './pace.ts';
import { Refusals } from './refusals.ts';
import { StreamTranslation } from './stream-translation.ts';
import type { Snapshot } from './sync-spool.ts';
import type { AttemptOptions, TargetSide } from './target-side.ts';

export interface ClusterSideOptions {
  readonly config: JobConfig;
  /** For messages. */
  readonly address: string;
  readonly pipeline: string;
  readonly epoch: number;
  readonly topology: ClusterFollower;
  readonly links: ClusterLinks;
  readonly store: SlotMarkStore;
  readonly deadLetters: DeadLetterFile;
  readonly restore: RestoreOptions;
  readonly version: ServerVersion | undefined;
  readonly valueBytesMax: number;
  readonly pace: Pace;
  readonly counts: BarrierCounts;
  readonly share: KeyShare;
  /** Runs before this one may have left keys of this share, whatever the mark says. */
  readonly mayHoldKeys: boolean;
  /** Connections with such a name are of older owners, or of this pipeline's earlier attempts. */
  isOld(clientName: string): boolean;
  onEvent(level: 'info' | 'warn' | 'error', kind: string, message: string, details?: Record<string, unknown>): void;
}

export class ClusterSide implements TargetSide {
  readonly address: string;
  private readonly options: ClusterSideOptions;
  private readonly lowMarks: LowMarks;
  private connections = new Map<string, Connection>();
  private generations = new Map<string, number>();
  private map: ClusterMap | undefined;
  private mayHoldKeys: boolean;
  private survey: SlotSurvey = { mark: undefined, streamKnown: new Float64Array(SLOT_COUNT), snapshotKnown: new Float64Array(SLOT_COUNT) };

  constructor(options: ClusterSideOptions) {
    this.options = options;
    this.address = options.address;
    this.lowMarks = new LowMarks(options);
    this.mayHoldKeys = options.mayHoldKeys;
  }

  get restore(): RestoreOptions {
    return this.options.restore;
  }

  get conversion(): Readonly<ConversionCounts> {
    return this.options.restore.conversion.counts;
  }

  async ready(): Promise<void> {
    const map = await this.options.topology.refresh();
    if (map.slotsMissing > 0) throw new GodwitError('TARGET_NOT_READY', `${map.slotsMissing} slots of target ${this.address} have no owner for now`);
    this.connections = await this.options.links.toOwners(map);
    this.map = map;
  }

  async readMark(epoch: number): Promise<Mark | undefined> {
    const { store, pipeline } = this.options;
    const map = this.currentMap();
    this.generations = new Map([...this.connections].map(([id, connection]) => [id, connection.generation]));
    await this.checkEpochs(epoch);
    await this.cutOffOthers();
    const records = await this.readAll(map);
    const highest = highestEpoch(records);
    if (highest > epoch) throw store.fenced(highest);
    this.survey = surveySlots(pipeline, records, {
      shardOfSlot: (slot) => map.shardOfSlot(slot)?.id,
      shardOfNode: (id) => map.shardOfNode(id)?.id,
      runIdOfSlot: (slot) => this.connections.get(map.primaryOfSlot(slot)?.id ?? '')?.server.runId ?? '',
    });
    const { mark } = this.survey;
    return mark === undefined ? undefined : { ...mark, epoch: Math.min(epoch, this.leastEpoch(map, records)) };
  }

  async takenOver(epoch: number): Promise<GodwitError | undefined> {
    await this.ready();
    try {
      await this.checkEpochs(epoch);
      return undefined;
    } catch (error) {
      if (error instanceof GodwitError && error.code === 'FENCED') return error;
      throw error;
    }
  }

  async takeOverAgain(epoch: number): Promise<void> {
    this.options.onEvent('warn', 'target.lost-tail', 'a node of the target has no take-over of this run; it is written again', { epoch });
    const map = this.currentMap();
    for (const shard of map.owningShards) {
      const commands = this.options.store.epochCommands(markedSlots(shard), epoch);
      for (const reply of (await this.connections.get(shard.primary.id)?.callAll(commands)) ?? []) if (reply instanceof ReplyError) throw this.sorted(reply);
    }
    await this.cutOffOthers();
  }

  async beginAnew(last: Mark): Promise<Mark> {
    const { config, onEvent } = this.options;
    if (config.sync.onLostPosition === 'stop') {
      throw new GodwitError('POSITION_LOST', `marks are gone from target ${this.address}: a node of it has lost its data`);
    }
    onEvent('warn', 'target.lost-data', 'marks are gone from the target: a node of it has lost its data, a new full sync begins');
    const empty: Mark = { ...last, phase: 'full-sync', replicationId: '', offset: 0, database: 0, snapshotId: 0, rdbOffset: 0, rdbState: null };
    await this.writeLowMarks(empty);
    return empty;
  }

  async beginFullSync(before: Mark, snapshot: Snapshot): Promise<Mark> {
    const { config, restore, onEvent } = this.options;
    const isAgain = before.replicationId !== '';
    // Keys that are there now were brought by the full sync before.
    if (!before.owned && isAgain && config.sync.onExisting === 'skip') restore.replace = true;
    const { replicationId, offset, startedAt: snapshotId } = snapshot;
    const fresh: Mark = { ...before, phase: 'full-sync', replicationId, offset, database: 0, snapshotId, rdbOffset: 0, rdbState: null };
    const { share } = this.options;
    if (before.owned && share.kind === 'all' && isAgain) {
      onEvent('warn', 'target.flushed', 'the target is emptied for the new full sync');
      await this.flush(fresh, undefined, () => false);
    }
    if (before.owned && share.kind === 'slots' && (isAgain || this.mayHoldKeys)) await this.clearForFullSync(before);
    if (share.kind === 'unknown' && isAgain) {
      onEvent('warn', 'target.keys-remain', 'several sources share the target: keys that this one has deleted since the last full sync remain there');
    }
    await this.writeLowMarks(fresh);
    this.survey = { mark: fresh, streamKnown: new Float64Array(SLOT_COUNT), snapshotKnown: new Float64Array(SLOT_COUNT) };
    return fresh;
  }

  /** Removes the keys of this share alone, and with them what was known to be applied there. @throws SHARED_FLUSH where it cannot be told which they are */
  async clear(mark: Mark, _database: number | undefined): Promise<number> {
    const { share, config, store, pipeline } = this.options;
    if (share.kind !== 'slots') {
      throw new GodwitError('SHARED_FLUSH', 'one of several sources was emptied (FLUSHALL, FLUSHDB): which keys of the target are its own is not known');
    }
    const map = this.options.topology.map;
    const { streamKnown } = this.survey;
    const removed = await this.onEach(async (connection, shard) => {
      // The marks of slots go first: what they speak of comes again behind the emptying.
      const records = await store.read(
        connection,
        slotsOf(shard).filter((slot) => share.owns(slot)),
      );
      await must(
        connection,
        records.map(({ slot }) => ['HDEL', store.keyOf(slot), slotMarkField(pipeline)]),
      );
      return flushSlots(connection, (slot) => share.owns(slot), config.checkpoint.prefix);
    }, map);
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (share.owns(slot)) streamKnown[slot] = Math.min(streamKnown[slot], mark.offset);
    return removed.reduce((sum, count) => sum + count, 0);
  }

  open(mark: Mark, attempt: AttemptOptions): ClusterDelivery {
    const { config, deadLetters, restore, topology, version, valueBytesMax, onEvent, counts } = this.options;
    const { onError, onExisting, onUnsupported, onCrossSlot } = config.sync;
    const map = this.currentMap();
    const { leftOut } = attempt;
    const policy = { address: this.address, onExisting, deadLetters, leftOut, replayUntil: () => attempt.replayUntil };
    const lanes = map.owningShards.map(({ primary }) => this.laneOf(primary.id)).filter((lane) => lane !== undefined);
    const unlisten = topology.events.on('changed', ({ changes }) => {
      const lost = changes.find((change) => change.type === 'primary-changed' && this.connections.has(change.from.id));
      if (lost !== undefined) delivery.fail(failedOver(this.address));
    });
    const delivery = new ClusterDelivery({
      ...attempt,
      address: this.address,
      lanes,
      topology,
      mark,
      survey: this.survey,
      pace: this.options.pace,
      wholeBytesMax: config.limits.valueBytesMax,
      unansweredBytesMax: config.limits.unansweredBytesMax,
      restore,
      valueBytesMax,
      splits: onCrossSlot !== 'stop',
      lowMarks: this.lowMarks,
      translation: new StreamTranslation(version, onUnsupported, restore.conversion.counts),
      newRefusals: () => new Refusals({ ...policy, onError }),
      planRefusals: new Refusals({ ...policy, onError: onCrossSlot === 'dead-letter' ? 'dead-letter' : onError }),
      open: (node) => this.openLane(node),
      onEvent,
      onClose: unlisten,
      writeLowMarks: (position) => this.writeLowMarks(position),
      newBarriers: (all: ClusterLanes) =>
        new ClusterBarriers({ lanes: all, address: this.address, counts, flush: (behind, database, has) => this.flush(behind, database, has) }),
    });
    return delivery;
  }

  /** The marks ask for a full sync first: a run after this one must not go on where they stood, without the keys that are gone by then. */
  private async clearForFullSync(before: Mark): Promise<void> {
    this.mayHoldKeys = true;
    await this.writeLowMarks({ ...before, phase: 'full-sync', offset: 0, database: 0, snapshotId: 0, rdbOffset: 0, rdbState: null });
    const keys = await this.clear(before, undefined);
    this.options.onEvent('warn', 'target.cleared', `${keys} keys of the slots of this shard are removed from the target for its new full sync`, { keys });
    this.mayHoldKeys = false;
  }

  private currentMap(): ClusterMap {
    if (this.map === undefined) throw new GodwitError('INTERNAL', 'the target was not asked for its nodes');
    return this.map;
  }

  private laneOf(nodeId: string): OpenLane | undefined {
    const connection = this.connections.get(nodeId);
    const node = this.currentMap().node(nodeId);
    const generation = this.generations.get(nodeId);
    return connection === undefined || node === undefined || generation === undefined ? undefined : { node, connection, generation };
  }

  /** A node that has got slots since the attempt began. */
  private async openLane(node: OpenLane['node']): Promise<OpenLane> {
    const connection = await this.options.links.to(node);
    const { generation } = connection;
    this.connections.set(node.id, connection);
    this.generations.set(node.id, generation);
    const shard = this.options.topology.map.shardOfNode(node.id);
    const records = shard === undefined ? [] : await this.options.store.read(connection, markedSlots(shard)).catch(() => []);
    const highest = highestEpoch(records);
    if (highest > this.options.epoch) throw this.options.store.fenced(highest);
    await this.cutOff(connection);
    return { node, connection, generation };
  }

  /** @throws FENCED */
  private async checkEpochs(epoch: number): Promise<void> {
    const { store } = this.options;
    const found = await this.onEach((connection, shard) => store.read(connection, markedSlots(shard)));
    const highest = highestEpoch(found.flat());
    if (highest > epoch) throw store.fenced(highest);
  }

  private async readAll(map: ClusterMap): Promise<SlotRecord[]> {
    const { store } = this.options;
    const found = await this.onEach((connection, shard) => store.read(connection, slotsOf(shard)), map);
    return found.flat();
  }

  private async cutOffOthers(): Promise<void> {
    await this.onEach((connection) => this.cutOff(connection));
  }

  /** @throws PERMISSION_DENIED: without it, nothing keeps an older owner away */
  private async cutOff(connection: Connection): Promise<void> {
    const killed = await this.options.store.killOthers(connection, (name) => this.options.isOld(name));
    if (killed >= 0) return;
    throw new GodwitError('PERMISSION_DENIED', `target ${this.address}: the user may not run CLIENT LIST and CLIENT KILL, which fence a cluster`, {
      fix: 'Grant both: ACL SETUSER <user> +client|list +client|kill',
    });
  }

  /** @throws what replyFailure makes of a refusal; MOVED and the like can be cured by asking for the map again */
  private async onEach<T>(work: (connection: Connection, shard: ClusterShard) => Promise<T>, map = this.currentMap()): Promise<T[]> {
    try {
      return await Promise.all(
        map.owningShards.flatMap((shard) => {
          const connection = this.connections.get(shard.primary.id);
          return connection === undefined ? [] : [work(connection, shard)];
        }),
      );
    } catch (error) {
      throw error instanceof ReplyError ? this.sorted(error) : error;
    }
  }

  private sorted(error: ReplyError): GodwitError {
    if (/^(?:MOVED|ASK|CROSSSLOT)\b/.test(error.text))
      return new GodwitError('TARGET_NOT_READY', `slots of target ${this.address} are being moved: ${error.text}`);
    return replyFailure(error, { role: 'target data', address: this.address });
  }

  /** The epoch that all nodes have; 0 when one of them has none. */
  private leastEpoch(map: ClusterMap, records: readonly SlotRecord[]): number {
    const bySlot = new Map(records.map((record) => [record.slot, record]));
    const epochs = map.owningShards.map((shard) => Math.max(0, ...markedSlots(shard).map((slot) => epochOf(bySlot.get(slot) ?? { slot, fields: new Map() }))));
    return Math.min(...epochs);
  }

  /** To the nodes that own slots now. A slot that has just moved is no failure: its node is asked again next time. */
  private async writeLowMarks(mark: Mark): Promise<void> {
    try {
      await this.lowMarks.write(this.connections, this.options.topology.map, mark);
    } catch (error) {
      throw error instanceof ReplyError ? this.sorted(error) : error;
    }
  }

  private async flush(behind: Mark, database: number | undefined, has: (nodeId: string) => boolean): Promise<void> {
    const { topology } = this.options;
    const flush = database === undefined || topology.databases === 1 ? [['FLUSHALL']] : [['SELECT', String(database)], ['FLUSHDB'], ['SELECT', '0']];
    await this.onEach(async (connection, shard) => {
      if (!has(shard.primary.id)) await this.lowMarks.writeTo(connection, shard, behind, flush);
    }, topology.map);
  }
}

function slotsOf({ slots }: ClusterShard): number[] {
  return slots.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
}

async function must(connection: Connection, commands: readonly string[][]): Promise<void> {
  for (const reply of await connection.callAll(commands)) if (reply instanceof ReplyError) throw reply;
}
