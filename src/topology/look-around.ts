/**
 * Asks several places the same until one gives a good answer. One after the other, but nobody is waited for longer than the stagger: then the next is
 * asked beside it. So a place that says nothing costs the stagger, not a timeout.
 */
import type { Clock, ClockTimer } from '../async/clock.ts';
import { type GodwitError, toGodwitError } from '../errors/errors.ts';

export interface LookOptions<Place, Answer> {
  readonly places: readonly Place[];
  ask(place: Place): Promise<Answer>;
  /** No more are asked once one is. */
  isGood(answer: Answer): boolean;
  readonly staggerMs: number;
  readonly parallelMax: number;
  readonly clock: Clock;
}

export interface Looked<Place, Answer> {
  readonly good: Answer | undefined;
  /** Those that were not good, in the order in which they came. */
  readonly others: readonly Answer[];
  readonly failures: readonly { readonly place: Place; readonly error: GodwitError }[];
}

/** Resolves with the first good answer, or when all have answered or failed. Questions that are still open then go on: their owner ends them. */
export function lookAround<Place, Answer>(options: LookOptions<Place, Answer>): Promise<Looked<Place, Answer>> {
  const { places, clock } = options;
  const others: Answer[] = [];
  const failures: { place: Place; error: GodwitError }[] = [];
  let [next, open] = [0, 0];
  let timer: ClockTimer | undefined;
  let done = false;
  return new Promise((resolve) => {
    const finish = (good: Answer | undefined): void => {
      done = true;
      timer?.cancel();
      resolve({ good, others, failures });
    };
    const goOn = (): void => {
      timer?.cancel();
      if (done) return;
      if (next === places.length) {
        if (open === 0) finish(undefined);
        return;
      }
      if (open < options.parallelMax) void askOne(places[next++]);
      if (next < places.length) timer = clock.startTimer(options.staggerMs, goOn);
    };
    const askOne = async (place: Place): Promise<void> => {
      open++;
      try {
        const answer = await options.ask(place);
        if (done) return;
        if (options.isGood(answer)) return finish(answer);
        others.push(answer);
      } catch (error) {
        failures.push({ place, error: toGodwitError(error) });
      } finally {
        open--;
        if (!done) goOn();
      }
    };
    goOn();
  });
}
