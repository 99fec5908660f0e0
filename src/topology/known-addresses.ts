/** Every address of a cluster that was ever seen, bounded: the seeds stay, of the others those that were seen last. */
import { type Endpoint, endpointName } from '../model/endpoint.ts';

const OTHERS_MAX = 2_000;

export class KnownAddresses {
  private readonly seeds: readonly Endpoint[];
  /** By `host:port`; the one seen last stands last. */
  private readonly others = new Map<string, Endpoint>();

  constructor(seeds: readonly Endpoint[]) {
    this.seeds = seeds;
  }

  see(endpoint: Endpoint): void {
    const name = endpointName(endpoint);
    this.others.delete(name);
    this.others.set(name, endpoint);
    if (this.others.size <= OTHERS_MAX) return;
    for (const oldest of this.others.keys()) {
      this.others.delete(oldest);
      return;
    }
  }

  /** Another cluster is there now. A seed stays: it may be a name that leads elsewhere tomorrow. */
  forget(endpoint: Endpoint): void {
    this.others.delete(endpointName(endpoint));
  }

  /** Each once: the given ones first, then those seen last, then the seeds. */
  inOrder(first: readonly Endpoint[]): Endpoint[] {
    const all = [...first, ...[...this.others.values()].toReversed(), ...this.seeds];
    const named = new Map<string, Endpoint>();
    for (const endpoint of all) if (!named.has(endpointName(endpoint))) named.set(endpointName(endpoint), endpoint);
    return [...named.values()];
  }
}
