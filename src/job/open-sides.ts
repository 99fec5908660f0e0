/** Makes source and target of a job of what the configuration says that they are. Nothing is connected yet. */
import type { JobConfig, SyncConfig } from '../config/sync-config.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { AutoSide, SentinelSide, SideSetting, TargetTopology } from '../model/side-topology.ts';
import type { Connection } from '../net/connection.ts';
import type { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { Logger } from '../observe/log.ts';
import type { StandaloneSideOptions } from '../pipeline/standalone-side.ts';
import type { Pace } from '../pipeline/pace.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { LossReport } from '../target/loss-report.ts';
import type { DiscoveryOptions } from '../topology/cluster-api.ts';
import { ClusterTopology } from '../topology/cluster-topology.ts';
import { detectTopology } from '../topology/detect-topology.ts';
import { SentinelTopology } from '../topology/sentinel-topology.ts';
import { ClusterSource } from './cluster-source.ts';
import { ClusterTarget } from './cluster-target.ts';
import type { JobSource } from './job-source.ts';
import type { JobTarget } from './job-target.ts';
import { NamedServers } from './named-servers.ts';
import { SentinelSource } from './sentinel-source.ts';
import { StandaloneTarget } from './standalone-target.ts';
import { fixedPlace, watchedPlace } from './target-place.ts';

/** Least time between two looks at the map of a target: slots that move are waited for. */
const TOPOLOGY_GAP_MS = 50;

export interface SidesOptions extends TargetSidesOptions {
  readonly config: SyncConfig;
}

/** Of a job that may have no server as its source. */
export interface TargetSidesOptions {
  readonly config: JobConfig;
  /** `godwit:<job>:<run>` */
  readonly runName: string;
  readonly deadLetters: DeadLetterFile;
  readonly losses: LossReport;
  readonly pace: Pace;
  readonly wheel: KeepaliveWheel;
  readonly log: Logger;
  /** @param pipeline '' = of the job */
  connection(role: string, endpoint: Endpoint, pipeline: string): Connection;
  readonly onEvent: StandaloneSideOptions['onEvent'];
}

/** What is needed to find out what a side is. */
interface LookAtTarget extends Pick<SidesOptions, 'runName' | 'wheel' | 'log'> {
  readonly config: Pick<SyncConfig, 'keepalive' | 'reconnect'>;
}
interface LookOptions extends LookAtTarget {
  readonly config: Pick<SyncConfig, 'sourceSide' | 'otherSources' | 'preferReplica' | 'keepalive' | 'reconnect'>;
}

type First = { readonly attemptsMax: number; readonly patient: boolean };

/**
 * What a side is, where that takes several addresses to find out. One address alone is taken for a server until it says that it is a node of a cluster.
 * @throws what stands in the way (topology/detect-topology.ts)
 */
export function kindOfSide(options: LookAtTarget, name: 'source' | 'target', side: SideSetting, first: First): Promise<TargetTopology> {
  if (isLoneAddress(side)) return Promise.resolve({ kind: 'standalone', endpoint: side.seeds[0] });
  return detectTopology(side, discoveryOptions(options, name), first);
}

/** The side after its one address has turned out to be a node of a cluster. */
export function asCluster(side: SideSetting): TargetTopology | undefined {
  return isLoneAddress(side) ? { ...side, kind: 'cluster' } : undefined;
}

/** The source, whatever it is: asked at once. @throws what stands in the way */
export async function lookForSource(options: LookOptions, first: First): Promise<JobSource> {
  return openSource(options, await detectTopology(options.config.sourceSide, discoveryOptions(options, 'source'), first));
}

/** What is said when the one address has turned out to be that of a sentinel. @throws WRONG_TOPOLOGY with the names that it knows */
export async function refuseSentinel(options: LookAtTarget, name: 'source' | 'target', side: SideSetting, first: First): Promise<void> {
  await detectTopology(side, discoveryOptions(options, name), first);
}

export function openSource(options: LookOptions, side: TargetTopology): JobSource {
  const { otherSources, preferReplica } = options.config;
  const discovery = discoveryOptions(options, 'source');
  if (side.kind === 'cluster') return new ClusterSource(new ClusterTopology({ ...discovery, side }), side.seeds, preferReplica);
  if (side.kind === 'sentinel') return new SentinelSource(sentinels(side, discovery), side.primaryName, preferReplica);
  return new NamedServers([side.endpoint, ...otherSources]);
}

export function openTarget(options: TargetSidesOptions, side: TargetTopology): JobTarget {
  const { config, runName, deadLetters, losses, pace, onEvent } = options;
  if (side.kind === 'cluster') {
    const topology = new ClusterTopology({ ...discoveryOptions(options, 'target'), side, refreshGapMs: TOPOLOGY_GAP_MS });
    return new ClusterTarget({
      config,
      address: endpointName(config.target),
      topology,
      runName,
      open: (role, endpoint, pipeline) => options.connection(role, endpoint, pipeline),
      deadLetters,
      losses,
      pace,
      onEvent,
    });
  }
  return new StandaloneTarget({
    config,
    place: side.kind === 'sentinel' ? watchedPlace(sentinels(side, discoveryOptions(options, 'target')), config.target) : fixedPlace(side.endpoint),
    runName,
    connection: (endpoint, pipeline) => options.connection('target data', endpoint, pipeline),
    deadLetters,
    losses,
    pace,
    onEvent,
  });
}

function isLoneAddress(side: SideSetting): side is AutoSide {
  return side.kind === 'auto' && side.seeds.length === 1;
}

function sentinels(side: SentinelSide, discovery: DiscoveryOptions): SentinelTopology {
  return new SentinelTopology({ ...discovery, side });
}

function discoveryOptions({ config, runName, wheel, log }: LookAtTarget, name: 'source' | 'target'): DiscoveryOptions {
  const { keepalive, reconnect } = config;
  return { role: `${name} discovery`, clientName: `${runName}:${name}-discovery`, keepalive, reconnect, wheel, log };
}
