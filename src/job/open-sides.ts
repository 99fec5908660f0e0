/** Makes source and target of a job of what the configuration says that they are. Nothing is connected yet. */
import type { SyncConfig } from '../config/sync-config.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { Connection } from '../net/connection.ts';
import type { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { Logger } from '../observe/log.ts';
import type { StandaloneSideOptions } from '../pipeline/standalone-side.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import { ClusterTopology } from '../topology/cluster-topology.ts';
import { ClusterTarget } from './cluster-target.ts';
import type { JobSource } from './job-source.ts';
import type { JobTarget } from './job-target.ts';
import { NamedServers } from './named-servers.ts';
import { StandaloneTarget, type TargetPlace } from './standalone-target.ts';

/** Least time between two looks at the map of a cluster: slots that move are waited for. */
const TOPOLOGY_GAP_MS = 50;

interface FirstConnect {
  readonly attemptsMax: number;
  readonly patient: boolean;
}

export interface SidesOptions {
  readonly config: SyncConfig;
  readonly runName: string;
  readonly deadLetters: DeadLetterFile;
  readonly wheel: KeepaliveWheel;
  readonly log: Logger;
  connection(role: string, endpoint: Endpoint, pipeline: string): Connection;
  readonly onEvent: StandaloneSideOptions['onEvent'];
}

export function openSides(options: SidesOptions): { readonly source: JobSource; readonly target: JobTarget } {
  const { config, runName, deadLetters, onEvent } = options;
  const source = new NamedServers(config.sources);
  const role = config.sources.length > 1 ? 'target control' : 'target data';
  const target = new StandaloneTarget({
    config,
    place: fixedPlace(config.target),
    runName,
    connection: (endpoint, pipeline) => options.connection(pipeline === '' ? role : 'target data', endpoint, pipeline),
    deadLetters,
    onEvent,
  });
  return { source, target };
}

/** Connects the target. What turns out to be a node of a cluster stands for the whole: any of its nodes will do as an address. */
export async function connectTarget(options: SidesOptions, target: JobTarget, first: FirstConnect): Promise<JobTarget> {
  await target.connect(first);
  if (!(target instanceof StandaloneTarget) || !target.isClusterNode) return target;
  await target.close();
  const { config, runName, wheel, log, deadLetters, onEvent, connection } = options;
  const { keepalive, reconnect, target: seed } = config;
  const topology = new ClusterTopology({
    side: { kind: 'cluster', seeds: [seed], announced: { addressMap: new Map(), preferHostname: false } },
    role: 'target topology',
    clientName: `${runName}:target-topology`,
    keepalive,
    reconnect,
    wheel,
    log,
    refreshGapMs: TOPOLOGY_GAP_MS,
  });
  const open = (role: string, endpoint: Endpoint, pipeline: string): Connection => connection(role, endpoint, pipeline);
  const cluster = new ClusterTarget({ config, address: endpointName(seed), topology, runName, open, deadLetters, onEvent });
  await cluster.connect();
  return cluster;
}

function fixedPlace(endpoint: Endpoint): TargetPlace {
  return {
    endpoint,
    locate: async () => endpoint,
    onMoved: () => {},
    start: async () => {},
    connections: () => [],
    close: async () => {},
  };
}
