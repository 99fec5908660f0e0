/** What happened between two maps of one cluster, in typed words. Pure. */
import { SLOT_COUNT } from '../model/slot.ts';
import type { ClusterMap } from './cluster-map.ts';
import type { ClusterNode } from './cluster-node.ts';

export type ClusterChange =
  /** Slots first to last have another owner: another shard, or none. Ids of shards; undefined = nobody. A failover within a shard is not such a change. */
  | { readonly type: 'slots-moved'; readonly first: number; readonly last: number; readonly from: string | undefined; readonly to: string | undefined }
  /** A shard has another primary: a failover. */
  | { readonly type: 'primary-changed'; readonly shardId: string; readonly from: ClusterNode; readonly to: ClusterNode }
  | { readonly type: 'node-added'; readonly node: ClusterNode }
  | { readonly type: 'node-removed'; readonly node: ClusterNode }
  /** The same node (by id) is reached at another address, or in other health or role. */
  | { readonly type: 'node-changed'; readonly before: ClusterNode; readonly after: ClusterNode };

/** In the order: nodes, primaries, slots (ascending, joined where neighbours moved alike). Offsets and epochs alone are no change. */
export function clusterChanges(before: ClusterMap, after: ClusterMap): ClusterChange[] {
  return [...nodeChanges(before, after), ...primaryChanges(before, after), ...slotChanges(before, after)];
}

function nodeChanges(before: ClusterMap, after: ClusterMap): ClusterChange[] {
  const changes: ClusterChange[] = [];
  for (const node of before.nodes) {
    const now = after.node(node.id);
    if (now === undefined) changes.push({ type: 'node-removed', node });
    else if (node.host !== now.host || node.port !== now.port || node.health !== now.health || node.role !== now.role) {
      changes.push({ type: 'node-changed', before: node, after: now });
    }
  }
  for (const node of after.nodes) if (before.node(node.id) === undefined) changes.push({ type: 'node-added', node });
  return changes;
}

function primaryChanges(before: ClusterMap, after: ClusterMap): ClusterChange[] {
  return before.shards.flatMap((shard): ClusterChange[] => {
    const now = after.shard(shard.id);
    if (now === undefined || now.primary.id === shard.primary.id) return [];
    return [{ type: 'primary-changed', shardId: shard.id, from: shard.primary, to: now.primary }];
  });
}

function slotChanges(before: ClusterMap, after: ClusterMap): ClusterChange[] {
  const changes: ClusterChange[] = [];
  let first = -1;
  let [from, to]: (string | undefined)[] = [undefined, undefined];
  for (let slot = 0; slot <= SLOT_COUNT; slot++) {
    const [was, is] = slot < SLOT_COUNT ? [before.shardOfSlot(slot)?.id, after.shardOfSlot(slot)?.id] : [undefined, undefined];
    if (first >= 0 && (was !== from || is !== to)) {
      changes.push({ type: 'slots-moved', first, last: slot - 1, from, to });
      first = -1;
    }
    if (first < 0 && was !== is) [first, from, to] = [slot, was, is];
  }
  return changes;
}
