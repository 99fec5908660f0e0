/** All checks, in the order in which they are told. A new one is a file in checks/ and a line here; docs/doctor.md is made of this (scripts/generate-docs.ts). */
import { argumentLimit } from './checks/argument-limit.ts';
import { backlog } from './checks/backlog.ts';
import { bigKeys } from './checks/big-keys.ts';
import { clocks } from './checks/clocks.ts';
import { clusterHealth } from './checks/cluster-health.ts';
import { databases } from './checks/databases.ts';
import { eventLoop } from './checks/event-loop.ts';
import { eviction } from './checks/eviction.ts';
import { functions } from './checks/functions.ts';
import { keepalive } from './checks/keepalive.ts';
import { modules } from './checks/modules.ts';
import { notifications } from './checks/notifications.ts';
import { ownPlaces } from './checks/own-places.ts';
import { reachability } from './checks/reachability.ts';
import { replTimeout } from './checks/repl-timeout.ts';
import { replicaBuffer } from './checks/replica-buffer.ts';
import { roundTrip } from './checks/round-trip.ts';
import { services } from './checks/services.ts';
import { sourceRights } from './checks/source-rights.ts';
import { spoolDisk } from './checks/spool-disk.ts';
import { targetKeys } from './checks/target-keys.ts';
import { targetMemory } from './checks/target-memory.ts';
import { targetRights } from './checks/target-rights.ts';
import { tcpKeepalive } from './checks/tcp-keepalive.ts';
import { versions } from './checks/versions.ts';
import type { Check, LightScene } from './doctor-scene.ts';

/** Repeated while a job runs: they need no more than what the servers say of themselves. */
export const LIGHT_CHECKS: readonly Check<LightScene>[] = [keepalive, backlog, targetMemory, eviction, spoolDisk];

export const CHECKS: readonly Check[] = [
  reachability,
  roundTrip,
  clocks,
  versions,
  services,
  clusterHealth,
  sourceRights,
  targetRights,
  keepalive,
  tcpKeepalive,
  replTimeout,
  backlog,
  replicaBuffer,
  targetMemory,
  eviction,
  argumentLimit,
  targetKeys,
  databases,
  modules,
  functions,
  bigKeys,
  notifications,
  spoolDisk,
  ownPlaces,
  eventLoop,
];
