/** Where a server is and how to get in. Holds secrets: never log it whole (observe/redaction.ts). */
export interface TlsOptions {
  /** False accepts any certificate; must be asked for. */
  readonly verify: boolean;
  /** File names of PEM files. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  /** Name to ask for and to check; default is the host. */
  readonly serverName?: string;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: TlsOptions;
}

/** `host:port`, with brackets around IPv6. The name of an endpoint in logs and messages. */
export function endpointName(endpoint: Pick<Endpoint, 'host' | 'port'>): string {
  return endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}

export function isSameAddress(a: Pick<Endpoint, 'host' | 'port'>, b: Pick<Endpoint, 'host' | 'port'>): boolean {
  return a.port === b.port && a.host.toLowerCase() === b.host.toLowerCase();
}
