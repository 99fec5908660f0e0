/**
 * CLUSTER SLOTS, of all versions: for nodes that refuse the other two commands. Primaries without slots and epochs are not in it.
 *
 *   reply = [ range ],  range = [ first last primary { replica } ],  node = [ endpoint port id? metadata? ]
 *
 * endpoint: an address, or a host name where those are preferred (7.0); null or empty = the host that was asked. metadata: pairs of `ip` and
 * `hostname`, whichever is not the endpoint.
 */
import { isIP } from 'node:net';
import { endpointName } from '../model/endpoint.ts';
import type { SlotRange } from './cluster-node.ts';
import { BLANK_NODE, type NodeView } from './node-view.ts';
import { hostText, portNumber, slotRange } from './slot-text.ts';

/** Nodes without an id (before 4.0) have their address for it. Empty for a reply of another form. */
export function parseClusterSlots(reply: unknown): NodeView[] {
  const found = new Map<string, NodeView & { slots: SlotRange[] }>();
  for (const range of list(reply)) {
    const [first, last, ...nodes] = list(range);
    const slots = slotRange(Number(first), Number(last));
    if (!slots) continue;
    let primaryId: string | undefined;
    for (const [i, one] of nodes.entries()) {
      const node = parseNode(list(one));
      if (i === 0) primaryId = node.id;
      const known = found.get(node.id) ?? { ...node, role: i === 0 ? 'primary' : 'replica', primaryId: i === 0 ? undefined : primaryId, slots: [] };
      if (i === 0) known.slots.push(slots);
      found.set(node.id, known);
    }
  }
  return [...found.values()];
}

function parseNode([endpoint, portReply, id, metadata]: readonly unknown[]): NodeView {
  const pairs = list(metadata).map((word) => hostText(word));
  const told = (name: string): string => (pairs.includes(name) ? (pairs[pairs.indexOf(name) + 1] ?? '') : '');
  const host = hostText(endpoint);
  const isAddress = isIP(host) !== 0;
  const port = portNumber(portReply);
  const ip = isAddress ? host : told('ip');
  const hostname = isAddress ? told('hostname') : host || told('hostname');
  const ownId = hostText(id) || endpointName({ host: ip || hostname, port });
  return { ...BLANK_NODE, id: ownId, ip, hostname, port, hasAddress: port > 0 };
}

const list = (reply: unknown): readonly unknown[] => (Array.isArray(reply) ? reply : []);
