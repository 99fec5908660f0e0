/** What a rule of rewriting is given. */
import type { ServerVersion } from '../../model/server-version.ts';
import { atLeast } from '../../model/server-version.ts';
import type { CommandArguments } from '../command-arguments.ts';
import type { Rewritten, RewrittenArgument } from './rewritten.ts';

export interface RewriteContext {
  readonly target: ServerVersion;
  /** Does the target have the command, by its name in the table? */
  readonly has: (name: string) => boolean;
  /** When the command came from the source, ms since 1970: relative times count from here. */
  readonly receivedAtMs: () => number;
}

/** One per command. Arguments that the rule cannot read are passed through: the target's answer says more than we could. */
export type RewriteRule = (args: CommandArguments, context: RewriteContext) => Rewritten;

/** Older than this version of Redis. Valkey began behind 7.2 and is older than none that is asked for here. */
export function isBeforeRedis(target: ServerVersion, major: number, minor: number): boolean {
  return target.product === 'redis' && !atLeast(target, major, minor);
}

/** Views of the arguments from `from` up to `to`. */
export function slice(args: CommandArguments, from: number, to = args.count): RewrittenArgument[] {
  const values: RewrittenArgument[] = [];
  for (let i = from; i < to; i++) values.push(args.value(i));
  return values;
}

/** All arguments but those whose index is in `dropped`. */
export function without(args: CommandArguments, dropped: readonly number[]): RewrittenArgument[] {
  const values: RewrittenArgument[] = [];
  for (let i = 0; i < args.count; i++) if (!dropped.includes(i)) values.push(args.value(i));
  return values;
}

/** A time given as seconds or ms, relative or not, as ms since 1970; NaN if it is no number. */
export function absoluteMs(option: string, value: number, receivedAtMs: number): number {
  const ms = option === 'EX' || option === 'EXAT' ? value * 1000 : value;
  return option === 'EX' || option === 'PX' ? receivedAtMs + ms : ms;
}
