/**
 * The server versions that tests, demo and bench can ask for by name, and the Debian suite whose archive has each. Suites move: the version
 * that is really there is read from the binary, and a moved suite is accepted and printed.
 *
 * When you add a version, also name it in the README's list of tested versions and in test/soak/matrix.ts.
 */
export type ServerProduct = 'redis' | 'valkey';

/** A version by name, or `redis`: whatever the PATH has. */
export type ServerName = 'redis' | 'redis-6.0' | 'redis-7.0' | 'redis-8.0' | 'valkey-8.1' | 'valkey-9.1';

export interface CatalogueEntry {
  readonly name: ServerName;
  readonly product: ServerProduct;
  /** `6.0`: a server on the PATH of this version is used instead of a fetched one. */
  readonly version: string;
  readonly suite: string;
}

export const SERVER_CATALOGUE: readonly CatalogueEntry[] = [
  { name: 'redis-6.0', product: 'redis', version: '6.0', suite: 'bullseye' },
  { name: 'redis-7.0', product: 'redis', version: '7.0', suite: 'bookworm' },
  { name: 'redis-8.0', product: 'redis', version: '8.0', suite: 'trixie' },
  { name: 'valkey-8.1', product: 'valkey', version: '8.1', suite: 'trixie' },
  { name: 'valkey-9.1', product: 'valkey', version: '9.1', suite: 'sid' },
];

/** @throws Error that lists the known names. */
export function catalogueEntry(name: string): CatalogueEntry {
  const entry = SERVER_CATALOGUE.find((candidate) => candidate.name === name);
  if (entry) return entry;
  throw new Error(`no server is called '${name}'; known: redis, ${SERVER_CATALOGUE.map((candidate) => candidate.name).join(', ')}`);
}
