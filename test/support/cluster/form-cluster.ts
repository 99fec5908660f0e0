/** Makes a cluster of nodes that run and know nothing of each other. */
import { waitFor } from '../wait-for.ts';
import type { ClusterMember } from './cluster-member.ts';
import { type SlotSpan, slotsOf } from './slot-spans.ts';

const READY_MS = 30_000;

/** @param members the first of each shard number becomes its primary; `slots` are by shard */
export async function formCluster(members: readonly ClusterMember[], slots: readonly (readonly SlotSpan[])[]): Promise<void> {
  const primaries = members.slice(0, slots.length);
  await Promise.all(members.map((member) => member.learnId()));
  await Promise.all(primaries.map((member, i) => giveSlots(member, i, slots[i])));
  await meet(members);
  await Promise.all(members.slice(slots.length).map((replica) => follow(replica, primaries[replica.shard])));
  await waitFor(
    'the new cluster to be ready',
    async () => {
      const views = await Promise.all(members.map((member) => member.view()));
      return views.every((view) => view.linkUp && view.owners === views[0].owners && (view.ok || !isComplete(slots)));
    },
    { timeoutMs: READY_MS, intervalMs: 20 },
  );
}

async function giveSlots(member: ClusterMember, index: number, spans: readonly SlotSpan[]): Promise<void> {
  // Epochs of their own, so that the nodes need not sort out that they all have the same.
  await member.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
  if (spans.length === 0) return;
  if (member.server.atLeast(7)) await member.call('CLUSTER', 'ADDSLOTSRANGE', ...spans.flat());
  else await member.call('CLUSTER', 'ADDSLOTS', ...slotsOf(spans));
}

/** Everybody meets everybody: gossip alone would take seconds. */
async function meet(members: readonly ClusterMember[]): Promise<void> {
  await Promise.all(
    members.flatMap((member, i) => members.slice(0, i).map(({ server }) => member.call('CLUSTER', 'MEET', server.host, server.tlsPort || server.port))),
  );
  for (const member of members) {
    await waitFor(`the node on port ${member.server.port} to know all others`, async () => (await member.acquainted()) === members.length, {
      timeoutMs: READY_MS,
      intervalMs: 20,
    });
  }
}

/** Refused as long as the replica has not heard that the other one is a primary. */
async function follow(replica: ClusterMember, primary: ClusterMember): Promise<void> {
  await waitFor(`the node on port ${replica.server.port} to follow`, async () => (await replica.call('CLUSTER', 'REPLICATE', primary.id)) === 'OK', {
    timeoutMs: READY_MS,
  });
}

function isComplete(slots: readonly (readonly SlotSpan[])[]): boolean {
  return slotsOf(slots.flat()).length === 16_384;
}
