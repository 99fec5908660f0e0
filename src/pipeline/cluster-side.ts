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
import type { OpenConnection } from '../net/connection-options.ts';
import { ReplyError } from '../resp/reply.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { RestoreOptions } from '../target/batch-buffer.ts';
import type { ClusterFollower } from '../topology/cluster-api.ts';
import type { ClusterMap, ClusterShard } from '../topology/cluster-map.ts';
import { parseRedirect } from '../topology/parse-redirect.ts';
import { type BarrierCounts, ClusterBarriers } from './cluster-barriers.ts';
import { failedOver } from './cluster-failure.ts';
import { ClusterDelivery } from './cluster-delivery.ts';
import type { ClusterLanes } from './cluster-lanes.ts';
import type { ClusterLinks } from './cluster-links.ts';
import { ClusterNodes } from './cluster-nodes.ts';
import { flushSlots } from './flush-slots.ts';
import { LowMarks, type MarkedNode, markedSlots } from './low-marks.ts';
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
  private readonly nodes: ClusterNodes;
  private mayHoldKeys: boolean;
  private survey = emptySurvey(undefined);

  constructor(options: ClusterSideOptions) {
    this.options = options;
    this.address = options.address;
    this.lowMarks = new LowMarks(options);
    this.nodes = new ClusterNodes(options);
    this.mayHoldKeys = options.mayHoldKeys;
  }

  get restore(): RestoreOptions {
    return this.options.restore;
  }

  get roundTripMs(): number {
    const known = this.options.links.status().flatMap(({ roundTripSmoothedMs }) => (roundTripSmoothedMs > 0 ? [roundTripSmoothedMs] : []));
    return known.length === 0 ? 0 : Math.min(...known);
  }

  ready(): Promise<void> {
    return this.nodes.ready();
  }

  async readMark(epoch: number): Promise<Mark | undefined> {
    const { store, pipeline } = this.options;
    const { nodes } = this;
    await nodes.begin();
    const records = await nodes.readAll();
    const highest = highestEpoch(records);
    if (highest > epoch) throw store.fenced(highest);
    const map = nodes.currentMap;
    this.lowMarks.found(records, map, nodes.histories);
    this.survey = surveySlots(pipeline, records, {
      shardOfSlot: (slot) => map.shardOfSlot(slot)?.id,
      shardOfNode: (id) => map.shardOfNode(id)?.id,
      historyOfSlot: (slot) => nodes.historyOfSlot(slot),
    });
    const { mark } = this.survey;
    return mark === undefined ? undefined : { ...mark, epoch: Math.min(epoch, leastEpoch(map, records)) };
  }

  async takenOver(epoch: number): Promise<GodwitError | undefined> {
    await this.ready();
    try {
      await this.nodes.checkEpochs(epoch);
      return undefined;
    } catch (error) {
      if (error instanceof GodwitError && error.code === 'FENCED') return error;
      throw error;
    }
  }

  async takeOverAgain(epoch: number): Promise<void> {
    this.options.onEvent('warn', 'target.lost-tail', 'a node of the target has no take-over of this run; it is written again', { epoch });
    await this.nodes.each((connection, shard) => this.options.store.writeEpoch(connection, markedSlots(shard), epoch));
    await this.nodes.cutOffOthers();
  }

  async beginAnew(last: Mark): Promise<Mark> {
    const { config, onEvent } = this.options;
    if (config.sync.onLostPosition === 'stop') {
      throw new GodwitError('POSITION_LOST', `marks are gone from target ${this.address}: a node of it has lost its data`);
    }
    onEvent('warn', 'target.lost-data', 'marks are gone from the target: a node of it has lost its data, a new full sync begins', {
      slots: this.survey.unknown.length,
      first: this.survey.unknown[0],
    });
    // The replication id stays: it says that other nodes may still have what was brought before.
    const empty: Mark = { ...last, phase: 'full-sync', offset: 0, database: 0, snapshotId: 0, rdbOffset: 0, rdbState: null };
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
      await this.flush(fresh, undefined, Number.POSITIVE_INFINITY);
    }
    if (before.owned && share.kind === 'slots' && (isAgain || this.mayHoldKeys)) await this.clearForFullSync(before);
    if (share.kind === 'unknown' && isAgain) {
      onEvent('warn', 'target.keys-remain', 'several sources share the target: keys that this one has deleted since the last full sync remain there');
    }
    await this.writeLowMarks(fresh);
    this.survey = emptySurvey(fresh);
    return fresh;
  }

  /** Removes the keys of this share alone, and with them what was known to be applied there. @throws SHARED_FLUSH where it cannot be told which they are */
  async clear(mark: Mark, database: number | undefined): Promise<number> {
    const { share, config, store, pipeline } = this.options;
    if (share.kind !== 'slots') {
      throw new GodwitError('SHARED_FLUSH', 'one of several sources was emptied (FLUSHALL, FLUSHDB): which keys of the target are its own is not known');
    }
    const { streamKnown } = this.survey;
    const nodes = await this.markedNodes();
    const clearOne = async ({ connection, shard }: MarkedNode): Promise<number> => {
      // The marks of slots go first: what they speak of comes again behind the emptying.
      const records = await store.read(
        connection,
        slotsOf(shard).filter((slot) => share.owns(slot)),
      );
      await must(
        connection,
        records.map(({ slot }) => ['HDEL', store.keyOf(slot), slotMarkField(pipeline)]),
      );
      let count = 0;
      const every = Array.from({ length: this.options.topology.databases }, (_, one) => one);
      for (const one of database === undefined ? every : [database]) {
        count += await flushSlots(connection, (slot) => share.owns(slot), config.checkpoint.prefix, one);
      }
      return count;
    };
    const removed = await this.nodes.sorting(() => Promise.all(nodes.map(clearOne)));
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (share.owns(slot)) streamKnown[slot] = Math.min(streamKnown[slot], mark.offset);
    return removed.reduce((sum, count) => sum + count, 0);
  }

  open(mark: Mark, attempt: AttemptOptions): ClusterDelivery {
    const { config, deadLetters, restore, topology, version, valueBytesMax, onEvent, counts } = this.options;
    const { onError, onExisting, onUnsupported, onCrossSlot } = config.sync;
    const map = this.nodes.currentMap;
    const { leftOut } = attempt;
    const replayUntil = (): number => attempt.replayUntil;
    const policy = { address: this.address, onExisting, deadLetters, leftOut, replayUntil };
    const lanes = map.owningShards.map(({ primary }) => this.nodes.lane(primary)).filter((lane) => lane !== undefined);
    // Also of a shard that had no slots when the attempt began: some may have come to it since, and be lost with its tail.
    const unlisten = topology.events.on('changed', ({ changes }) => {
      if (changes.some(({ type }) => type === 'primary-changed')) delivery.fail(failedOver(this.address));
      else if (changes.some(({ type }) => type === 'slots-moved')) delivery.markAnew();
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
      translation: new StreamTranslation(version, onUnsupported, restore.conversion.losses, attempt),
      newRefusals: (more = () => 0) => new Refusals({ ...policy, onError, replayUntil: () => Math.max(replayUntil(), more()) }),
      planRefusals: new Refusals({ ...policy, onError: onCrossSlot === 'dead-letter' ? 'dead-letter' : onError }),
      open: (node) => this.nodes.open(node),
      onEvent,
      onClose: unlisten,
      writeLowMarks: (position, check) => this.writeLowMarks(position, check),
      newBarriers: (all: ClusterLanes) =>
        new ClusterBarriers({ lanes: all, address: this.address, counts, flush: (behind, database, offset) => this.flush(behind, database, offset) }),
    });
    // The map may have changed since the marks were read by it.
    if (map.owningShards.some(({ primary }) => topology.map.shardOfNode(primary.id)?.primary.id !== primary.id))
      queueMicrotask(() => delivery.fail(failedOver(this.address)));
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

  private async markedNodes(): Promise<MarkedNode[]> {
    return this.nodes.sorting(() => this.nodes.marked(this.options.topology.map));
  }

  /** To the nodes that own slots now. @param check throws when nothing may be written any more */
  private async writeLowMarks(mark: Mark, check: () => void = () => {}): Promise<void> {
    const nodes = await this.markedNodes();
    this.lowMarks.seen(this.nodes.histories);
    check();
    await this.nodes.sorting(() => this.lowMarks.write(nodes, mark, [], check).catch((error: unknown) => Promise.reject(this.standsIn(error))));
  }

  /** A node that has lost its slots to its own replica has lost its tail, maybe; one that has given them to another shard has not. */
  private standsIn(error: unknown): unknown {
    const { topology } = this.options;
    const redirect = error instanceof ReplyError ? parseRedirect(error.text) : undefined;
    const owner = redirect && topology.map.primaryOfSlot(redirect.slot);
    if (redirect === undefined || owner === undefined) return error;
    const { node } = topology.redirected(redirect, owner);
    const isStandIn = node !== undefined && node.id !== owner.id && topology.map.shardOfNode(node.id)?.id === topology.map.shardOfNode(owner.id)?.id;
    return isStandIn ? new GodwitError('CONNECTION_LOST', failedOver(this.address).message) : error;
  }

  /** Empties the nodes, but for those on which everything up to `offset` is known to be applied: they had it before. */
  private async flush(behind: Mark, database: number | undefined, offset: number): Promise<void> {
    const { topology } = this.options;
    const { streamKnown } = this.survey;
    const commands = database === undefined || topology.databases === 1 ? [['FLUSHALL']] : [['SELECT', String(database)], ['FLUSHDB'], ['SELECT', '0']];
    const due = streamKnown.map((known) => (known < offset ? 1 : 0));
    for (;;) {
      const before = await topology.refresh();
      const isDue = ({ shard }: MarkedNode): boolean => slotsOf(shard).some((slot) => due[slot] === 1);
      const nodes = (await this.nodes.sorting(() => this.nodes.marked(before))).filter(isDue);
      await this.nodes.sorting(() => this.lowMarks.write(nodes, behind, commands));
      // Whatever was known to be applied behind it is gone, and comes again.
      for (const slot of nodes.flatMap(({ shard }) => slotsOf(shard))) [due[slot], streamKnown[slot]] = [1, Math.min(streamKnown[slot], behind.offset)];
      if (sameOwners(before, await topology.refresh())) return;
    }
  }
}

function emptySurvey(mark: Mark | undefined): SlotSurvey {
  return { mark, unknown: [], streamKnown: new Float64Array(SLOT_COUNT), snapshotKnown: new Float64Array(SLOT_COUNT) };
}

function slotsOf({ slots }: ClusterShard): number[] {
  return slots.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
}

function sameOwners(a: ClusterMap, b: ClusterMap): boolean {
  for (let slot = 0; slot < SLOT_COUNT; slot++) if (a.primaryOfSlot(slot)?.id !== b.primaryOfSlot(slot)?.id) return false;
  return true;
}

/** The epoch that all nodes have; 0 when one of them has none. */
function leastEpoch(map: ClusterMap, records: readonly SlotRecord[]): number {
  const bySlot = new Map(records.map((record) => [record.slot, record]));
  const epochs = map.owningShards.map((shard) => Math.max(0, ...markedSlots(shard).map((slot) => epochOf(bySlot.get(slot) ?? { slot, fields: new Map() }))));
  return Math.min(...epochs);
}

async function must(connection: OpenConnection, commands: readonly string[][]): Promise<void> {
  for (const reply of await connection.callAll(commands)) if (reply instanceof ReplyError) throw reply;
}
