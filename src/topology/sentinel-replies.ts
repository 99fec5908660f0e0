/** What sentinels answer, as values. Pure. Maps come as pairs (RESP 2). */
import type { WatchedReplica } from './sentinel-api.ts';
import { countOf, hostText, portNumber } from './slot-text.ts';

export interface SentinelAddress {
  readonly host: string;
  readonly port: number;
}

/** SENTINEL GET-MASTER-ADDR-BY-NAME; undefined where the name is not known. */
export function parsePrimaryAddress(reply: unknown): SentinelAddress | undefined {
  return Array.isArray(reply) ? addressOf(hostText(reply[0]), reply[1]) : undefined;
}

/** `config-epoch` of SENTINEL MASTER: of two sentinels the one with the higher knows better. -1 = not said. */
export function parseConfigEpoch(reply: unknown): number {
  return countOf(fieldsOf(reply).get('config-epoch'));
}

/** Names of SENTINEL MASTERS. */
export function parseNames(reply: unknown): string[] {
  return list(reply).flatMap((entry) => fieldsOf(entry).get('name') ?? []);
}

/** SENTINEL REPLICAS. */
export function parseReplicas(reply: unknown): WatchedReplica[] {
  return list(reply).flatMap((entry) => {
    const fields = fieldsOf(entry);
    const address = addressOf(fields.get('ip') ?? '', fields.get('port'));
    if (!address) return [];
    const flags = (fields.get('flags') ?? '').split(',');
    const down = flags.some((flag) => flag === 's_down' || flag === 'o_down' || flag === 'disconnected');
    return [{ ...address, online: !down && fields.get('master-link-status') === 'ok', offset: countOf(fields.get('slave-repl-offset')) }];
  });
}

/** SENTINEL SENTINELS: the others. */
export function parseSentinels(reply: unknown): SentinelAddress[] {
  return list(reply).flatMap((entry) => {
    const fields = fieldsOf(entry);
    return addressOf(fields.get('ip') ?? '', fields.get('port')) ?? [];
  });
}

/** A message of +switch-master: name, old address, new address. Undefined for any other reply. */
export function parseSwitch(reply: unknown): { readonly name: string; readonly to: SentinelAddress } | undefined {
  const [kind, channel, payload] = list(reply).map(hostText);
  if (kind !== 'message' || channel !== '+switch-master') return undefined;
  const [name, , , host, port] = (payload ?? '').split(' ');
  const to = addressOf(host ?? '', port);
  return to && { name, to };
}

function addressOf(host: string, portReply: unknown): SentinelAddress | undefined {
  const port = portNumber(portReply);
  return host !== '' && port > 0 ? { host, port } : undefined;
}

function fieldsOf(reply: unknown): Map<string, string> {
  const words = list(reply).map(hostText);
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < words.length; i += 2) fields.set(words[i], words[i + 1]);
  return fields;
}

const list = (reply: unknown): readonly unknown[] => (Array.isArray(reply) ? reply : []);
