/**
 * The error replies that send a client elsewhere.
 *
 *   redirect = ( "MOVED" | "ASK" ) SP slot SP [ host ] ":" port       host: name, IPv4, IPv6 without brackets; empty = the host that was asked
 *
 * With cluster-preferred-endpoint-type unknown-endpoint the host is empty; a node that does not know its own name says `?`, which is no host either.
 */
import { SLOT_COUNT } from '../model/slot.ts';

export interface Redirect {
  readonly kind: 'moved' | 'ask';
  readonly slot: number;
  /** As announced; empty = the host that was asked. */
  readonly host: string;
  readonly port: number;
}

/** Undefined for any other error. @param text the reply without its leading `-` */
export function parseRedirect(text: string): Redirect | undefined {
  const found = /^(MOVED|ASK) (\d{1,5}) (\S*):(\d{1,5})$/.exec(text);
  if (!found) return undefined;
  const [slot, port] = [Number(found[2]), Number(found[4])];
  if (slot >= SLOT_COUNT || port < 1 || port > 65_535) return undefined;
  return { kind: found[1] === 'ASK' ? 'ask' : 'moved', slot, host: found[3] === '?' ? '' : found[3].replace(/^\[(.*)\]$/, '$1'), port };
}
