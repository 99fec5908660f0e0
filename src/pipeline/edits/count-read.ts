/** Counts the commands of a batch as they are read, before any rule. */
import { builtInCommands } from '../../command/built-in-commands.ts';
import type { CommandTally } from '../../command/command-tally.ts';
import type { Batch } from '../../model/batch.ts';

export function countRead({ bytes, start, end, count }: Batch, tally: CommandTally): void {
  for (let row = 0; row < count; row++) tally.of(builtInCommands.find(bytes, start[row], end[row])).read++;
}
