/**
 * Says commands of a source's stream in the words of the target. Most commands need nothing: servers propagate effects (docs/propagation.md), and what
 * all versions know has no rule, so that the common case costs one look into a map. One rewriter per target; nothing is kept between calls.
 */
import { type ServerVersion, versionName } from '../../model/server-version.ts';
import { availableOn } from '../available-on.ts';
import { builtInCommands } from '../built-in-commands.ts';
import type { CommandArguments } from '../command-arguments.ts';
import type { Command } from '../command.ts';
import { HASH_REWRITES } from './hash-rewrites.ts';
import { LIST_REWRITES } from './list-rewrites.ts';
import type { RewriteContext, RewriteRule } from './rewrite-rule.ts';
import { PASSTHROUGH, type Rewritten, unsupported } from './rewritten.ts';
import { STREAM_REWRITES } from './stream-rewrites.ts';
import { STRING_REWRITES } from './string-rewrites.ts';

const RULES: ReadonlyMap<string, RewriteRule> = new Map([
  ...Object.entries(STRING_REWRITES),
  ...Object.entries(HASH_REWRITES),
  ...Object.entries(LIST_REWRITES),
  ...Object.entries(STREAM_REWRITES),
]);

export class CommandRewriter {
  private readonly target: ServerVersion;
  private readonly context: RewriteContext;
  private receivedAtMs = 0;

  constructor(target: ServerVersion) {
    this.target = target;
    const has = (name: string): boolean => {
      const command = builtInCommands.named(name);
      return command !== undefined && availableOn(command, target);
    };
    const receivedAtMs = (): number => this.receivedAtMs;
    this.context = { target, has, receivedAtMs };
  }

  /**
   * @param command from the table; undefined (unknown) is passed through, and so is one of which no version is known (of a module)
   * @param receivedAtMs when it came from the source: what relative times count from
   */
  rewrite(command: Command | undefined, args: CommandArguments, receivedAtMs: number): Rewritten {
    if (command === undefined) return PASSTHROUGH;
    const rule = RULES.get(command.name);
    if (rule) {
      this.receivedAtMs = receivedAtMs;
      const rewritten = rule(args, this.context);
      if (rewritten !== PASSTHROUGH) return rewritten;
    }
    const isKnown = command.redisSince !== undefined || command.valkeySince !== undefined;
    return !isKnown || availableOn(command, this.target) ? PASSTHROUGH : unsupported(`${versionName(this.target)} has no such command${sinceText(command)}`);
  }
}

function sinceText(command: Command): string {
  const text = (since: number): string => `${Math.floor(since / 1_000_000)}.${Math.floor(since / 1_000) % 1_000}`;
  const known = [
    ...(command.redisSince === undefined ? [] : [`Redis ${text(command.redisSince)}`]),
    ...(command.valkeySince === undefined ? [] : [`Valkey ${text(command.valkeySince)}`]),
  ];
  return known.length === 0 ? '' : ` (first in ${known.join(', ')})`;
}
