/** A cluster as the target of a job: found out from one of its nodes, one connection to each primary for questions, and a side for each pipeline. */
import { FIRST_MARK, type Mark } from '../checkpoint/mark.ts';
import { SlotMarkStore } from '../checkpoint/slot-mark-store.ts';
import type { KnownPipeline } from '../checkpoint/job-marks.ts';
import { highestEpoch, lastLowMark, noteField, noteOf, pipelinesOf, type SlotRecord, surveySlots } from '../checkpoint/slot-records.ts';
import type { JobConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { ALL_KEYS } from '../model/key-share.ts';
import { compareVersions, type ServerVersion, versionName } from '../model/server-version.ts';
import type { Connection } from '../net/connection.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import type { BarrierCounts } from '../pipeline/cluster-barriers.ts';
import { ClusterLinks } from '../pipeline/cluster-links.ts';
import { clusterFailure, mayNotKill } from '../pipeline/cluster-failure.ts';
import { readRecords } from '../pipeline/read-records.ts';
import { ClusterSide, type ClusterSideOptions } from '../pipeline/cluster-side.ts';
import { LowMarks, markedSlots } from '../pipeline/low-marks.ts';
import type { TargetSide } from '../pipeline/target-side.ts';
import { ReplyError } from '../resp/reply.ts';
import type { Pace } from '../pipeline/pace.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { LossReport } from '../target/loss-report.ts';
import type { ClusterFollower } from '../topology/cluster-api.ts';
import type { ClusterMap, ClusterShard } from '../topology/cluster-map.ts';
import type { ClusterNode } from '../topology/cluster-node.ts';
import { parseRedirect } from '../topology/parse-redirect.ts';
import { checkTargetRights } from './check-rights.ts';
import { finishCluster } from './finish-cluster.ts';
import { beginMark } from './begin-mark.ts';
import type { JobTarget, PipelinePlan, TakenOver, TakeOverRequest } from './job-target.ts';
import { keyCount, notEmpty, restoreOptions, valueBytesMax } from './preflight.ts';

export interface ClusterTargetOptions {
  readonly config: JobConfig;
  readonly address: string;
  readonly topology: ClusterFollower;
  /** Begins the names of all connections of this run. */
  readonly runName: string;
  /** A connection for one pipeline ('' with the role `target control` for the job). */
  open(role: string, endpoint: Endpoint, pipeline: string): Connection;
  readonly deadLetters: DeadLetterFile;
  readonly losses: LossReport;
  readonly pace: Pace;
  readonly onEvent: ClusterSideOptions['onEvent'];
}

const TRIES_MAX = 20;
const READY_RETRY_MS = 250;

export class ClusterTarget implements JobTarget {
  readonly address: string;
  /** It stands for the whole cluster. */
  readonly isClusterNode = false;
  readonly isCluster = true;
  readonly isSentinel = false;
  /** Of all pipelines. */
  readonly counts: BarrierCounts = { split: 0 };
  readonly store: SlotMarkStore;
  private readonly options: ClusterTargetOptions;
  private readonly links: ClusterLinks;
  private readonly pipelineLinks = new Map<string, ClusterLinks>();
  private primaries = new Map<string, Connection>();
  /** Replication ids, by node. */
  private histories = new Map<string, string>();
  private map: ClusterMap | undefined;
  private epoch = 0;
  private plans: readonly PipelinePlan[] = [];
  private isResumed = false;
  private isClosed = false;

  constructor(options: ClusterTargetOptions) {
    const { config, topology, runName } = options;
    this.options = options;
    this.address = options.address;
    this.store = new SlotMarkStore({ prefix: config.checkpoint.prefix, job: config.job.name, run: runName });
    this.links = new ClusterLinks(topology, (endpoint) => options.open('target control', endpoint, ''));
  }

  get version(): ServerVersion | undefined {
    const versions = [...this.primaries.values()].map(({ server }) => server.version);
    const known = versions.filter((version) => version !== undefined);
    return known.length < versions.length ? undefined : known.toSorted(compareVersions)[0];
  }

  get serverName(): string {
    const nodes = this.map?.owningShards.length ?? 0;
    return this.version === undefined ? 'unknown' : `${versionName(this.version)}, cluster of ${nodes} ${nodes === 1 ? 'shard' : 'shards'}`;
  }

  get databases(): number {
    return this.options.topology.databases;
  }

  get valueBytesMax(): number {
    const limits = [...this.primaries.values()].map(valueBytesMax).filter((limit) => limit > 0);
    return limits.length === 0 ? 0 : Math.min(...limits);
  }

  /** A cluster in the middle of a failover is waited for, as long as a server is. @throws TARGET_NOT_READY */
  async connect({ patient, attemptsMax }: Parameters<JobTarget['connect']>[0]): Promise<void> {
    await this.options.topology.start();
    let told = '';
    for (let attempts = 1; ; attempts++) {
      try {
        return await this.ready();
      } catch (error) {
        if (!(error instanceof GodwitError) || error.code !== 'TARGET_NOT_READY' || this.isClosed) throw error;
        if (!patient && attempts >= attemptsMax) throw error;
        if (error.message !== told) this.options.onEvent('warn', 'target.not-ready', error.message);
        told = error.message;
        await new Promise((resolve) => setTimeout(resolve, READY_RETRY_MS));
      }
    }
  }

  async ready(): Promise<void> {
    const map = await this.options.topology.refresh();
    if (map.slotsMissing > 0) throw new GodwitError('TARGET_NOT_READY', `${map.slotsMissing} slots of target ${this.address} have no owner for now`);
    this.primaries = await this.links.toOwners(map);
    this.map = map;
  }

  check(): void {
    // The map has primaries alone, and toOwners() has looked at their roles.
  }

  runIds(): string[] {
    return [...this.primaries.values()].map(({ server }) => server.runId).filter((runId) => runId !== '');
  }

  async checkRights(): Promise<readonly string[]> {
    const { checkpoint, sync } = this.options.config;
    const missing = await Promise.all(
      this.shards().map(async ({ shard, connection }) => {
        if (!(await this.store.mayKill(connection))) throw mayNotKill(this.address);
        const needed = { markKey: this.store.keyOf(markedSlots(shard)[0]), prefix: checkpoint.prefix, flush: sync.flushTarget };
        return checkTargetRights(connection, this.options.topology.endpointOf(shard.primary), needed);
      }),
    );
    return [...new Set(missing.flat())];
  }

  async keyCount(): Promise<number> {
    const counts = await Promise.all(this.shards().map(({ connection }) => keyCount(connection)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async known(): Promise<ReadonlyMap<string, KnownPipeline>> {
    const records = await this.readAll();
    const known = new Map<string, KnownPipeline>();
    for (const pipeline of pipelinesOf(records)) {
      const mark = this.survey(pipeline, records) ?? lastLowMark(pipeline, records);
      if (mark !== undefined) known.set(pipeline, { mark: { ...mark, epoch: highestEpoch(records) }, note: noteOf(pipeline, records) });
    }
    return known;
  }

  /** Slots that move meanwhile are waited for. */
  async takeOver(request: TakeOverRequest): Promise<TakenOver> {
    try {
      return await this.take(request);
    } catch (error) {
      throw error instanceof ReplyError ? clusterFailure(error, this.address) : error;
    }
  }

  private async take({ pipelines, epochTaken, mayFlush }: TakeOverRequest): Promise<TakenOver> {
    const { config } = this.options;
    this.isResumed = pipelinesOf(await this.readAll()).size > 0;
    this.plans = pipelines;
    const flush = !this.isResumed && config.sync.flushTarget && (await mayFlush());
    const keys = this.isResumed || flush ? 0 : await this.keyCount();
    if (keys > 0 && config.sync.onExisting === 'fail' && !pipelines.every(({ beginsAt }) => beginsAt !== undefined)) throw notEmpty(config, this.address, keys);
    const { epoch, killed } = await this.fence(epochTaken);
    this.epoch = epoch;
    const names = pipelines.map(({ name }) => name);
    if (flush) await this.writeFirst(names, { ...FIRST_MARK, epoch, owned: true }, true);
    const records = await this.readAll();
    const marks = new Map<string, Mark>();
    for (const plan of pipelines) marks.set(plan.name, { ...(await this.markOf(plan, records, keys === 0)), epoch });
    return { epoch, marks, isResumed: this.isResumed, killed };
  }

  /** Kept in two records; a slot that moves takes it along. */
  async note(pipeline: string, note: string): Promise<void> {
    const [{ shard, connection }] = this.shards();
    const replies = await connection.callAll(markedSlots(shard).map((slot) => ['HSET', this.store.keyOf(slot), noteField(pipeline), note]));
    const refusal = replies.find((reply) => reply instanceof ReplyError);
    if (refusal instanceof ReplyError && replies.every((reply) => reply instanceof ReplyError)) throw refusal;
  }

  /** Writes the next epoch to all nodes and ends the connections of other runs. @returns the epoch, and how many connections that were */
  async fence(epochTaken: number): Promise<{ readonly epoch: number; readonly killed: number }> {
    const epoch = await this.nextEpoch(epochTaken);
    const killed = await Promise.all(
      this.shards().map(async ({ shard, connection }) => {
        await this.store.writeEpoch(connection, markedSlots(shard), epoch);
        return this.store.killOthers(connection, (name) => !name.startsWith(`${this.options.runName}:`));
      }),
    );
    // A primary that gets its first slot just now has no epoch that an older owner would read.
    const without = (this.map?.shards ?? []).filter(({ slots, primary }) => slots.length === 0 && primary.health === 'online');
    for (const { primary } of without) {
      const connection = await this.links.to(primary).catch(() => undefined);
      if (connection !== undefined) killed.push(await this.store.killOthers(connection, (name) => !name.startsWith(`${this.options.runName}:`)));
    }
    if (killed.some((count) => count < 0)) throw mayNotKill(this.address);
    return { epoch, killed: killed.reduce((sum, count) => sum + count, 0) };
  }

  async side(pipeline: string): Promise<TargetSide> {
    const { config, topology, deadLetters, losses, pace, onEvent, runName, open } = this.options;
    const { store, version, counts, epoch, valueBytesMax: bytesMax } = this;
    const links = new ClusterLinks(topology, (endpoint) => open('target data', endpoint, pipeline));
    this.pipelineLinks.set(pipeline, links);
    const [{ connection }] = this.shards().toSorted((a, b) => compareVersions(a.connection.server.version, b.connection.server.version));
    const restore = await restoreOptions(config, connection, losses);
    const own = clientNameOf(runName, pipeline);
    const plan = this.plans.find(({ name }) => name === pipeline);
    const share = plan?.share ?? ALL_KEYS;
    const isOld = (name: string): boolean => !name.startsWith(`${runName}:`) || name === own;
    const shared = { config, address: this.address, pipeline, epoch, topology, links, store, deadLetters, pace, restore, version, counts, onEvent };
    return new ClusterSide({ ...shared, valueBytesMax: bytesMax, isOld, share, mayHoldKeys: this.isResumed });
  }

  finish(): Promise<string> {
    return finishCluster(this.options.config, this);
  }

  /** Of all nodes. @throws TARGET_NOT_READY */
  readAll(): Promise<SlotRecord[]> {
    return readRecords(this.store, this.address, {
      each: (work) =>
        Promise.all(
          this.shards().map(async ({ shard, connection }) => {
            this.histories.set(shard.primary.id, (await this.store.history(connection)).id);
            return work(connection, shard);
          }),
        ),
      follow: (text, from) => this.follow(text, from),
      lookAgain: () => this.ready(),
    });
  }

  /** Connected primaries that own slots. */
  shards(): { readonly shard: ClusterShard; readonly connection: Connection }[] {
    return (this.map?.owningShards ?? []).flatMap((shard) => {
      const connection = this.primaries.get(shard.primary.id);
      return connection === undefined ? [] : [{ shard, connection }];
    });
  }

  primaryEndpoints(): Endpoint[] {
    return this.shards().map(({ shard }) => this.options.topology.endpointOf(shard.primary));
  }

  connections(): ConnectionStatus[] {
    const ofPipelines = [...this.pipelineLinks].flatMap(([pipeline, links]) => links.status().map((one) => (pipeline === '' ? one : { ...one, pipeline })));
    return [...this.options.topology.connections(), ...this.links.status(), ...ofPipelines];
  }

  stopWaiting(): void {
    for (const links of [this.links, ...this.pipelineLinks.values()]) links.stopWaiting();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([this.options.topology.close(), this.links.close(), ...[...this.pipelineLinks.values()].map((links) => links.close())]);
  }

  /** The node that an ASK names. @throws TARGET_NOT_READY */
  private async follow(text: string, from: ClusterNode): Promise<Connection> {
    const redirect = parseRedirect(text);
    const node = redirect && this.options.topology.redirected(redirect, from).node;
    if (node === undefined) throw clusterFailure(new ReplyError(text), this.address);
    return this.links.to(node);
  }

  /** Two that take over at once must not take the same epoch: the record of one slot decides, the first one that is not on its way. */
  private async nextEpoch(epochTaken: number): Promise<number> {
    const places = this.shards().flatMap(({ shard, connection }) => markedSlots(shard).map((slot) => ({ slot, connection })));
    let refusal: ReplyError | undefined;
    for (const { slot, connection } of places) {
      for (let tries = 0; tries < TRIES_MAX; tries++) {
        const [watched] = await connection.callAll([['WATCH', this.store.keyOf(slot)]]);
        const epoch = Math.max(epochTaken, highestEpoch(await this.readAll())) + 1;
        const replies = watched instanceof ReplyError ? [watched] : await connection.callAll([['MULTI'], ...this.store.epochCommands([slot], epoch), ['EXEC']]);
        refusal = replies.find((reply) => reply instanceof ReplyError);
        if (refusal === undefined && replies[replies.length - 1] !== null) return epoch;
        if (refusal !== undefined) break;
      }
      // A slot that is on its way: the next one will do.
      if (refusal === undefined || refusal.code !== 'ASK') break;
    }
    if (refusal !== undefined) throw clusterFailure(refusal, this.address);
    throw new GodwitError('FENCED', 'other processes keep taking over this job');
  }

  private async markOf(plan: PipelinePlan, records: readonly SlotRecord[], isEmpty: boolean): Promise<Mark> {
    const { config, onEvent } = this.options;
    const mark = this.survey(plan.name, records);
    if (mark !== undefined && !plan.beginsAnew) return mark;
    const last = mark ?? lastLowMark(plan.name, records);
    if (last === undefined) {
      const { beginsAt } = plan;
      const first = beginsAt === undefined ? { ...FIRST_MARK, epoch: this.epoch, owned: isEmpty } : beginMark(beginsAt, this.epoch);
      await this.writeFirst([plan.name], first, false);
      await this.note(plan.name, plan.note);
      return first;
    }
    if (mark === undefined) {
      if (config.sync.onLostPosition === 'stop')
        throw new GodwitError('POSITION_LOST', `marks are gone from target ${this.address}: a node of it has lost its data`);
      onEvent('warn', 'target.lost-data', 'marks are gone from the target: a node of it has lost its data, a new full sync begins');
    }
    const again: Mark = { ...last, phase: 'full-sync', offset: 0, database: 0, snapshotId: 0, rdbOffset: 0, rdbState: null };
    await this.writeFirst([plan.name], again, false);
    await this.note(plan.name, plan.note);
    return again;
  }

  private survey(pipeline: string, records: readonly SlotRecord[]): Mark | undefined {
    const map = this.map as ClusterMap;
    return surveySlots(pipeline, records, {
      shardOfSlot: (slot) => map.shardOfSlot(slot)?.id,
      shardOfNode: (id) => map.shardOfNode(id)?.id,
      historyOfSlot: (slot) => this.histories.get(map.primaryOfSlot(slot)?.id ?? '') ?? '',
    }).mark;
  }

  private async writeFirst(pipelines: readonly string[], mark: Mark, flush: boolean): Promise<void> {
    for (const [i, pipeline] of pipelines.entries()) {
      const lows = new LowMarks({ store: this.store, pipeline, epoch: this.epoch });
      const nodes = this.shards().map((node) => ({ ...node, history: this.histories.get(node.shard.primary.id) ?? '' }));
      await lows.write(nodes, mark, flush && i === 0 ? [['FLUSHALL']] : []);
    }
  }
}

/** What the connections of a pipeline to the nodes are called. */
function clientNameOf(runName: string, pipeline: string): string {
  return `${runName}:${pipeline === '' ? '' : `${pipeline}:`}target-data`;
}
