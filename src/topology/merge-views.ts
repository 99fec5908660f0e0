/** One view of what CLUSTER NODES and CLUSTER SHARDS of the same node say. */
import type { NodeView } from './node-view.ts';

/**
 * CLUSTER NODES decides who there is, on roles, epochs and owners; CLUSTER SHARDS adds ports, offsets, names, and who loads.
 * @param shards empty before Redis 7.0
 */
export function mergeViews(nodes: readonly NodeView[], shards: readonly NodeView[]): NodeView[] {
  const more = new Map(shards.map((node) => [node.id, node]));
  return nodes.map((node) => {
    const other = more.get(node.id);
    if (!other) return node;
    return {
      ...node,
      ip: node.ip || other.ip,
      hostname: node.hostname || other.hostname,
      port: other.port || (other.tlsPort > 0 ? 0 : node.port),
      tlsPort: other.tlsPort || node.tlsPort,
      offset: other.offset,
      health: node.health === 'online' ? other.health : node.health,
      shardId: other.shardId || node.shardId,
    };
  });
}
