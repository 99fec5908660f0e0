/**
 * How often each command was met, by name: an increment of a number that whoever meets commands has at hand. What is sent again after a break counts again.
 *
 *   tally.of(command).sent++
 */
import type { Command } from './command.ts';

export interface TalliedCommand {
  /** From the source, before any rule; only where there are rules. */
  read: number;
  /** To the target, behind all rules. */
  sent: number;
}

const UNKNOWN = 'UNKNOWN';

export class CommandTally {
  private readonly byName = new Map<string, TalliedCommand>();

  /** Always the same object. @param command undefined: not known */
  of(command: Command | undefined): TalliedCommand {
    const name = command === undefined ? UNKNOWN : command.name.replace('|', '-').toUpperCase();
    let count = this.byName.get(name);
    if (count === undefined) this.byName.set(name, (count = { read: 0, sent: 0 }));
    return count;
  }

  entries(): Iterable<[name: string, count: Readonly<TalliedCommand>]> {
    return this.byName;
  }
}
