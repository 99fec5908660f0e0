/** What PSYNC is called at servers of services that have renamed it, each for those whose address begins as it says: `host:port@name`. */
import { type Endpoint, endpointName } from '../../model/endpoint.ts';

/** @returns the name for a server; `PSYNC` unless told */
export function psyncNames(told: readonly string[]): (endpoint: Endpoint) => string {
  const names = told.map((text) => {
    const at = text.lastIndexOf('@');
    return { begin: text.slice(0, Math.max(0, at)), name: text.slice(at + 1) };
  });
  return (endpoint) => names.find(({ begin }) => endpointName(endpoint).startsWith(begin))?.name ?? 'PSYNC';
}
