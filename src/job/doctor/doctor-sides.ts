/**
 * Connects both sides as the job would, once, and keeps all that was reached, also where a side as a whole is not: what the checks look at is then what there is.
 * Nothing is written. A cluster that is not complete is asked node by node of its seeds.
 */
import type { SyncConfig } from '../../config/sync-config.ts';
import { type GodwitError, toGodwitError } from '../../errors/errors.ts';
import { type Endpoint, endpointName } from '../../model/endpoint.ts';
import type { SideSetting } from '../../model/side-topology.ts';
import { Connection } from '../../net/connection.ts';
import { KeepaliveWheel } from '../../net/keepalive-wheel.ts';
import type { Logger } from '../../observe/log.ts';
import { silentLogger } from '../../observe/log.ts';
import { Pace } from '../../pipeline/pace.ts';
import { ReplyError } from '../../resp/reply.ts';
import { DeadLetterFile } from '../../target/dead-letter.ts';
import { LossReport } from '../../target/loss-report.ts';
import { askCluster } from '../../topology/ask-cluster.ts';
import { buildClusterMap } from '../../topology/build-cluster-map.ts';
import { connectSource, connectTarget, type ConnectOptions } from '../connect-sides.ts';
import type { JobSource, SourcePlace } from '../job-source.ts';
import type { JobTarget } from '../job-target.ts';
import { openTarget, type SidesOptions } from '../open-sides.ts';
import type { SideFailure, SurveyedCluster } from './doctor-scene.ts';

/** A look, not a siege: what does not answer at once is told. */
const ATTEMPTS = 1;
const CONNECT_TIMEOUT_MAX_MS = 3_000;

export class DoctorSides {
  readonly failures: SideFailure[] = [];
  readonly clusters: SurveyedCluster[] = [];
  target: JobTarget | null = null;
  /** By `role address`. */
  private readonly opened = new Map<string, Connection>();
  private readonly closing: { close(): Promise<void> }[] = [];
  private readonly sides: SidesOptions;
  private readonly config: SyncConfig;
  private readonly wheel = new KeepaliveWheel();

  constructor(given: SyncConfig, log: Logger) {
    const { reconnect, keepalive } = given;
    // An interval that is too long would end the connections that are to tell so.
    this.config = {
      ...given,
      keepalive: { ...keepalive, intervalMs: 0 },
      reconnect: { ...reconnect, attemptsMax: ATTEMPTS, connectTimeoutMs: Math.min(reconnect.connectTimeoutMs, CONNECT_TIMEOUT_MAX_MS) },
    };
    this.sides = {
      config: this.config,
      runName: `godwit-doctor:${given.job.name}`,
      deadLetters: new DeadLetterFile(''),
      losses: new LossReport(''),
      pace: new Pace(given.rate),
      wheel: this.wheel,
      log,
      connection: (role, endpoint) => this.connection(role, endpoint),
      onEvent: () => {},
    };
  }

  /** Reached, of one side. */
  reached(side: 'source' | 'target'): Connection[] {
    return [...this.opened].filter(([name, connection]) => name.startsWith(`${side} `) && connection.isReady).map(([, connection]) => connection);
  }

  async openSource(): Promise<void> {
    const { otherSources, source } = this.config;
    await this.attempt('source', source, async (connect) => {
      const found: { source?: JobSource } = {};
      this.closing.push({ close: async () => found.source?.close() });
      await connectSource(
        connect,
        (source) => (found.source = source),
        ({ places }) => places.map((place) => this.place(place.endpoint)),
      );
      if (this.config.preferReplica) await this.toReplicas(found.source?.places ?? []);
    });
    // One that is not reached ends the look at all of them: who else answers is known behind it.
    if (otherSources.length === 0) return;
    const waiting = [...this.opened].filter(([name, connection]) => name.startsWith('source ') && !connection.isReady && connection.stateName !== 'closed');
    for (const [name, connection] of waiting) {
      const address = name.slice('source '.length);
      const error = await connection.ready().then(() => undefined, toGodwitError);
      if (error !== undefined && !this.failures.some((one) => one.address === address)) this.failures.push({ side: 'source', address, error });
    }
  }

  async openTarget(): Promise<void> {
    await this.attempt('target', this.config.target, async (connect) => {
      let found: JobTarget | undefined;
      this.closing.push({ close: async () => found?.close() });
      await connectTarget(connect, (target) => (found = target));
      this.target = found ?? null;
    });
  }

  /** Of a job that has no other targets: no cluster, and no sentinels. */
  async openServer(): Promise<void> {
    await this.attempt('target', this.config.target, async ({ first }) => {
      const target = openTarget(this.sides, { kind: 'standalone', endpoint: this.config.target });
      this.closing.push(target);
      await target.connect(first);
      this.target = target;
    });
  }

  /** What the nodes of each cluster say of it. */
  async surveyClusters(): Promise<void> {
    for (const side of ['source', 'target'] as const) {
      if (this.clusters.some((cluster) => cluster.side === side)) continue;
      const nodes = this.reached(side).filter(({ server }) => server.mode === 'cluster');
      if (nodes.length > 0) this.clusters.push(await this.clusterAt(side, nodes));
    }
  }

  /** Whether the user may hear of changes of keys; on a connection of its own, which is of no other use then. @returns the refusal, '' = it may */
  async tryListening({ endpoint }: Connection): Promise<string> {
    const { keepalive, reconnect } = this.config;
    const clientName = `${this.sides.runName}:source-events`;
    const options = { role: 'source events', endpoint, clientName, keepalive, reconnect, wheel: this.wheel, log: silentLogger };
    const connection = new Connection({ ...options, onMessage: (reply) => Array.isArray(reply) && String(reply[0]).endsWith('message') });
    try {
      await connection.connect({ attemptsMax: ATTEMPTS });
      const [reply] = await connection.callAll([['PSUBSCRIBE', '__keyevent@*']]);
      return reply instanceof ReplyError ? reply.text : '';
    } finally {
      await connection.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.closing.map((one) => one.close().catch(() => {})), ...[...this.opened.values()].map((connection) => connection.close())]);
  }

  private place(endpoint: Endpoint): { readonly control: Connection; close(): Promise<void> } {
    const control = this.sides.connection('source control', endpoint, '');
    return { control, close: () => control.close() };
  }

  private connection(role: string, endpoint: Endpoint): Connection {
    const { keepalive, reconnect } = this.config;
    const clientName = `${this.sides.runName}:${role.replace(' ', '-')}`;
    const connection = new Connection({ role, endpoint, clientName, keepalive, reconnect, wheel: this.wheel, log: silentLogger });
    this.opened.set(`${role.split(' ', 1)[0]} ${endpointName(endpoint)}`, connection);
    return connection;
  }

  private async attempt(side: SideFailure['side'], endpoint: Endpoint, open: (connect: ConnectOptions) => Promise<void>): Promise<void> {
    try {
      await open({ sides: this.sides, first: { attemptsMax: ATTEMPTS, patient: false }, unlessStopped: (work) => work });
    } catch (caught) {
      const error = toGodwitError(caught);
      if (error.code === 'CLUSTER_NOT_READY' || error.code === 'TARGET_NOT_READY') await this.lookAtCluster(side);
      if (!this.clusters.some((cluster) => cluster.side === side)) this.failures.push({ side, address: addressOf(error, endpoint), error });
    }
  }

  /** A cluster that is not complete tells what it lacks all the same. */
  private async lookAtCluster(side: SideFailure['side']): Promise<void> {
    const setting = side === 'source' ? this.config.sourceSide : this.config.targetSide;
    for (const seed of seedsOf(setting)) {
      const connection = this.connection(`${side} control`, seed);
      try {
        await connection.connect({ attemptsMax: ATTEMPTS });
        this.clusters.push(await this.clusterAt(side, [connection]));
        return;
      } catch {
        await connection.close();
      }
    }
  }

  /** As the first one sees it; of slots that are on their way each node knows its own alone. */
  private async clusterAt(side: SideFailure['side'], nodes: readonly Connection[]): Promise<SurveyedCluster> {
    const setting = side === 'source' ? this.config.sourceSide : this.config.targetSide;
    const [{ endpoint, server }] = nodes;
    const askedAt = endpointName(endpoint);
    const views = await Promise.all(nodes.map((node) => askCluster(node, { role: `${side} control`, address: endpointName(node.endpoint) })));
    const moving = new Map(views.flatMap((view) => view.nodes.filter((one) => one.moving.length > 0).map((one) => [one.id, one.moving])));
    const view = { ...views[0], nodes: views[0].nodes.map((node) => ({ ...node, moving: moving.get(node.id) ?? node.moving })) };
    const map = buildClusterMap(view, { announced: setting.announced, askedHost: endpoint.host, tls: endpoint.tls !== undefined });
    return { side, map, askedAt, version: server.version };
  }

  /** With source.prefer_replica the job reads from a replica: that is the one to look at. */
  private async toReplicas(places: readonly SourcePlace[]): Promise<void> {
    for (const place of places) {
      const before = `source ${endpointName(place.endpoint)}`;
      const endpoint = await place.locate();
      const name = `source ${endpointName(endpoint)}`;
      if (name === before || this.opened.has(name)) continue;
      await this.connection('source control', endpoint).connect({ attemptsMax: ATTEMPTS });
      await this.opened.get(before)?.close();
    }
  }
}

function seedsOf(side: SideSetting): readonly Endpoint[] {
  return side.kind === 'sentinel' ? [] : side.seeds;
}

/** Of the one that the error is about. */
function addressOf({ details, message }: GodwitError, endpoint: Endpoint): string {
  const address = (details as { address?: unknown } | undefined)?.address;
  if (typeof address === 'string') return address;
  return /(?:\[[0-9a-f:.]+\]|[\w.-]+):\d{1,5}\b/i.exec(message)?.[0] ?? endpointName(endpoint);
}
