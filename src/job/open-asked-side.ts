/** Opens a side that is only read, whatever its topology: one server, one that sentinels name, or a cluster. */
import type { KeepaliveConfig, ReconnectConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { SideSetting } from '../model/side-topology.ts';
import { Connection } from '../net/connection.ts';
import type { KeepaliveWheel } from '../net/keepalive-wheel.ts';
import type { Logger } from '../observe/log.ts';
import type { AskedSide } from '../pipeline/verify/asked-side.ts';
import { ClusterAskedSide } from '../pipeline/verify/cluster-asked-side.ts';
import { ServerSide } from '../pipeline/verify/server-side.ts';
import { ClusterTopology } from '../topology/cluster-topology.ts';
import { detectTopology } from '../topology/detect-topology.ts';
import { SentinelTopology } from '../topology/sentinel-topology.ts';

export interface AskedSideOptions {
  readonly role: 'source' | 'target';
  readonly setting: SideSetting;
  readonly clientName: string;
  readonly keepalive: KeepaliveConfig;
  readonly reconnect: ReconnectConfig;
  /** Behind sentinels: the replica that is furthest, where there is one. Nodes of a cluster are asked at their primaries all the same. */
  readonly preferReplica?: boolean;
  readonly wheel: KeepaliveWheel;
  readonly log: Logger;
}

const FIRST_ATTEMPTS = 3;

/** Connected and surveyed. @throws GodwitError of the connection or topology, WRONG_TOPOLOGY, PERMISSION_DENIED */
export async function openAskedSide(options: AskedSideOptions): Promise<AskedSide> {
  const { role, setting, clientName, keepalive, reconnect, wheel, log, preferReplica = false } = options;
  const first = { attemptsMax: reconnect.attemptsMax || FIRST_ATTEMPTS, patient: false };
  const shared = { clientName, keepalive, reconnect, wheel, log };
  const discovery = { ...shared, role: `${role} discovery`, clientName: `${clientName}:${role}-discovery` };
  const open = (endpoint: Endpoint): Connection => new Connection({ ...shared, role: `${role} data`, endpoint });
  const side = await detectTopology(setting, { ...discovery, role: `${role} control` }, first);
  if (side.kind === 'cluster') {
    const topology = new ClusterTopology({ ...discovery, side });
    return surveyed(new ClusterAskedSide(topology, role, open), () => topology.start(first));
  }
  if (side.kind === 'standalone') {
    const connection = open(side.endpoint);
    return surveyed(new ServerSide(connection, role), async () => {
      await connection.connect(first);
      checkKind(connection, role);
    });
  }
  const topology = new SentinelTopology({ ...discovery, side });
  try {
    await topology.start(first);
  } catch (error) {
    await topology.close();
    throw error;
  }
  const connection = open(await topology.replicationSource(preferReplica));
  topology.events.on('primary-changed', ({ to }) => {
    // A replica that is asked may be the new primary, or follow it by now.
    if (!preferReplica) connection.pointTo(to);
    else
      void topology.replicationSource(true).then(
        (endpoint) => connection.pointTo(endpoint),
        () => undefined,
      );
  });
  return surveyed(new ServerSide(connection, role, () => topology.close()), () => connection.connect(first));
}

async function surveyed<Side extends ServerSide | ClusterAskedSide>(side: Side, connect: () => Promise<void>): Promise<Side> {
  try {
    await connect();
    await side.survey();
    return side;
  } catch (error) {
    await side.close();
    throw error;
  }
}

function checkKind({ server, endpoint }: Connection, role: string): void {
  if (server.mode !== 'sentinel' && server.role !== 'sentinel') return;
  throw new GodwitError('WRONG_TOPOLOGY', `${role} ${endpointName(endpoint)} is a sentinel, not a server with data`);
}
