/** Which options a command takes as flags and shows in its help. A file and the environment may hold the options of all commands. */
import { isNotYet, notYet } from './not-yet.ts';
import { isOptionOf } from './option-kinds.ts';
import { type Option, OPTIONS } from './schema.ts';

export type CommandName = 'sync' | 'scan' | 'load' | 'run';

/** Without those that nothing acts on yet (not-yet.ts). `run` has those of all kinds of jobs. */
export function optionsOf(command: CommandName): readonly Option[] {
  if (command === 'run') return OPTIONS.filter((option) => !isNotYet(option));
  return OPTIONS.filter((option) => isOptionOf(command, option) && notYet(option.key, command) === undefined);
}
