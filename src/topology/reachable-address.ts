/** From what a node announces to where it is reached from here: host name preference, then the address map. Pure. */
import { endpointName } from '../model/endpoint.ts';
import type { AnnouncedAddresses } from '../model/side-topology.ts';

export interface Announced {
  /** Empty: unknown. */
  readonly ip: string;
  readonly hostname: string;
  readonly port: number;
}

export interface Place {
  readonly host: string;
  readonly port: number;
}

/**
 * @param askedHost of the node that said so: what is meant where it names no host, and already an address that is reached
 */
export function reachableAddress(announced: Announced, { addressMap, preferHostname }: AnnouncedAddresses, askedHost: string): Place {
  const { ip, hostname, port } = announced;
  const names = (preferHostname ? [hostname, ip] : [ip, hostname]).filter((name) => name !== '');
  for (const host of names) {
    const place = mapped(host, port, addressMap);
    if (place) return place;
  }
  return { host: names[0] ?? askedHost, port };
}

function mapped(host: string, port: number, addressMap: AnnouncedAddresses['addressMap']): Place | undefined {
  const exact = addressMap.get(endpointName({ host, port }).toLowerCase());
  if (exact !== undefined) return splitAddress(exact, port);
  const other = addressMap.get(host.toLowerCase());
  return other === undefined ? undefined : splitAddress(other, port);
}

/** `host:port`, `[IPv6]:port`, or a host alone. */
function splitAddress(text: string, port: number): Place {
  const found = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(text);
  return found ? { host: found[1] ?? found[2], port: found[3] === undefined ? port : Number(found[3]) } : { host: text, port };
}
