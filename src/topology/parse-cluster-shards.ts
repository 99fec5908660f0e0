/**
 * CLUSTER SHARDS (Redis 7.0). It alone tells replication offsets, both ports, and who loads; it tells neither config epochs nor slots on their way.
 *
 *   reply = [ shard ],  shard = map of  slots: [ first last first last ... ]  nodes: [ node ]  id (Valkey 9)
 *   node  = map of  id  port?  tls-port?  ip  endpoint  hostname?  role: master|replica  replication-offset  health: online|loading|fail
 *
 * The slots are the shard's: they are given to its primary. Two primaries stand in one shard while a failover has not reached everybody: the one that
 * lives has the slots. Maps may come as arrays of pairs (RESP 2).
 */
import type { ClusterNode, SlotRange } from './cluster-node.ts';
import { BLANK_NODE, type NodeView } from './node-view.ts';
import { countOf, hostText, portNumber, slotRange } from './slot-text.ts';

type Fields = ReadonlyMap<string, unknown>;

/** Empty for a reply of another form. */
export function parseClusterShards(reply: unknown): NodeView[] {
  return list(reply).flatMap(parseShard);
}

function parseShard(reply: unknown): NodeView[] {
  const shard = fieldsOf(reply);
  const nodes = list(shard.get('nodes'))
    .map((node) => parseNode(fieldsOf(node), text(shard.get('id'))))
    .filter((node) => node.id !== '');
  const primaries = nodes.filter(({ role }) => role === 'primary');
  const owner = primaries.find(({ health }) => health !== 'failed') ?? primaries[0];
  const slots = parseSlots(list(shard.get('slots')));
  return nodes.map((node) => {
    if (node === owner) return { ...node, slots };
    return node.role === 'replica' ? { ...node, primaryId: owner?.id } : node;
  });
}

function parseNode(node: Fields, shardId: string): NodeView {
  const [port, tlsPort] = [portNumber(node.get('port')), portNumber(node.get('tls-port'))];
  return {
    ...BLANK_NODE,
    id: text(node.get('id')),
    ip: hostText(node.get('ip')),
    hostname: hostText(node.get('hostname')),
    port,
    tlsPort,
    role: text(node.get('role')) === 'replica' ? 'replica' : 'primary',
    health: healthOf(text(node.get('health'))),
    hasAddress: port > 0 || tlsPort > 0,
    offset: countOf(node.get('replication-offset')),
    shardId,
  };
}

function healthOf(word: string): ClusterNode['health'] {
  return word === 'fail' ? 'failed' : word === 'loading' ? 'loading' : 'online';
}

function parseSlots(bounds: readonly unknown[]): SlotRange[] {
  const ranges: SlotRange[] = [];
  for (let i = 0; i + 1 < bounds.length; i += 2) {
    const range = slotRange(Number(bounds[i]), Number(bounds[i + 1]));
    if (range) ranges.push(range);
  }
  return ranges;
}

function fieldsOf(reply: unknown): Fields {
  const pairs = list(reply);
  const fields = new Map<string, unknown>();
  for (let i = 0; i + 1 < pairs.length; i += 2) fields.set(text(pairs[i]), pairs[i + 1]);
  return fields;
}

const list = (reply: unknown): readonly unknown[] => (Array.isArray(reply) ? reply : []);
const text = (reply: unknown): string => (typeof reply === 'string' || reply instanceof Uint8Array ? String(reply) : '');
