/** A connection for discovery. Nodes that are away are asked again and again, which is no news: only the topology tells of trouble, once. */
import type { Endpoint } from '../model/endpoint.ts';
import type { ConnectionOptions } from '../net/connection-options.ts';
import { Connection } from '../net/connection.ts';
import type { Logger } from '../observe/log.ts';
import type { DiscoveryOptions } from './cluster-api.ts';

/** @param role of the topology unless told. Not connected yet */
export function discoveryConnection(
  { role, clientName, keepalive, reconnect, wheel, log, clock, random }: DiscoveryOptions,
  endpoint: Endpoint,
  more: Pick<Partial<ConnectionOptions>, 'role' | 'bulkReplyBytesMax' | 'onMessage' | 'onRestore'> = {},
): Connection {
  const known = { role, clientName, keepalive, reconnect, wheel, endpoint, log: quiet(log) };
  return new Connection({ ...known, ...(clock && { clock }), ...(random && { random }), ...more });
}

function quiet(log: Logger): Logger {
  const debug = (fields: object, message: string): void => log.debug(fields, message);
  return { debug, info: debug, warn: debug, error: debug };
}
