/** Where the one server is that a standalone target is now: an address that stays, or the primary that sentinels name. */
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import type { SentinelFollower } from '../topology/sentinel-api.ts';

export interface TargetPlace {
  /** As last located. */
  readonly endpoint: Endpoint;
  /** Looks; resolves with the endpoint then in force. */
  locate(): Promise<Endpoint>;
  /** Called when it has gone elsewhere. */
  onMoved(listener: (endpoint: Endpoint, reason: string) => void): void;
  /** Finds it for the first time. */
  start(): Promise<void>;
  connections(): ConnectionStatus[];
  close(): Promise<void>;
}

export function fixedPlace(endpoint: Endpoint): TargetPlace {
  return {
    endpoint,
    locate: async () => endpoint,
    onMoved: () => {},
    start: async () => {},
    connections: () => [],
    close: async () => {},
  };
}

/** @param first what it is called before the sentinels have answered */
export function watchedPlace(topology: SentinelFollower, first: Endpoint): TargetPlace {
  let started = false;
  return {
    get endpoint() {
      return started ? topology.primary : first;
    },
    locate: () => topology.refresh(),
    onMoved: (listener) => {
      topology.events.on('primary-changed', ({ from, to }) => {
        listener(to, `the sentinels of the target name ${endpointName(to)} as the primary instead of ${endpointName(from)}`);
      });
    },
    start: async () => {
      await topology.start();
      started = true;
    },
    connections: () => topology.connections(),
    close: () => topology.close(),
  };
}
