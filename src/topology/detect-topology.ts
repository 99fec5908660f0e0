/** Finds out what an address leads to when nobody has said: one server, or a node of a cluster. What was said is not doubted here: its follower looks itself. */
import { GodwitError, toGodwitError } from '../errors/errors.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { AutoSide, SideSetting, TargetTopology } from '../model/side-topology.ts';
import type { OpenConnection } from '../net/connection-options.ts';
import { nodeText } from '../net/reply-errors.ts';
import type { DiscoveryOptions } from './cluster-api.ts';
import { discoveryConnection } from './discovery-connection.ts';
import { parseNames } from './sentinel-replies.ts';

/**
 * @param first as with Connection.connect()
 * @throws WRONG_TOPOLOGY (a sentinel: the names that it knows are in the advice; several addresses that are no cluster), and what a connection throws when none
 *   of the addresses answers
 */
export async function detectTopology(
  side: SideSetting,
  options: DiscoveryOptions,
  first: { readonly attemptsMax?: number; readonly patient?: boolean } = {},
): Promise<TargetTopology> {
  if (side.kind !== 'auto') return side;
  const { seeds, announced } = side;
  const [endpoint, mode] = await firstMode(side, options, first);
  // Unknown: a service that hides INFO and is spoken to at one address.
  if (mode === 'cluster') return { kind: 'cluster', seeds: [endpoint, ...seeds.filter((seed) => seed !== endpoint)], announced };
  if (seeds.length === 1) return { kind: 'standalone', endpoint };
  throw new GodwitError(
    'WRONG_TOPOLOGY',
    `${sideName(options)} was given as ${seeds.length} addresses, but ${endpointName(endpoint)} is not a node of a cluster`,
    {
      fix: 'Several addresses are for the nodes of one cluster, or for sentinels (redis+sentinel://...): give one otherwise.',
    },
  );
}

type Mode = 'standalone' | 'cluster' | 'unknown';

/** Of the first seed that answers; with several each is tried once in a round. */
async function firstMode(
  { seeds }: AutoSide,
  options: DiscoveryOptions,
  first: { readonly attemptsMax?: number; readonly patient?: boolean },
): Promise<readonly [Endpoint, Mode]> {
  let failure: GodwitError | undefined;
  for (const [i, endpoint] of seeds.entries()) {
    const connection = discoveryConnection(options, endpoint);
    try {
      // The last one is waited for as long as one would be waited for alone.
      await connection.connect(i < seeds.length - 1 ? { attemptsMax: 1 } : first);
      return [endpoint, await modeOf(connection, endpoint, options)];
    } catch (error) {
      failure = toGodwitError(error);
      if (!failure.retryable && failure.code !== 'CONNECT_FAILED') throw failure;
    } finally {
      await connection.close();
    }
  }
  throw failure ?? new GodwitError('INTERNAL', 'no address to look at');
}

async function modeOf(connection: OpenConnection, endpoint: Endpoint, options: DiscoveryOptions): Promise<Mode> {
  const { mode, role } = connection.server;
  if (mode !== 'sentinel' && role !== 'sentinel') return mode === 'cluster' || mode === 'standalone' ? mode : 'unknown';
  const node = nodeText({ role: options.role, address: endpointName(endpoint) });
  const [reply] = await connection.callAll([['SENTINEL', 'MASTERS']]);
  const [name, ...others] = parseNames(reply);
  const more = others.length > 0 ? ` (or another one of the names that it knows: ${others.join(', ')})` : '';
  throw new GodwitError('WRONG_TOPOLOGY', `${node} is a sentinel, not a server with data`, {
    fix: name === undefined ? 'It watches nothing.' : `Write redis+sentinel://${endpointName(endpoint)}/${name}${more}.`,
  });
}

function sideName({ role }: DiscoveryOptions): string {
  return `the ${role.split(' ', 1)[0]}`;
}
