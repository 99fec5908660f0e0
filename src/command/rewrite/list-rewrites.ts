/** Lists and sorted sets for targets before Redis 6.2. */
import type { CommandArguments } from '../command-arguments.ts';
import { type RewriteRule, isBeforeRedis, slice } from './rewrite-rule.ts';
import { PASSTHROUGH, type Rewritten, type RewrittenArgument, commands, unsupported } from './rewritten.ts';

/** LPOP and RPOP with a count leave what LTRIM keeps. */
function pop(side: 'left' | 'right'): RewriteRule {
  return (args, { target }) => {
    const count = args.integer(2);
    if (args.count !== 3 || !(count >= 0) || !isBeforeRedis(target, 6, 2)) return PASSTHROUGH;
    return commands(side === 'left' ? ['LTRIM', args.value(1), count, -1] : ['LTRIM', args.value(1), 0, -count - 1]);
  };
}

/** LMOVE source target LEFT|RIGHT LEFT|RIGHT; from right to left it is RPOPLPUSH. */
const lmove: RewriteRule = (args, context) => {
  if (args.count !== 5 || context.has('lmove')) return PASSTHROUGH;
  const keys = [args.value(1), args.value(2)];
  const from = args.is(3, 'LEFT') ? 'LPOP' : 'RPOP';
  const to = args.is(4, 'LEFT') ? 'LPUSH' : 'RPUSH';
  if (from === 'RPOP' && to === 'LPUSH') return commands(['RPOPLPUSH', ...keys]);
  const script = `local v=redis.call('${from}',KEYS[1]) if v then redis.call('${to}',KEYS[2],v) end`;
  return commands(['EVAL', script, 2, ...keys]);
};

/** ZADD key [GT|LT] [CH] score member: the one score of it was set. Of several it is not known which. */
const zadd: RewriteRule = (args, { target }) => {
  if (!isBeforeRedis(target, 6, 2)) return PASSTHROUGH;
  let at = 2;
  let compares = false;
  let increments = false;
  for (; args.isAny(at, ['NX', 'XX', 'GT', 'LT', 'CH', 'INCR']); at++) {
    compares ||= args.isAny(at, ['GT', 'LT']);
    increments ||= args.is(at, 'INCR');
  }
  if (!compares) return PASSTHROUGH;
  if (args.count - at !== 2 || increments) return unsupported('the target has no ZADD GT and LT (Redis has them since 6.2)');
  return commands(['ZADD', args.value(1), ...slice(args, at)]);
};

const NO_GEOSEARCH = unsupported('the target has no GEOSEARCHSTORE of this form (Redis has it since 6.2; BYPOLYGON Valkey since 9.0)');

/** GEOSEARCHSTORE target source FROMMEMBER m|FROMLONLAT x y BYRADIUS r unit [ASC|DESC] [COUNT n] [STOREDIST] */
const geosearchstore: RewriteRule = (args, context): Rewritten => {
  if (context.has('geosearchstore')) {
    const isPolygon = args.find(['BYPOLYGON'], 3) > 0;
    return isPolygon && !(context.target.product === 'valkey' && context.target.major >= 9) ? NO_GEOSEARCH : PASSTHROUGH;
  }
  return georadius(args) ?? NO_GEOSEARCH;
};

function georadius(args: CommandArguments): Rewritten | undefined {
  let center: RewrittenArgument[] = [];
  let radius: RewrittenArgument[] = [];
  let name = '';
  let store = 'STORE';
  const options: RewrittenArgument[] = [];
  for (let at = 3; at < args.count; at++) {
    if (args.is(at, 'FROMMEMBER')) {
      name = 'GEORADIUSBYMEMBER';
      center = slice(args, at + 1, at + 2);
      at += 1;
    } else if (args.is(at, 'FROMLONLAT')) {
      name = 'GEORADIUS';
      center = slice(args, at + 1, at + 3);
      at += 2;
    } else if (args.is(at, 'BYRADIUS')) {
      radius = slice(args, at + 1, at + 3);
      at += 2;
    } else if (args.is(at, 'COUNT')) {
      options.push('COUNT', args.value(++at));
    } else if (args.isAny(at, ['ASC', 'DESC'])) options.push(args.value(at));
    else if (args.is(at, 'STOREDIST')) store = 'STOREDIST';
    else return undefined;
  }
  if (center.length === 0 || radius.length !== 2) return undefined;
  return commands([name, args.value(2), ...center, ...radius, ...options, store, args.value(1)]);
}

export const LIST_REWRITES: Readonly<Record<string, RewriteRule>> = { lpop: pop('left'), rpop: pop('right'), lmove, zadd, geosearchstore };
