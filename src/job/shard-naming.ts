/**
 * Which name each place of the source has as a pipeline. Marks and spool are found by it, so it must be the same over runs and failovers, also where the source
 * has no ids of shards that stay (before 7.0) or has given new ones. The rule, per place, each known pipeline at most once:
 *
 *   1. the pipeline that is called as the place is
 *   2. the one whose mark stands in the place's replication history, the present one or the one before its last failover
 *   3. the one that had most of the place's slots
 *   4. none: the place's own id is the name of a new pipeline
 */
import type { KnownPipeline } from '../checkpoint/job-marks.ts';
import { parseSlots } from '../model/slot-ranges.ts';

export interface NamedPlace {
  readonly id: string;
  /** As the place's note: its slots. */
  readonly note: string;
  /** Its replication id, and the one before. */
  readonly histories: readonly string[];
}

/** @returns names in the order of the places */
export function nameShards(places: readonly NamedPlace[], known: ReadonlyMap<string, KnownPipeline>): string[] {
  const free = new Map(known);
  const names = new Map<NamedPlace, string>();
  const give = (place: NamedPlace, name: string | undefined): void => {
    if (name === undefined) return;
    names.set(place, name);
    free.delete(name);
  };
  const open = (): NamedPlace[] => places.filter((place) => !names.has(place));
  for (const place of places) if (free.has(place.id)) give(place, place.id);
  for (const place of open()) give(place, [...free].find(([, { mark }]) => mark.replicationId !== '' && place.histories.includes(mark.replicationId))?.[0]);
  for (const place of open()) give(place, mostShared(place, free));
  return places.map((place) => names.get(place) ?? freshName(place.id, known));
}

function mostShared(place: NamedPlace, free: ReadonlyMap<string, KnownPipeline>): string | undefined {
  const own = parseSlots(place.note);
  if (own === undefined) return undefined;
  let best: string | undefined;
  let most = 0;
  for (const [name, { note }] of free) {
    const shared = [...(parseSlots(note) ?? [])].filter((slot) => own.has(slot)).length;
    if (shared > most) [best, most] = [name, shared];
  }
  return best;
}

/** An id that another place's pipeline had once is not taken again. */
function freshName(id: string, known: ReadonlyMap<string, KnownPipeline>): string {
  let name = id;
  for (let n = 2; known.has(name); n++) name = `${id}-${n}`;
  return name;
}
