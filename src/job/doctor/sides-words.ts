/** Source and target as words of a command line, without credentials: the mend is to be copied, a password is not. */
import type { SyncConfig } from '../../config/sync-config.ts';
import { type Endpoint, endpointName } from '../../model/endpoint.ts';
import type { SideSetting } from '../../model/side-topology.ts';

export function sidesWords({ sourceSide, targetSide, otherSources }: Pick<SyncConfig, 'sourceSide' | 'targetSide' | 'otherSources'>): string {
  if (otherSources.length === 0) return `${sideWord(sourceSide)} ${sideWord(targetSide)}`;
  const sources = [sideWord(sourceSide), ...otherSources.map((one) => word('redis', [one], ''))];
  return [...sources.map((source) => `--source ${source}`), `--target ${sideWord(targetSide)}`].join(' ');
}

function sideWord(side: SideSetting): string {
  if (side.kind === 'sentinel') return word('redis+sentinel', side.sentinels, `/${side.primaryName}`);
  return word(side.kind === 'cluster' ? 'redis+cluster' : 'redis', side.seeds, '');
}

function word(scheme: string, endpoints: readonly Endpoint[], path: string): string {
  const own = endpoints.some(({ tls }) => tls !== undefined) ? scheme.replace('redis', 'rediss') : scheme;
  return `${own}://${endpoints.map(endpointName).join(',')}${path}`;
}
