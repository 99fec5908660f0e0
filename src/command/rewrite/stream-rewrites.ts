/**
 * Streams. Two things are wanted for every target: the source propagates `XADD k MAXLEN = 3 LIMIT 10 ...` for a call with `~`, which a server takes
 * from its primary alone and refuses from a client (LIMIT needs `~`); and what a group keeps beyond the target's version is left out.
 */
import type { CommandArguments } from '../command-arguments.ts';
import { type RewriteRule, isBeforeRedis, slice, without } from './rewrite-rule.ts';
import { PASSTHROUGH, type Rewritten, commands, unsupported } from './rewritten.ts';

const NO_REFERENCES = unsupported('the target has no DELREF and ACKED for stream entries (Redis has them since 8.2)');
const NO_MINID = unsupported('the target has no MINID for trimming (Redis has it since 6.2)');

interface TrimOptions {
  /** Indexes that are to be left out. */
  readonly dropped: number[];
  readonly problem: Rewritten | undefined;
}

/** Reads options of XADD and XTRIM that begin at 2, up to the first word that is none. */
function readTrimOptions(args: CommandArguments, before62: boolean, before82: boolean): TrimOptions {
  const dropped: number[] = [];
  let problem: Rewritten | undefined;
  let isExact = true;
  for (let at = 2; at < args.count; at++) {
    if (args.isAny(at, ['MAXLEN', 'MINID'])) {
      isExact = !args.is(at + 1, '~');
      if (before62 && args.is(at, 'MINID')) problem = NO_MINID;
      at += args.isAny(at + 1, ['=', '~']) ? 2 : 1;
    } else if (args.is(at, 'LIMIT')) {
      if (isExact || before62) dropped.push(at, at + 1);
      at++;
    } else if (args.is(at, 'NOMKSTREAM')) {
      if (before62) dropped.push(at);
    } else if (args.is(at, 'KEEPREF')) {
      if (before82) dropped.push(at);
    } else if (args.isAny(at, ['DELREF', 'ACKED'])) {
      if (before82) problem = NO_REFERENCES;
    } else break;
  }
  return { dropped, problem };
}

/** LIMIT stays where it is allowed, with `~`; with `=` the source's number says what is left. */
const trimming: RewriteRule = (args, { target }) => {
  const before82 = target.product === 'valkey' || isBeforeRedis(target, 8, 2);
  const { dropped, problem } = readTrimOptions(args, isBeforeRedis(target, 6, 2), before82);
  if (problem) return problem;
  return dropped.length === 0 ? PASSTHROUGH : commands(without(args, dropped));
};

/** Leaves out `word value` pairs that came with Redis 7.0. */
function withoutCounters(words: readonly string[], from: number): RewriteRule {
  return (args, { target }) => {
    if (!isBeforeRedis(target, 7, 0)) return PASSTHROUGH;
    const dropped = words.flatMap((word) => {
      const at = args.find([word], from);
      return at < 0 ? [] : [at, at + 1];
    });
    return dropped.length === 0 ? PASSTHROUGH : commands(without(args, dropped));
  };
}

/** XGROUP CREATECONSUMER key group consumer: reading what is pending for it creates it. */
const createConsumer: RewriteRule = (args, context) => {
  if (args.count !== 5 || !isBeforeRedis(context.target, 6, 2)) return PASSTHROUGH;
  return commands(['XREADGROUP', 'GROUP', args.value(3), args.value(4), 'STREAMS', args.value(2), '0']);
};

/** Only what was pending is deleted, so XACK and XDEL one by one in a script. */
const ACK_AND_DELETE = "for i=2,#ARGV do if redis.call('XACK',KEYS[1],ARGV[1],ARGV[i])==1 then redis.call('XDEL',KEYS[1],ARGV[i]) end end";

/** XACKDEL key group [KEEPREF|DELREF|ACKED] IDS n id ... */
const xackdel: RewriteRule = (args, context) => {
  const ids = args.find(['IDS'], 3);
  if (context.has('xackdel') || ids < 0) return PASSTHROUGH;
  if (args.find(['DELREF', 'ACKED'], 3, ids) > 0) return NO_REFERENCES;
  return commands(['EVAL', ACK_AND_DELETE, 1, args.value(1), args.value(2), ...slice(args, ids + 2)]);
};

/** XDELEX key [KEEPREF|DELREF|ACKED] IDS n id ... */
const xdelex: RewriteRule = (args, context) => {
  const ids = args.find(['IDS'], 2);
  if (context.has('xdelex') || ids < 0) return PASSTHROUGH;
  if (args.find(['DELREF', 'ACKED'], 2, ids) > 0) return NO_REFERENCES;
  return commands(['XDEL', args.value(1), ...slice(args, ids + 2)]);
};

export const STREAM_REWRITES: Readonly<Record<string, RewriteRule>> = {
  xadd: trimming,
  xtrim: trimming,
  xsetid: withoutCounters(['ENTRIESADDED', 'MAXDELETEDID'], 3),
  'xgroup|create': withoutCounters(['ENTRIESREAD'], 5),
  'xgroup|setid': withoutCounters(['ENTRIESREAD'], 5),
  'xgroup|createconsumer': createConsumer,
  xackdel,
  xdelex,
};
