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
import { DeadLetterFile } from '../../target/dead-letter.ts';
import { LossReport } from '../../target/loss-report.ts';
import { askCluster } from '../../topology/ask-cluster.ts';
import { buildClusterMap } from '../../topology/build-cluster-map.ts';
import { connectSource, connectTarget, type ConnectOptions } from '../connect-sides.ts';
import type { JobSource } from '../job-source.ts';
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
      const closeable: { of?: JobSource } = {};
      this.closing.push({ close: async () => closeable.of?.close() });
      await connectSource(
        connect,
        (found) => (closeable.of = found),
        ({ places }) => places.map((place) => this.place(place.endpoint)),
      );
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

  /** What one node of each cluster says of it. */
  async surveyClusters(): Promise<void> {
    for (const side of ['source', 'target'] as const) {
      if (this.clusters.some((cluster) => cluster.side === side)) continue;
      const [node] = this.reached(side).filter(({ server }) => server.mode === 'cluster');
      if (node !== undefined) this.clusters.push(await this.clusterAt(side, node));
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
        this.clusters.push(await this.clusterAt(side, connection));
        return;
      } catch {
        await connection.close();
      }
    }
  }

  private async clusterAt(side: SideFailure['side'], connection: Connection): Promise<SurveyedCluster> {
    const setting = side === 'source' ? this.config.sourceSide : this.config.targetSide;
    const { endpoint, server } = connection;
    const askedAt = endpointName(endpoint);
    const view = await askCluster(connection, { role: `${side} control`, address: askedAt });
    const map = buildClusterMap(view, { announced: setting.announced, askedHost: endpoint.host, tls: endpoint.tls !== undefined });
    return { side, map, askedAt, version: server.version };
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
