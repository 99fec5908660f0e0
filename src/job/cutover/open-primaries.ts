/** Connections of a cut-over's own to where the writes of a source are made: the primary of each of its places, also where a replica is read from. */
import type { SyncConfig } from '../../config/sync-config.ts';
import type { Endpoint } from '../../model/endpoint.ts';
import { Connection } from '../../net/connection.ts';
import type { KeepaliveWheel } from '../../net/keepalive-wheel.ts';
import type { Logger } from '../../observe/log.ts';

const ATTEMPTS = 2;

export interface PrimariesOptions {
  readonly config: SyncConfig;
  readonly wheel: KeepaliveWheel;
  readonly log: Logger;
}

/** @param endpoints of the places that are read from. @throws GodwitError of a connection */
export async function openPrimaries({ config, wheel, log }: PrimariesOptions, endpoints: readonly Endpoint[]): Promise<Connection[]> {
  const { keepalive, reconnect, job } = config;
  const opened: Connection[] = [];
  const open = async (endpoint: Endpoint): Promise<Connection> => {
    const connection = new Connection({ role: 'source cutover', endpoint, clientName: `godwit:${job.name}:cutover`, keepalive, reconnect, wheel, log });
    opened.push(connection);
    await connection.connect({ attemptsMax: ATTEMPTS });
    return connection;
  };
  try {
    return await Promise.all(
      endpoints.map(async (endpoint) => {
        const connection = await open(endpoint);
        const { role, primaryAddress } = connection.server;
        if (role !== 'replica' || primaryAddress === undefined || !config.preferReplica) return connection;
        await connection.close();
        return open({ ...endpoint, ...hostAndPort(primaryAddress) });
      }),
    );
  } catch (error) {
    await Promise.all(opened.map((connection) => connection.close()));
    throw error;
  }
}

function hostAndPort(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}
