/**
 * Takes a command apart whose keys lie in several slots, where each part does the same to its keys as the whole did: only that the parts do not happen at one
 * moment. What reads one key to write another cannot be split.
 */
import type { CommandArguments } from '../command/command-arguments.ts';
import { type RewrittenArgument, commands, type RewrittenCommands } from '../command/rewrite/rewritten.ts';
import type { Command } from '../command/command.ts';
import { slotOf } from '../model/slot.ts';

/** Arguments that belong to one key, the key among them. */
const WIDTHS: ReadonlyMap<string, number> = new Map([
  ['del', 1],
  ['unlink', 1],
  ['touch', 1],
  ['mset', 2],
]);

export interface CommandPart {
  readonly slot: number;
  readonly words: RewrittenCommands;
}

/** By slot, in the order of the first key of each; undefined: it cannot be split. @param args of the whole command */
export function splitCommand({ name }: Command, args: CommandArguments): CommandPart[] | undefined {
  const width = WIDTHS.get(name);
  if (width === undefined || (args.count - 1) % width !== 0) return undefined;
  const parts = new Map<number, RewrittenArgument[]>();
  for (let at = 1; at < args.count; at += width) {
    const slot = slotOf(args.bytes, args.start(at), args.end(at));
    const part = parts.get(slot) ?? [args.value(0)];
    for (let i = 0; i < width; i++) part.push(args.value(at + i));
    parts.set(slot, part);
  }
  return [...parts].map(([slot, words]) => ({ slot, words: commands(words) }));
}
