/** Whether a cluster serves all its slots, whose nodes have failed, and what is on its way. */
import { endpointName } from '../../../model/endpoint.ts';
import { SLOT_COUNT } from '../../../model/slot.ts';
import { atLeast } from '../../../model/server-version.ts';
import type { ClusterMap, ClusterShard } from '../../../topology/cluster-map.ts';
import { type Check, fine, type Said, type SurveyedCluster } from '../doctor-scene.ts';
import { countWords } from '../in-words.ts';

/** CLUSTER ADDSLOTS with more is no line for people any more. */
const SLOTS_SHOWN_MAX = 64;

export const clusterHealth: Check = {
  id: 'cluster-health',
  title: 'clusters',
  group: 'Servers',
  looksAt: '`cluster_state`, the owner of each slot, the health of each node, slots that are on their way; as one node of each cluster says',
  severities: 'error: slots without an owner, an owner that has failed, or the state is not ok; warn: a replica has failed, or slots are on their way',
  mends:
    '`CLUSTER ADDSLOTS` at the primary with the fewest; `CLUSTER FAILOVER TAKEOVER` at a replica of a failed primary; `CLUSTER SETSLOT ... STABLE` at both ends; `redis-cli --cluster call ... CLUSTER FORGET`',
  kinds: ['sync', 'scan'],
  look: ({ clusters }) => clusters.flatMap(health),
};

function health(cluster: SurveyedCluster): Said[] {
  const { side, map, askedAt } = cluster;
  const where = `${side} ${askedAt}`;
  const said = [...missingSlots(cluster, where), ...failedNodes(cluster), ...movingSlots(cluster)];
  if (said.length > 0) return said;
  const shape = `${countWords(map.owningShards.length, 'shard')}, ${countWords([...map.nodes].length, 'node')}`;
  if (map.stateOk) return [fine(where, `${shape}, all slots served`)];
  const why = 'A cluster that calls itself down refuses all commands; it becomes ok by itself when most of its primaries see each other.';
  return [{ severity: 'error', where, measured: `${shape}; cluster_state is not ok`, why, mends: [{ kind: 'server', at: where, command: 'CLUSTER INFO' }] }];
}

function missingSlots({ side, map, version }: SurveyedCluster, where: string): Said[] {
  if (map.slotsMissing === 0) return [];
  const ranges = rangesWithoutOwner(map);
  const [fewest] = map.shards.filter(({ primary }) => primary.health === 'online').toSorted((a, b) => countOf(a) - countOf(b));
  const at = fewest === undefined ? where : `${side} ${endpointName(fewest.primary)}`;
  const hasRanges = version === undefined || version.product === 'valkey' || atLeast(version, 7);
  const words = hasRanges
    ? ranges.map(({ first, last }) => `${first} ${last}`)
    : ranges.flatMap(({ first, last }) => numbers(first, last)).slice(0, SLOTS_SHOWN_MAX);
  return [
    {
      severity: 'error',
      where,
      measured: `${countWords(map.slotsMissing, 'slot')} without an owner: ${ranges.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(', ')}`,
      why: 'A cluster that lacks slots serves nothing, unless cluster-require-full-coverage is no. If a node that had them is only away, start it instead: what it holds comes back with it.',
      mends: [{ kind: 'server', at, command: `CLUSTER ${hasRanges ? 'ADDSLOTSRANGE' : 'ADDSLOTS'} ${words.join(' ')}` }],
    },
  ];
}

function failedNodes({ side, map }: SurveyedCluster): Said[] {
  return map.shards.flatMap((shard) => {
    const { primary, replicas } = shard;
    const [heir] = replicas.filter((node) => node.health === 'online');
    const ofPrimary: Said[] =
      primary.health === 'failed' && shard.slots.length > 0
        ? [
            {
              severity: 'error',
              where: `${side} ${endpointName(primary)}`,
              measured: `the primary of ${countWords(countOf(shard), 'slot')} has failed`,
              why: 'Its keys can be neither read nor written until it is back or a replica has taken over.',
              mends: heir === undefined ? [] : [{ kind: 'server', at: `${side} ${endpointName(heir)}`, command: 'CLUSTER FAILOVER TAKEOVER' }],
            },
          ]
        : [];
    const away = replicas.filter((node) => node.health === 'failed');
    return [...ofPrimary, ...away.map((node) => failedReplica(side, endpointName(node), node.id, endpointName(primary)))];
  });
}

function failedReplica(side: string, address: string, id: string, primary: string): Said {
  return {
    severity: 'warn',
    where: `${side} ${address}`,
    measured: `this replica of ${primary} has failed`,
    why: 'Should its primary fail too, nobody takes over. If it is gone for good, every node has to forget it.',
    mends: [{ kind: 'shell', at: 'here', command: `redis-cli --cluster call ${primary} CLUSTER FORGET ${id}` }],
  };
}

/** Both ends have to let go: each is said by itself. */
function movingSlots({ side, map }: SurveyedCluster): Said[] {
  const why =
    side === 'source'
      ? 'Slots that move while a sync runs are brought anew by the shard that gets them: let the move end before the start. If nobody moves it any more, it was left behind.'
      : 'Commands of a slot that moves wait for the end of the move: let it end before the start. If nobody moves it any more, it was left behind.';
  return map.moving.flatMap(({ slot, fromId, toId }) =>
    [fromId, toId].flatMap((id): Said[] => {
      const node = map.node(id);
      if (node === undefined) return [];
      const where = `${side} ${endpointName(node)}`;
      return [
        {
          severity: 'warn',
          where,
          measured: `slot ${slot} is on its way`,
          why,
          mends: [{ kind: 'server', at: where, command: `CLUSTER SETSLOT ${slot} STABLE` }],
        },
      ];
    }),
  );
}

function rangesWithoutOwner(map: ClusterMap): { first: number; last: number }[] {
  const ranges: { first: number; last: number }[] = [];
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if (map.shardOfSlot(slot) !== undefined) continue;
    const before = ranges[ranges.length - 1];
    if (before?.last === slot - 1) before.last = slot;
    else ranges.push({ first: slot, last: slot });
  }
  return ranges;
}

const countOf = ({ slots }: Pick<ClusterShard, 'slots'>): number => slots.reduce((sum, { first, last }) => sum + last - first + 1, 0);

const numbers = (first: number, last: number): string[] => Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
