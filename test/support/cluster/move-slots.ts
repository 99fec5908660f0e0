/** Slots from one shard to another while the cluster runs: key by key with MIGRATE, or at once with Valkey's CLUSTER MIGRATESLOTS. */
import { waitFor } from '../wait-for.ts';
import type { ClusterMember } from './cluster-member.ts';
import { type SlotSpan, slotsOf } from './slot-spans.ts';

export interface MoveOptions {
  /** CLUSTER MIGRATESLOTS, Valkey 9 and newer; with MIGRATE unless told. */
  readonly atomic?: boolean;
}

export interface MoveEnds {
  readonly from: ClusterMember;
  readonly to: ClusterMember;
  /** Who is told. */
  readonly all: readonly ClusterMember[];
}

const KEYS_AT_ONCE = 100;
const MOVE_MS = 60_000;

export async function moveSlots(ends: MoveEnds, spans: readonly SlotSpan[], options: MoveOptions): Promise<void> {
  if (options.atomic) return moveAtOnce(ends, spans);
  for (const slot of slotsOf(spans)) {
    const move = new SlotMove(ends, slot);
    await move.begin();
    await move.moveKeys();
    await move.finish();
  }
}

/** One slot on its way. Between begin() and finish() it is open: keys that are gone are asked for with ASK. */
export class SlotMove {
  readonly slot: number;
  private readonly ends: MoveEnds;

  constructor(ends: MoveEnds, slot: number) {
    this.ends = ends;
    this.slot = slot;
  }

  async begin(): Promise<void> {
    const { from, to } = this.ends;
    await to.call('CLUSTER', 'SETSLOT', this.slot, 'IMPORTING', from.id);
    await from.call('CLUSTER', 'SETSLOT', this.slot, 'MIGRATING', to.id);
  }

  /** @param keysMax so many at most; all unless told. Resolves with how many went. */
  async moveKeys(keysMax = Number.POSITIVE_INFINITY): Promise<number> {
    const { from, to } = this.ends;
    let moved = 0;
    while (moved < keysMax) {
      const keys = (await from.call('CLUSTER', 'GETKEYSINSLOT', this.slot, Math.min(KEYS_AT_ONCE, keysMax - moved))) as string[];
      if (keys.length === 0) break;
      await from.call('MIGRATE', to.server.host, to.server.tlsPort || to.server.port, '', 0, 10_000, 'KEYS', ...keys);
      moved += keys.length;
    }
    return moved;
  }

  /** The new owner is told first, so that the slot is never without one. */
  async finish(): Promise<void> {
    const { from, to, all } = this.ends;
    for (const member of [to, from]) await member.call('CLUSTER', 'SETSLOT', this.slot, 'NODE', to.id);
    const others = all.filter((member) => member !== to && member !== from);
    await Promise.all(others.map((member) => this.tell(member)));
  }

  /** The move is called off; keys that went must be brought back by another one. */
  async cancel(): Promise<void> {
    for (const member of [this.ends.to, this.ends.from]) await member.call('CLUSTER', 'SETSLOT', this.slot, 'STABLE');
  }

  private async tell(member: ClusterMember): Promise<void> {
    if ((await member.role()) === 'primary') await member.call('CLUSTER', 'SETSLOT', this.slot, 'NODE', this.ends.to.id);
  }
}

async function moveAtOnce({ from, to }: MoveEnds, spans: readonly SlotSpan[]): Promise<void> {
  await from.call('CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', ...spans.flat(), 'NODE', to.id);
  await waitFor(
    'the slots to be moved',
    async () => {
      const jobs = (await from.call('CLUSTER', 'GETSLOTMIGRATIONS')) as unknown[][];
      const states = jobs.map((job) => String(job[job.findIndex((field) => String(field) === 'state') + 1]));
      if (states.some((state) => state === 'failed' || state === 'canceled')) throw new Error(`a slot migration has ended as ${states.join(', ')}`);
      return states.length > 0 && states.every((state) => state === 'success');
    },
    { timeoutMs: MOVE_MS },
  );
}
