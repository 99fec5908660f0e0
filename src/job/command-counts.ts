/** Commands of the stream by name, over all pipelines of a job. */
import type { CommandTally } from '../command/command-tally.ts';
import type { CommandCount } from '../observe/job-status.ts';
import type { Edits } from '../pipeline/edits/edits.ts';

interface Counted {
  readonly tally: CommandTally;
  readonly edits: Edits | null;
}

/** In the order in which they were met first. Without rules all that is read is sent. */
export function commandCounts(pipelines: readonly (Counted | undefined)[]): CommandCount[] {
  const counts = new Map<string, CommandCount>();
  for (const pipeline of pipelines) {
    if (pipeline === undefined) continue;
    const { tally, edits } = pipeline;
    for (const [name, { read, sent }] of tally.entries()) {
      const known = counts.get(name) ?? { name, read: 0, sent: 0 };
      counts.set(name, { name, read: known.read + (edits === null ? sent : read), sent: known.sent + sent });
    }
  }
  return [...counts.values()];
}
