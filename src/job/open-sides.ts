/** Makes source and target of a job of what the configuration says that they are. Nothing is connected yet. */
import type { SyncConfig } from '../config/sync-config.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { SentinelSide } from '../model/side-topology.ts';
import type { Connection } from '../net/connection.ts';
import type { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { Logger } from '../observe/log.ts';
import type { StandaloneSideOptions } from '../pipeline/standalone-side.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { DiscoveryOptions } from '../topology/cluster-api.ts';
import { ClusterTopology } from '../topology/cluster-topology.ts';
import { SentinelTopology } from '../topology/sentinel-topology.ts';
import { ClusterSource } from './cluster-source.ts';
import type { JobSource } from './job-source.ts';
import type { JobTarget } from './job-target.ts';
import { NamedServers } from './named-servers.ts';
import { SentinelSource } from './sentinel-source.ts';
import { StandaloneTarget } from './standalone-target.ts';
import { fixedPlace, watchedPlace } from './target-place.ts';

export interface SidesOptions {
  readonly config: SyncConfig;
  /** `godwit:<job>:<run>` */
  readonly runName: string;
  readonly deadLetters: DeadLetterFile;
  readonly wheel: KeepaliveWheel;
  readonly log: Logger;
  /** @param pipeline '' = of the job */
  connection(role: string, endpoint: Endpoint, pipeline: string): Connection;
  readonly onEvent: StandaloneSideOptions['onEvent'];
}

export function openSource(options: SidesOptions): JobSource {
  const { sourceSide: side, source, otherSources, preferReplica } = options.config;
  const discovery = discoveryOptions(options, 'source');
  if (side.kind === 'cluster') return new ClusterSource(new ClusterTopology({ ...discovery, side }), side.seeds, preferReplica);
  if (side.kind === 'sentinel') return new SentinelSource(sentinels(side, discovery), side.primaryName, preferReplica);
  return new NamedServers([source, ...otherSources]);
}

export function openTarget(options: SidesOptions): JobTarget {
  const { config, runName, deadLetters, onEvent } = options;
  const { targetSide: side } = config;
  const hasOnePipeline = config.sourceSide.kind !== 'cluster' && config.otherSources.length === 0;
  const role = hasOnePipeline ? 'target data' : 'target control';
  const discovery = discoveryOptions(options, 'target');
  return new StandaloneTarget({
    config,
    place: side.kind === 'sentinel' ? watchedPlace(sentinels(side, discovery), config.target) : fixedPlace(config.target),
    runName,
    connection: (endpoint, pipeline) => options.connection(pipeline === '' ? role : 'target data', endpoint, pipeline),
    deadLetters,
    onEvent,
  });
}

function sentinels(side: SentinelSide, discovery: DiscoveryOptions): SentinelTopology {
  return new SentinelTopology({ ...discovery, side });
}

function discoveryOptions({ config, runName, wheel, log }: SidesOptions, name: 'source' | 'target'): DiscoveryOptions {
  const { keepalive, reconnect } = config;
  return { role: `${name} discovery`, clientName: `${runName}:${name}-discovery`, keepalive, reconnect, wheel, log };
}
