/** Servers that were given by their addresses, one or several, as the source of a job. They are where they are. */
import { createHash } from 'node:crypto';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import { ALL_KEYS, type KeyShare } from '../model/key-share.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import type { JobSource, SourcePlace } from './job-source.ts';

const ID_LENGTH = 12;

class NamedServer implements SourcePlace {
  readonly id: string;
  readonly share: KeyShare;
  readonly role = 'any';
  readonly isClusterNode = false;
  readonly endpoint: Endpoint;

  constructor(endpoint: Endpoint, id: string, share: KeyShare) {
    this.endpoint = endpoint;
    this.id = id;
    this.share = share;
  }

  note(): string {
    return this.id === '' ? '' : endpointName(this.endpoint);
  }

  async locate(): Promise<Endpoint> {
    return this.endpoint;
  }

  mistrust(): void {}

  onMoved(): void {}
}

export class NamedServers implements JobSource {
  readonly address: string;
  readonly places: readonly SourcePlace[];

  constructor(endpoints: readonly Endpoint[]) {
    const [first] = endpoints;
    this.address = endpoints.map(endpointName).join(', ');
    this.places =
      endpoints.length === 1
        ? [new NamedServer(first, '', ALL_KEYS)]
        : endpoints.map((endpoint) => new NamedServer(endpoint, idOf(endpoint), { kind: 'unknown' }));
  }

  async start(): Promise<void> {}

  connections(): ConnectionStatus[] {
    return [];
  }

  async close(): Promise<void> {}
}

function idOf(endpoint: Endpoint): string {
  return createHash('sha256').update(endpointName(endpoint).toLowerCase()).digest('hex').slice(0, ID_LENGTH);
}
