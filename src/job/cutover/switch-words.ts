/** What is to be changed at the clients, by topology, and how to go back: sentences for people. */
import type { SyncConfig } from '../../config/sync-config.ts';
import { type Endpoint, endpointName } from '../../model/endpoint.ts';
import type { SideSetting } from '../../model/side-topology.ts';

/** How a side is reached by clients, after it is known what it is. */
export interface ClientSide {
  readonly kind: 'standalone' | 'sentinel' | 'cluster';
  readonly addresses: readonly string[];
  /** Addresses of its primaries; behind sentinels they are others than those. */
  readonly servers: readonly string[];
  /** With TLS. */
  readonly tls: boolean;
  /** Of sentinels. */
  readonly primaryName: string;
}

/** @param servers its primaries, as found @param isCluster one address alone says nothing of that */
export function clientSide(side: SideSetting, servers: readonly Pick<Endpoint, 'host' | 'port'>[], isCluster: boolean): ClientSide {
  if (side.kind === 'sentinel') {
    const { sentinels, primaryName, access } = side;
    return { kind: 'sentinel', addresses: sentinels.map(endpointName), servers: servers.map(endpointName), tls: access.tls !== undefined, primaryName };
  }
  const addresses = (servers.length > 0 ? servers : side.seeds).map(endpointName);
  return { kind: isCluster ? 'cluster' : 'standalone', addresses, servers: addresses, tls: side.seeds[0].tls !== undefined, primaryName: '' };
}

export function switchWords(config: SyncConfig, from: ClientSide, to: ClientSide, reverse: boolean): string[] {
  const words = [`clients leave ${placeName(from)} and use ${placeName(to)} from now on: ${howTo(to)}`];
  if (from.kind !== to.kind) words.push(`the kind of client changes: ${from.kind} before, ${to.kind} from now on${caution(from, to)}`);
  if (from.tls !== to.tls) words.push(to.tls ? 'the new side speaks TLS (rediss://)' : 'the new side speaks no TLS (redis://)');
  words.push('users and passwords are those of the new side: they are not copied');
  const command = `--job ${config.job.name}`;
  words.push(
    reverse
      ? `to go back: the same command line with --back, as long as the sync back runs (${command}-back)`
      : 'there is no way back without --reverse: what is written to the new side from now on is there alone',
  );
  return words;
}

/** How to keep an old side from taking writes, which Godwit does not do by itself. */
export function readOnlyWords(from: ClientSide, reverse: boolean): string {
  const where = from.addresses.join(', ');
  return reverse
    ? `to keep clients from writing to ${where}: take +@write from their users there (ACL SETUSER <user> -@write), not from Godwit's; undo it with +@write`
    : `to keep clients from writing to ${where}: CONFIG SET min-replicas-to-write 1000 there (undo: 0), or take +@write from their users`;
}

function placeName({ kind, addresses, primaryName }: ClientSide): string {
  if (kind === 'sentinel') return `the primary ${primaryName} of the sentinels ${addresses.join(', ')}`;
  return kind === 'cluster' ? `the cluster at ${addresses.join(', ')}` : addresses.join(', ');
}

function howTo({ kind, addresses, primaryName }: ClientSide): string {
  switch (kind) {
    case 'sentinel':
      return `give them the sentinels and the name ${primaryName}, or point what stands for the address (DNS, proxy) at the primary`;
    case 'cluster':
      return `give a cluster client one or more of these nodes as its first ones (${addresses[0]})`;
    case 'standalone':
      return 'change the address in their configuration, the DNS name, or the proxy in front';
  }
}

function caution(from: ClientSide, to: ClientSide): string {
  if (to.kind === 'cluster') return '; commands with keys of several slots, and databases but 0, are refused there';
  return from.kind === 'cluster' ? '; a cluster client does not speak to it' : '';
}
