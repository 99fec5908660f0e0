/** Makes source and target of a job of what the configuration says that they are. Nothing is connected yet. */
import type { SyncConfig } from '../config/sync-config.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { SentinelSide } from '../model/side-topology.ts';
import type { Connection } from '../net/connection.ts';
import type { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { Logger } from '../observe/log.ts';
import type { StandaloneSideOptions } from '../pipeline/standalone-side.ts';
import type { Pace } from '../pipeline/pace.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
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

export interface SidesOptions {
  readonly config: SyncConfig;
  /** `godwit:<job>:<run>` */
  readonly runName: string;
  readonly deadLetters: DeadLetterFile;
  readonly pace: Pace;
  readonly wheel: KeepaliveWheel;
  readonly log: Logger;
  /** @param pipeline '' = of the job */
  connection(role: string, endpoint: Endpoint, pipeline: string): Connection;
  readonly onEvent: StandaloneSideOptions['onEvent'];
}

/** What is needed to find out what a side is. */
type LookOptions = Pick<SidesOptions, 'config' | 'runName' | 'wheel' | 'log'>;

type First = { readonly attemptsMax: number; readonly patient: boolean };

/** Looks what the source is, where nobody has said. @throws what stands in the way of that (topology/detect-topology.ts) */
export async function openSource(options: LookOptions, first: First): Promise<JobSource> {
  const { sourceSide, source, otherSources, preferReplica } = options.config;
  if (otherSources.length > 0) return new NamedServers([source, ...otherSources]);
  const discovery = discoveryOptions(options, 'source');
  const side = await detectTopology(sourceSide, { ...discovery, role: 'source control' }, first);
  if (side.kind === 'cluster') return new ClusterSource(new ClusterTopology({ ...discovery, side }), side.seeds, preferReplica);
  if (side.kind === 'sentinel') return new SentinelSource(sentinels(side, discovery), side.primaryName, preferReplica);
  return new NamedServers([side.endpoint]);
}

/** As openSource(). */
export async function openTarget(options: SidesOptions, first: First): Promise<JobTarget> {
  const { config, runName, deadLetters, pace, onEvent } = options;
  const discovery = discoveryOptions(options, 'target');
  const side = await detectTopology(config.targetSide, { ...discovery, role: 'target data' }, first);
  if (side.kind === 'cluster') {
    const topology = new ClusterTopology({ ...discovery, side, refreshGapMs: TOPOLOGY_GAP_MS });
    return new ClusterTarget({
      config,
      address: endpointName(config.target),
      topology,
      runName,
      open: (role, endpoint, pipeline) => options.connection(role, endpoint, pipeline),
      deadLetters,
      pace,
      onEvent,
    });
  }
  return new StandaloneTarget({
    config,
    place: side.kind === 'sentinel' ? watchedPlace(sentinels(side, discovery), config.target) : fixedPlace(side.endpoint),
    runName,
    connection: (endpoint, pipeline) => options.connection('target data', endpoint, pipeline),
    deadLetters,
    pace,
    onEvent,
  });
}

/** What is told of a side before it is known what it is. */
export function unknownSides({ config, runName, deadLetters, pace, connection, onEvent }: SidesOptions): {
  readonly source: JobSource;
  readonly target: JobTarget;
} {
  const source = new NamedServers([config.source, ...config.otherSources]);
  const make = (endpoint: Endpoint, pipeline: string): Connection => connection('target data', endpoint, pipeline);
  return { source, target: new StandaloneTarget({ config, place: fixedPlace(config.target), runName, connection: make, deadLetters, pace, onEvent }) };
}

function sentinels(side: SentinelSide, discovery: DiscoveryOptions): SentinelTopology {
  return new SentinelTopology({ ...discovery, side });
}

function discoveryOptions({ config, runName, wheel, log }: LookOptions, name: 'source' | 'target'): DiscoveryOptions {
  const { keepalive, reconnect } = config;
  return { role: `${name} discovery`, clientName: `${runName}:${name}-discovery`, keepalive, reconnect, wheel, log };
}
