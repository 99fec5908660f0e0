/** Makes source and target of a job of what the configuration says that they are. Nothing is connected yet. */
import type { SyncConfig } from '../config/sync-config.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Connection } from '../net/connection.ts';
import type { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { Logger } from '../observe/log.ts';
import type { StandaloneSideOptions } from '../pipeline/standalone-side.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { JobSource } from './job-source.ts';
import type { JobTarget } from './job-target.ts';
import { NamedServers } from './named-servers.ts';
import { StandaloneTarget, type TargetPlace } from './standalone-target.ts';

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
