/**
 * A ClusterMap from what one node says. Pure; this is where the rules are:
 *
 *   - nodes without an address are left out, and so are failed primaries that own nothing
 *   - two that claim one slot: the higher config epoch has it
 *   - a replica of a replica belongs to the shard at the top
 *   - a shard keeps its id from the map before, whoever is its primary now; a new one has the id that the servers give it (Valkey 9), or that of its primary
 */
import { endpointName } from '../model/endpoint.ts';
import type { AnnouncedAddresses } from '../model/side-topology.ts';
import { SLOT_COUNT } from '../model/slot.ts';
import { ClusterMap, type ClusterShard, type MovingSlot } from './cluster-map.ts';
import type { ClusterNode, SlotRange } from './cluster-node.ts';
import type { ClusterView, NodeView } from './node-view.ts';
import { reachableAddress } from './reachable-address.ts';

export interface MapContext {
  readonly announced: AnnouncedAddresses;
  /** Where the view comes from, as reached. */
  readonly askedHost: string;
  /** Nodes are spoken to by TLS. */
  readonly tls: boolean;
  /** The map that the new one follows. */
  readonly before?: ClusterMap;
}

export function buildClusterMap(view: ClusterView, context: MapContext): ClusterMap {
  const views = view.nodes.filter((node) => node.hasAddress && portOf(node, context.tls) > 0);
  const byId = new Map(views.map((node) => [node.id, node]));
  const slots = slotsByOwner(views);
  const shards: { readonly view: NodeView; readonly shard: Omit<ClusterShard, 'id'> }[] = [];
  for (const primary of views.filter(({ role }) => role === 'primary')) {
    const own = slots.get(primary.id) ?? [];
    if (own.length === 0 && primary.health === 'failed') continue;
    const replicas = views.filter((node) => node.role === 'replica' && topOf(node, byId) === primary.id);
    const shard = { primary: clusterNode(primary, context), replicas: replicas.map((node) => clusterNode(node, context)), slots: own };
    shards.push({ view: primary, shard });
  }
  shards.sort((a, b) => firstSlot(a.shard) - firstSlot(b.shard) || (a.shard.primary.id < b.shard.primary.id ? -1 : 1));
  const ids = shardIds(shards, context.before);
  return new ClusterMap({
    shards: shards.map(({ shard }, i) => ({ ...shard, id: ids[i] })),
    moving: views.flatMap(movingSlots),
    currentEpoch: view.currentEpoch,
    stateOk: view.stateOk,
  });
}

function clusterNode(view: NodeView, { announced, askedHost, tls }: MapContext): ClusterNode {
  const { id, role, primaryId, health, offset, configEpoch, ip, hostname } = view;
  const port = portOf(view, tls);
  const place = reachableAddress({ ip, hostname, port }, announced, askedHost);
  const names = [ip || askedHost, hostname].filter((name) => name !== '');
  const ports = [view.port, view.tlsPort].filter((one) => one > 0);
  const all = names.flatMap((host) => [port, ...ports].map((one) => endpointName({ host, port: one })));
  const [announcedAddress, ...aliases] = new Set([...all, endpointName(place)]);
  return { id, ...place, announcedAddress, aliases, role, primaryId, health, offset, configEpoch };
}

function portOf(view: NodeView, tls: boolean): number {
  return tls ? view.tlsPort || view.port : view.port;
}

/** Ranges by id, ascending and joined. */
function slotsByOwner(views: readonly NodeView[]): Map<string, SlotRange[]> {
  const owners: (NodeView | undefined)[] = Array.from({ length: SLOT_COUNT });
  for (const view of views) {
    for (const { first, last } of view.slots) {
      for (let slot = first; slot <= last; slot++) {
        const other = owners[slot];
        if (other === undefined || view.configEpoch > other.configEpoch) owners[slot] = view;
      }
    }
  }
  const ranges = new Map<string, SlotRange[]>();
  for (let first = 0; first < SLOT_COUNT; first++) {
    const owner = owners[first];
    if (owner === undefined) continue;
    let last = first;
    while (last + 1 < SLOT_COUNT && owners[last + 1] === owner) last++;
    ranges.set(owner.id, [...(ranges.get(owner.id) ?? []), { first, last }]);
    first = last;
  }
  return ranges;
}

/** Id of the primary at the top of a chain of replicas; undefined where the chain leads nowhere. */
function topOf(replica: NodeView, byId: ReadonlyMap<string, NodeView>): string | undefined {
  let node: NodeView | undefined = replica;
  for (let steps = 0; node !== undefined && steps < 16; steps++) {
    if (node.role === 'primary') return node.id;
    node = node.primaryId === undefined ? undefined : byId.get(node.primaryId);
  }
  return undefined;
}

function shardIds(shards: readonly { readonly view: NodeView; readonly shard: Omit<ClusterShard, 'id'> }[], before: ClusterMap | undefined): string[] {
  const ids: string[] = shards.map(() => '');
  const taken = new Set<string>();
  const wanted = shards.map(({ view }) => before?.shardOfNode(view.id)?.id ?? (view.shardId || view.id));
  const wasPrimary = (i: number): boolean => before?.shardOfNode(shards[i].view.id)?.primary.id === shards[i].view.id;
  // Of two that come from one shard the one that owns slots goes on with its name, and of two such the one that was its primary.
  const order = [...shards.keys()].toSorted((a, b) => rank(b) - rank(a));
  function rank(i: number): number {
    return (shards[i].shard.slots.length > 0 ? 2 : 0) + (wasPrimary(i) ? 1 : 0);
  }
  for (const i of order) {
    const free = [wanted[i], shards[i].view.shardId, shards[i].view.id].find((id) => id !== '' && !taken.has(id));
    ids[i] = free ?? `${shards[i].view.id}-alone`;
    taken.add(ids[i]);
  }
  return ids;
}

function movingSlots(view: NodeView): MovingSlot[] {
  return view.moving.map(({ slot, otherId, direction }) =>
    direction === 'to' ? { slot, fromId: view.id, toId: otherId } : { slot, fromId: otherId, toId: view.id },
  );
}

function firstSlot({ slots }: Pick<ClusterShard, 'slots'>): number {
  return slots[0]?.first ?? SLOT_COUNT;
}
