/** What the rules of a job have done so far, over all of its pipelines. */
import type { RulesStatus } from '../observe/job-status.ts';
import type { Edits } from '../pipeline/edits/edits.ts';

/** Undefined: the job has none. */
export function rulesStatus(all: readonly (Edits | null)[]): RulesStatus | undefined {
  const edits = all.filter((one) => one !== null);
  if (edits.length === 0) return undefined;
  const decided = new Map<string, { rule: string; effect: string; count: number }>();
  for (const { filter } of edits) {
    for (const { rule, effect, count } of filter.report()) {
      const known = decided.get(rule);
      if (known === undefined) decided.set(rule, { rule, effect, count });
      else known.count += count;
    }
  }
  const sum = (of: (one: Edits) => number): number => edits.reduce((total, one) => total + of(one), 0);
  return {
    decided: [...decided.values()],
    renamed: sum(({ transform }) => transform.counts.renamed),
    moved: sum(({ transform }) => transform.counts.moved),
    retimed: sum(({ transform }) => transform.counts.retimed),
    dropped: sum(({ transform }) => transform.counts.dropped),
    untold: sum(({ transform }) => transform.counts.untold),
    functionFailures: sum(({ failures }) => failures),
  };
}
