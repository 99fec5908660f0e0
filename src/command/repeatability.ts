/**
 * May a command of the stream be applied again? Needed where the target's marks do not tell whether it was applied (a cluster): repeatable commands
 * need no mark of their own. See docs/repeatability.md for the meaning and the review.
 */
import type { CommandArguments } from './command-arguments.ts';
import type { Command } from './command.ts';
import { repeatabilityRules } from './repeatability-rules.ts';

export type Repeatability = 'repeatable' | 'not';

type Check = (args: CommandArguments) => boolean;

const RULES = repeatabilityRules();
const CONDITIONS = ['NX', 'XX', 'GT', 'LT'];
const SET_SPOILERS = ['NX', 'XX', 'GET', 'IFEQ', 'IFNE', 'IFDEQ', 'IFDNE', 'EX', 'PX'];
const STAR = 0x2a;

/** True where an option makes it not repeatable. By name; repeatability-rules.ts says why. */
const SPOILED: Readonly<Record<string, Check>> = {
  set: (args) => args.find(SET_SPOILERS, 3) >= 0,
  msetex: (args) => !(args.integer(1) > 0) || args.find(['NX', 'XX', 'EX', 'PX'], 2 + 2 * args.integer(1)) >= 0,
  bitfield: hasIncrement,
  zadd: (args) => args.find(['NX', 'XX', 'GT', 'LT', 'INCR'], 2, firstScore(args)) >= 0,
  geoadd: (args) => args.find(CONDITIONS, 2, firstScore(args)) >= 0,
  xadd: hasOpenId,
  pexpireat: (args) => args.find(CONDITIONS, 3) >= 0,
  expireat: (args) => args.find(CONDITIONS, 3) >= 0,
  restore: (args) => args.find(['REPLACE'], 4) < 0 || (args.integer(2) !== 0 && args.find(['ABSTTL'], 4) < 0),
};

/** `command` undefined: unknown, and then not. */
export function repeatability(command: Command | undefined, args: CommandArguments): Repeatability {
  if (command === undefined || !RULES.get(command.name)?.repeatable) return 'not';
  const spoiled = SPOILED[command.name];
  return spoiled?.(args) ? 'not' : 'repeatable';
}

/** Options come first and are words; scores are numbers. */
function firstScore(args: CommandArguments): number {
  let at = 2;
  while (args.isAny(at, ['NX', 'XX', 'GT', 'LT', 'CH', 'INCR'])) at++;
  return at;
}

/** BITFIELD key *(GET type offset | SET type offset value | OVERFLOW kind | INCRBY type offset increment) */
function hasIncrement(args: CommandArguments): boolean {
  for (let at = 2; at < args.count;) {
    if (args.is(at, 'GET')) at += 3;
    else if (args.is(at, 'SET')) at += 4;
    else if (args.is(at, 'OVERFLOW')) at += 2;
    else return true;
  }
  return false;
}

/** XADD key [NOMKSTREAM] [KEEPREF|DELREF|ACKED] [IDMP ...] [MAXLEN|MINID [=|~] n [LIMIT n]] id ...: the id is `*` or `5-*`, or not where expected. */
function hasOpenId(args: CommandArguments): boolean {
  let at = 2;
  for (;;) {
    if (args.isAny(at, ['NOMKSTREAM', 'KEEPREF'])) at++;
    else if (args.isAny(at, ['MAXLEN', 'MINID'])) at += args.isAny(at + 1, ['=', '~']) ? 3 : 2;
    else if (args.is(at, 'LIMIT')) at += 2;
    else break;
  }
  if (at >= args.count || args.isEmpty(at)) return true;
  const first = args.bytes[args.start(at)];
  return first < 0x30 || first > 0x39 || args.bytes[args.end(at) - 1] === STAR;
}
