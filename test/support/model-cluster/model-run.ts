/**
 * One Godwit between a stream and a model: a ClusterSide and its deliveries as they are, and around them what sync-pipeline.ts and applier.ts do, in short. It can
 * be killed at any moment; the next one takes over.
 */
import { Pace } from '../../../src/pipeline/pace.ts';
import { builtInCommands } from '../../../src/command/built-in-commands.ts';
import { SlotMarkStore } from '../../../src/checkpoint/slot-mark-store.ts';
import type { Mark } from '../../../src/checkpoint/mark.ts';
import type { JobConfig } from '../../../src/config/sync-config.ts';
import { type GodwitError, toGodwitError } from '../../../src/errors/errors.ts';
import { ALL_KEYS } from '../../../src/model/key-share.ts';
import type { Connection } from '../../../src/net/connection.ts';
import { ClusterLinks } from '../../../src/pipeline/cluster-links.ts';
import { ClusterSide } from '../../../src/pipeline/cluster-side.ts';
import type { Delivery } from '../../../src/pipeline/delivery.ts';
import type { Snapshot } from '../../../src/pipeline/sync-spool.ts';
import { StreamDecoder } from '../../../src/resp/stream-decoder.ts';
import { ReplyError } from '../../../src/resp/reply.ts';
import type { DeadLetterFile } from '../../../src/target/dead-letter.ts';
import { ValueConversion } from '../../../src/target/value-conversion.ts';
import type { ModelCluster } from './model-cluster.ts';
import { ModelConnection } from './model-connection.ts';
import type { ModelStream } from './model-stream.ts';
import { ModelTopology } from './model-topology.ts';

export const PREFIX = 'godwit';
const RETRY_MS = 200;
const CONFIG = {
  sync: { onExisting: 'replace', onError: 'stop', onUnsupported: 'stop', onCrossSlot: 'split', onLostPosition: 'full-sync' },
  checkpoint: { prefix: PREFIX },
  rate: { commands: 0, bytes: 0 },
  limits: { valueBytesMax: 0, unansweredBytesMax: 0 },
} as unknown as JobConfig;

export class ModelRun {
  readonly topology: ModelTopology;
  readonly epoch: number;
  /** How it has ended: `FENCED` and the like. */
  ended: string | undefined;
  /** The snapshot was needed once more. */
  fullSyncs = 0;
  applied = 0;
  private readonly cluster: ModelCluster;
  private readonly stream: ModelStream;
  private readonly side: ClusterSide;
  private readonly store: SlotMarkStore;
  private readonly own: ModelConnection[] = [];
  private mark: Mark;
  private replayUntil: number;
  private isKilled = false;

  constructor(cluster: ModelCluster, stream: ModelStream, epoch: number) {
    this.cluster = cluster;
    this.stream = stream;
    this.epoch = epoch;
    this.replayUntil = stream.endOffset;
    this.topology = new ModelTopology(cluster);
    const run = `godwit:job:run${epoch}`;
    const links = new ClusterLinks(this.topology, ({ port }) => this.connect(port, `${run}:target-data`));
    this.store = new SlotMarkStore({ prefix: PREFIX, job: 'job', run });
    const conversion = new ValueConversion(undefined, 'stop');
    // One that comes later empties the target before it begins anew.
    this.mark = { ...FIRST, epoch, replicationId: epoch === 1 ? '' : 'r' };
    this.side = new ClusterSide({
      pace: new Pace({ commands: 0, bytes: 0 }),
      config: CONFIG,
      address: 'model',
      pipeline: '',
      epoch,
      topology: this.topology,
      links,
      store: this.store,
      deadLetters: { write: () => Promise.reject(new Error('dead letters')) } as unknown as DeadLetterFile,
      restore: { conversion, replace: true, setPxat: true, absttl: true, keepIdle: false, keepFreq: false },
      version: undefined,
      valueBytesMax: 0,
      counts: { split: 0 },
      share: ALL_KEYS,
      mayHoldKeys: false,
      isOld: (name) => !name.startsWith(`${run}:`) || name === `${run}:target-data`,
      onEvent: () => {},
    });
  }

  /** As ClusterTarget does it: its epoch goes to all nodes, and the connections of others end. */
  takeOver(): void {
    for (let shard = 0; shard < this.cluster.shards; shard++) this.cluster.writeEpoch(shard, this.store, this.epoch);
    for (const connection of this.cluster.connections) if (!this.own.includes(connection)) connection.cut();
  }

  /** Resolves when it has ended, by itself or by kill(). */
  async run(): Promise<void> {
    while (!this.isKilled) {
      try {
        await this.attempt();
      } catch (caught) {
        if (this.isKilled) return;
        const error: GodwitError | ReplyError = caught instanceof ReplyError ? caught : toGodwitError(caught);
        if (error instanceof ReplyError || !error.retryable) {
          this.ended = error instanceof ReplyError ? error.text : `${error.code}: ${error.message}`;
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Its connections end; what they have brought to a node may be carried out before. */
  kill(): void {
    this.isKilled = true;
    for (const connection of this.own) void connection.close();
  }

  private connect(port: number, name: string): Connection {
    const node = this.cluster.nodes.find((one) => one.port === port);
    if (node === undefined) throw new Error(`no node on port ${port}`);
    const connection = new ModelConnection(this.cluster, node, name);
    this.own.push(connection);
    return connection as unknown as Connection;
  }

  private async attempt(): Promise<void> {
    await this.side.ready();
    const found = await this.side.readMark(this.epoch);
    if (found === undefined || found.snapshotId === 0) return this.beginAnew(found ?? this.mark);
    if (found.epoch < this.epoch) return this.side.takeOverAgain(this.epoch);
    this.mark = found;
    this.applied = found.offset;
    await this.follow(found);
  }

  /** There are no keys in the snapshot: the stream is the whole history. */
  private async beginAnew(before: Mark): Promise<void> {
    this.fullSyncs++;
    const empty = before.snapshotId === 0 ? before : await this.side.beginAnew(before);
    const fresh = await this.side.beginFullSync(empty, { replicationId: 'r', offset: 0, startedAt: this.stream.snapshotIds++ } as unknown as Snapshot);
    const delivery = this.open(fresh);
    await this.endFullSync(delivery, fresh);
    delivery.close();
  }

  private async endFullSync(delivery: Delivery, mark: Mark): Promise<Mark> {
    const done: Mark = { ...mark, phase: 'incremental-sync' };
    await Promise.race([delivery.endFullSync(done), this.failure]);
    return done;
  }

  private open(mark: Mark): Delivery {
    let failed = (_error: GodwitError): void => {};
    const failure = new Promise<never>((_resolve, reject) => (failed = reject));
    failure.catch(() => {});
    this.failure = failure;
    const delivery = this.side.open(mark, {
      leftOut: new Set(),
      replayUntil: this.replayUntil,
      table: builtInCommands,
      replaceFunctions: false,
      stopping: () => false,
      onApplied: (position) => (this.applied = position.mark.offset),
      onMarked: () => {},
      onFailed: (error) => failed(error),
    });
    return delivery;
  }

  private failure: Promise<never> = new Promise(() => {});

  private async follow(found: Mark): Promise<void> {
    const delivery = this.open(found);
    const decoder = new StreamDecoder(found, PREFIX);
    try {
      // A node has lost the end of the full sync.
      const from = found.phase === 'full-sync' ? await this.endFullSync(delivery, found) : found;
      for (;;) {
        const batch = await Promise.race([delivery.take(4_096), this.failure]);
        while (decoder.offset >= this.stream.endOffset) await Promise.race([this.stream.more, this.failure]);
        const bytes = this.stream.piece(decoder.offset);
        decoder.decode(bytes, 0, bytes.length, batch);
        await Promise.race([delivery.sendCommands({ ...from, offset: decoder.offset, database: 0 }), this.failure]);
      }
    } finally {
      this.replayUntil = Math.max(this.replayUntil, delivery.sentOffset);
      delivery.close();
    }
  }
}

const FIRST: Mark = {
  epoch: 0,
  phase: 'full-sync',
  replicationId: '',
  offset: 0,
  database: 0,
  snapshotId: 0,
  rdbOffset: 0,
  rdbState: null,
  owned: true,
};
