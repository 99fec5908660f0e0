/** What a cut-over sees of each place of the source, and the proof that all of it is at the target. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GodwitError } from '../../errors/errors.ts';
import type { SourceShard } from '../source-shard.ts';
import type { StreamPlace } from './write-pause.ts';

const LOOK_EVERY_MS = 2;

export interface CutoverShard {
  /** '' = the only one. */
  readonly name: string;
  /** For people. */
  readonly address: string;
  /** The history that the offsets belong to. */
  readonly replicationId: string;
  readonly received: number;
  /** Applied at the target, and answered. */
  readonly applied: number;
  /** What the mark at the target says. */
  readonly marked: number;
  /** In incremental sync, with a link that streams. */
  readonly isFollowing: boolean;
  /** What the source was heard to have and the target has not. */
  readonly lagBytes: number;
  readonly lagMs: number;
  /** The lag is one of the source as it is now. */
  readonly lagIsCertain: boolean;
}

export function shardView({ name, pipeline, spool, place, lagBytes, lagMs, lagIsCertain }: SourceShard): CutoverShard {
  const { host, port } = place.endpoint;
  return {
    name,
    address: `${host}:${port}`,
    replicationId: spool?.replicationId ?? '',
    received: spool?.stream?.endOffset ?? -1,
    applied: pipeline?.applied.offset ?? -1,
    marked: pipeline?.mark.offset ?? -1,
    isFollowing: pipeline?.applied.phase === 'incremental-sync' && pipeline.link.state === 'streaming',
    lagBytes,
    lagMs,
    lagIsCertain,
  };
}

/**
 * Resolves when the target has answered all that the source has written up to these places, with what was seen of each.
 * @param places where the streams stand, in the order of the shards @throws GodwitError CUTOVER_UNDONE of another history
 */
export async function untilApplied(look: () => readonly CutoverShard[], places: readonly StreamPlace[], signal: AbortSignal): Promise<readonly string[]> {
  for (;;) {
    const shards = look();
    const waiting = shards.findIndex(({ applied }, i) => applied < places[i].offset);
    const other = shards.findIndex(({ replicationId }, i) => replicationId !== places[i].replicationId);
    if (other >= 0) throw new GodwitError('CUTOVER_UNDONE', `the source ${shards[other].address} is in another history than the one that is followed`);
    if (waiting < 0) return shards.map((shard, i) => proof(shard, places[i]));
    signal.throwIfAborted();
    await sleep(LOOK_EVERY_MS);
  }
}

function proof({ address, received, applied, marked }: CutoverShard, { offset, replicationId }: StreamPlace): string {
  return `${address}: the source ends at ${offset} of ${replicationId.slice(0, 8)}, received ${received}, applied and answered ${applied}, mark ${marked}`;
}
