/**
 * Strings and key expiry. A command stands in the stream because it had an effect at the source, so its conditions (NX, XX, IFEQ v, GT ...) held there
 * and hold at the target, which is in the same state: they can be left out. Relative times (Redis before 7.0 propagates them as they were given)
 * become absolute, counted from the moment of receipt.
 */
import type { CommandArguments } from '../command-arguments.ts';
import { type RewriteContext, type RewriteRule, absoluteMs, isBeforeRedis, slice } from './rewrite-rule.ts';
import { PASSTHROUGH, type Rewritten, type RewrittenArgument, commands, unsupported } from './rewritten.ts';

const TIMES = ['EX', 'PX', 'EXAT', 'PXAT'];
const COMPARISONS = ['IFEQ', 'IFNE', 'IFDEQ', 'IFDNE'];
const EXPIRE_CONDITIONS = ['NX', 'XX', 'GT', 'LT'];

interface SetOptions {
  /** NaN without a time. */
  expiryMs: number;
  keepsTtl: boolean;
  isRelative: boolean;
  hasTime: boolean;
  compares: boolean;
}

/** Options of SET and MSETEX from `from` on; undefined if one is not known. */
function readOptions(args: CommandArguments, from: number, receivedAtMs: number): SetOptions | undefined {
  const options: SetOptions = { expiryMs: Number.NaN, keepsTtl: false, isRelative: false, hasTime: false, compares: false };
  for (let at = from; at < args.count; at++) {
    const time = TIMES.find((word) => args.is(at, word));
    if (time !== undefined) {
      options.expiryMs = absoluteMs(time, args.integer(++at), receivedAtMs);
      if (!Number.isSafeInteger(options.expiryMs)) return undefined;
      options.isRelative = time === 'EX' || time === 'PX';
      options.hasTime = true;
    } else if (args.isAny(at, COMPARISONS)) {
      at++;
      options.compares = true;
    } else if (args.is(at, 'KEEPTTL')) options.keepsTtl = true;
    else if (!args.isAny(at, ['NX', 'XX', 'GET'])) return undefined;
  }
  return options;
}

function setCommands(key: RewrittenArgument, value: RewrittenArgument, options: SetOptions, context: RewriteContext): RewrittenArgument[][] {
  if (!options.hasTime) return [['SET', key, value, ...(options.keepsTtl ? ['KEEPTTL'] : [])]];
  if (!isBeforeRedis(context.target, 6, 2)) return [['SET', key, value, 'PXAT', options.expiryMs]];
  return [
    ['SET', key, value],
    ['PEXPIREAT', key, options.expiryMs],
  ];
}

const set: RewriteRule = (args, context) => {
  if (args.count <= 3) return PASSTHROUGH;
  const options = readOptions(args, 3, context.receivedAtMs());
  if (!options) return PASSTHROUGH;
  const timeUnknown = options.hasTime && isBeforeRedis(context.target, 6, 2);
  if (!options.isRelative && !options.compares && !timeUnknown) return PASSTHROUGH;
  return commands(...setCommands(args.value(1), args.value(2), options, context));
};

/** SETEX and PSETEX: key time value. */
function setWithTime(option: string): RewriteRule {
  return (args, context) => {
    const expiryMs = absoluteMs(option, args.integer(2), context.receivedAtMs());
    if (args.count !== 4 || !Number.isSafeInteger(expiryMs)) return PASSTHROUGH;
    const options: SetOptions = { expiryMs, keepsTtl: false, isRelative: true, hasTime: true, compares: false };
    return commands(...setCommands(args.value(1), args.value(3), options, context));
  };
}

/** MSETEX numkeys key value ... [options] */
const msetex: RewriteRule = (args, context) => {
  const firstOption = 2 + 2 * args.integer(1);
  const options = firstOption <= args.count ? readOptions(args, firstOption, context.receivedAtMs()) : undefined;
  if (!options || (context.has('msetex') && !options.isRelative)) return PASSTHROUGH;
  const list: RewrittenArgument[][] = [];
  for (let at = 2; at < firstOption; at += 2) list.push(...setCommands(args.value(at), args.value(at + 1), options, context));
  return commands(...list);
};

/** EXPIRE and its kin: key time [condition]. Absolute ones pass if the target knows their condition. */
function expire(option: string): RewriteRule {
  const isRelative = option === 'EX' || option === 'PX';
  return (args, context) => {
    const expiryMs = absoluteMs(option, args.integer(2), context.receivedAtMs());
    const unknownCondition = args.find(EXPIRE_CONDITIONS, 3) >= 0 && isBeforeRedis(context.target, 7, 0);
    if (!Number.isSafeInteger(expiryMs) || (!isRelative && !unknownCondition)) return PASSTHROUGH;
    return commands(['PEXPIREAT', args.value(1), expiryMs]);
  };
}

/** RESTORE key ttl payload [options]. What the payload says is not looked at. */
const restore: RewriteRule = (args, context) => {
  const ttlMs = args.integer(2);
  if (!(ttlMs > 0) || args.find(['ABSTTL'], 4) >= 0) return PASSTHROUGH;
  return commands(['RESTORE', args.value(1), context.receivedAtMs() + ttlMs, ...slice(args, 3), 'ABSTTL']);
};

/** DELIFEQ key value, DELEX key [condition]: it was deleted. */
const conditionalDelete: RewriteRule = (args) => (args.count < 2 ? PASSTHROUGH : commands(['DEL', args.value(1)]));

const BIT_OPERATIONS = ['AND', 'OR', 'XOR', 'NOT'];

const bitop: RewriteRule = (args, { target }) => {
  const isNewer = target.product === 'valkey' || isBeforeRedis(target, 8, 2);
  return isNewer && !args.isAny(1, BIT_OPERATIONS) ? unsupported('the target has no such operation of BITOP (Redis has it since 8.2)') : PASSTHROUGH;
};

/** COPY source target [DB n] [REPLACE]. In a script time stands still, so the TTL is the same to the ms. */
const COPY_SCRIPT =
  "local d=redis.call('DUMP',KEYS[1]) if d then local t=redis.call('PTTL',KEYS[1]) redis.call('RESTORE',KEYS[2],t>0 and t or 0,d,'REPLACE') end";

const copy: RewriteRule = (args, context): Rewritten => {
  if (context.has('copy') || args.count < 3) return PASSTHROUGH;
  if (args.find(['DB'], 3) >= 0) return unsupported('the target has no COPY (Redis has it since 6.2), and another database is asked for');
  return commands(['EVAL', COPY_SCRIPT, 2, args.value(1), args.value(2)]);
};

/** FLUSHALL and FLUSHDB: SYNC is the default, and an option since 6.2 only. */
const flush: RewriteRule = (args, { target }) => (args.is(1, 'SYNC') && isBeforeRedis(target, 6, 2) ? commands([args.value(0)]) : PASSTHROUGH);

export const STRING_REWRITES: Readonly<Record<string, RewriteRule>> = {
  set,
  setex: setWithTime('EX'),
  psetex: setWithTime('PX'),
  msetex,
  expire: expire('EX'),
  pexpire: expire('PX'),
  expireat: expire('EXAT'),
  pexpireat: expire('PXAT'),
  restore,
  delifeq: conditionalDelete,
  delex: conditionalDelete,
  bitop,
  copy,
  flushall: flush,
  flushdb: flush,
};
