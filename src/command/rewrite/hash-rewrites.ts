/**
 * Hashes with fields that expire. Redis has them since 7.4 (HSETEX, HGETDEL since 8.0), Valkey since 9.0 (HGETDEL since 9.1). A target without them
 * can only forget the expiry; that is said, and the policy of the job decides.
 *
 *   fields = "FIELDS" n field ...                                       HSETEX: field value ...
 */
import type { CommandArguments } from '../command-arguments.ts';
import { type RewriteContext, type RewriteRule, absoluteMs, slice } from './rewrite-rule.ts';
import { PASSTHROUGH, type Rewritten, type RewrittenArgument, commands, unsupported } from './rewritten.ts';

const TIMES = ['EX', 'PX', 'EXAT', 'PXAT'];
const NO_FIELD_EXPIRY = 'the target has no expiry of hash fields (Redis has it since 7.4, Valkey since 9.0)';

/** HSETEX key [FNX|FXX] [EX|PX|EXAT|PXAT time|KEEPTTL] FIELDS n field value ...: conditions held, so they are left out where it is taken apart. */
const hsetex: RewriteRule = (args, context) => {
  const fields = args.find(['FIELDS'], 2);
  if (fields < 0) return PASSTHROUGH;
  const timeAt = args.find(TIMES, 2, fields);
  const option = TIMES.find((word) => timeAt > 0 && args.is(timeAt, word));
  const isRelative = option === 'EX' || option === 'PX';
  if (context.has('hsetex') && !isRelative) return PASSTHROUGH;
  const key = args.value(1);
  if (option === undefined) return hset(key, args, fields, context);
  const expiryMs = absoluteMs(option, args.integer(timeAt + 1), context.receivedAtMs());
  if (!Number.isSafeInteger(expiryMs)) return PASSTHROUGH;
  if (context.has('hsetex')) return commands(['HSETEX', key, 'PXAT', expiryMs, ...slice(args, fields)]);
  if (!context.has('hpexpireat')) return unsupported(NO_FIELD_EXPIRY, commands(['HSET', key, ...slice(args, fields + 2)]));
  const names: RewrittenArgument[] = [];
  for (let at = fields + 2; at < args.count; at += 2) names.push(args.value(at));
  return commands(['HSET', key, ...slice(args, fields + 2)], ['HPEXPIREAT', key, expiryMs, 'FIELDS', names.length, ...names]);
};

/** Without a time. HSET removes the expiry of a field, which KEEPTTL keeps: the same only where there is none. */
function hset(key: RewrittenArgument, args: CommandArguments, fields: number, context: RewriteContext): Rewritten {
  if (context.has('hpexpireat') && args.find(['KEEPTTL'], 2, fields) > 0) return unsupported('the target has no HSETEX ... KEEPTTL (Redis has it since 8.0)');
  return commands(['HSET', key, ...slice(args, fields + 2)]);
}

/** HGETDEL key FIELDS n field ...: the fields are gone. */
const hgetdel: RewriteRule = (args, context) => {
  const fields = args.find(['FIELDS'], 2);
  if (fields < 0 || context.has('hgetdel')) return PASSTHROUGH;
  return commands(['HDEL', args.value(1), ...slice(args, fields + 2)]);
};

/** HEXPIRE and its kin: key time [condition] FIELDS n field ... */
function hexpire(option: string): RewriteRule {
  return (args, context) => {
    if (!context.has('hpexpireat')) return unsupported(NO_FIELD_EXPIRY, commands());
    const fields = args.find(['FIELDS'], 3);
    const expiryMs = absoluteMs(option, args.integer(2), context.receivedAtMs());
    if (option === 'PXAT' || option === 'EXAT' || fields < 0 || !Number.isSafeInteger(expiryMs)) return PASSTHROUGH;
    return commands(['HPEXPIREAT', args.value(1), expiryMs, ...slice(args, 3)]);
  };
}

/** Where no field can have an expiry there is none to remove. */
const hpersist: RewriteRule = (_, context) => (context.has('hpersist') ? PASSTHROUGH : commands());

export const HASH_REWRITES: Readonly<Record<string, RewriteRule>> = {
  hsetex,
  hgetdel,
  hpersist,
  hexpire: hexpire('EX'),
  hpexpire: hexpire('PX'),
  hexpireat: hexpire('EXAT'),
  hpexpireat: hexpire('PXAT'),
};
