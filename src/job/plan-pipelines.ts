/** Finds the name of each shard's pipeline and says what the target must know of it, before the job is taken over. */
import type { KnownPipeline } from '../checkpoint/job-marks.ts';
import { parseSlots } from '../model/slot-ranges.ts';
import type { BeginPlace } from '../config/sync-config.ts';
import type { PipelinePlan } from './job-target.ts';
import { nameShards } from './shard-naming.ts';
import type { SourcePlace } from './job-source.ts';

/** What of a shard is looked at. */
export interface PlannedShard {
  readonly place: SourcePlace;
  readonly watch: { histories(): Promise<string[]> };
  name: string;
}

/**
 * Gives the shards their names.
 * @param beginAt places for those without a mark
 * @param renames keys have other names at the target: their slots there tell nothing of whose they are
 */
export async function planPipelines(
  shards: readonly PlannedShard[],
  known: ReadonlyMap<string, KnownPipeline>,
  renames: boolean,
  beginAt: readonly BeginPlace[] = [],
): Promise<PipelinePlan[]> {
  const places = await Promise.all(shards.map(async (shard) => ({ id: shard.place.id, note: shard.place.note(), histories: await shard.watch.histories() })));
  const names = nameShards(places, known);
  for (const [i, shard] of shards.entries()) shard.name = names[i];
  return shards.map(({ name, place }) => {
    const note = place.note();
    return {
      name,
      share: renames && place.share.kind === 'slots' ? { kind: 'unknown' } : place.share,
      note,
      beginsAt: beginAt.find(({ pipeline }) => pipeline === name),
      beginsAnew: place.share.kind === 'slots' && hasOtherSlots(note, known.get(name)),
    };
  });
}

/**
 * Slots have moved between shards since the run before this one looked. What came before and what after in the streams of the shards is not known: each that
 * has gained or lost some is brought anew, and what another one had of its slots is removed before.
 */
function hasOtherSlots(note: string, before: KnownPipeline | undefined): boolean {
  const now = parseSlots(note);
  const then = before === undefined ? undefined : parseSlots(before.note);
  if (now === undefined || then === undefined) return false;
  return now.size !== then.size || [...now].some((slot) => !then.has(slot));
}
