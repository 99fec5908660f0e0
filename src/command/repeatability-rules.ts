/**
 * Which commands of a replication stream may be applied again: reviewed by hand, command by command and option by option. docs/repeatability.md is
 * generated from here (npm run docs:commands) and says what repeatable means; a test holds that each command that writes has a rule.
 *
 * A rule is needed per command: what has none is not repeatable. A new command is repeatable only if its whole effect is to give parts of one value
 * (a field, a member's score, a bit, a time of expiry) a state that does not depend on what was there, and if it cannot remove the last element.
 */
export interface RepeatabilityRule {
  readonly repeatable: boolean;
  /** Makes a repeatable command not repeatable, in words. repeatability.ts holds the same in code. */
  readonly unless?: string;
  readonly why: string;
}

export type RuleRow = readonly [names: string, rule: RepeatabilityRule];

const yes = (names: string, why: string, unless?: string): RuleRow => [
  names,
  unless === undefined ? { repeatable: true, why } : { repeatable: true, why, unless },
];
const no = (names: string, why: string): RuleRow => [names, { repeatable: false, why }];

const LAST_ELEMENT =
  'may remove the last element and the key with it, and with the key its expiry: repeated over a later state of the key it does so where the source did not';

export const REPEATABILITY_RULES: readonly RuleRow[] = [
  yes('del unlink', 'the key is gone, whatever was there'),
  yes('set', 'value and expiry are given', 'NX, XX, GET, IFEQ, IFNE, IFDEQ, IFDNE (depend on the value), EX, PX (relative time)'),
  yes('mset', 'values are given and expiries removed'),
  yes('msetex', 'values and expiries are given', 'NX, XX, EX, PX'),
  yes('setrange setbit', 'bytes at a place are given; nothing makes a string shorter but a command that gives it whole'),
  yes('bitfield', 'bits at a place are given', 'INCRBY'),
  yes('pfadd', 'registers only grow, up to what was reached already'),
  yes('pfcount', 'writes a cached count only'),
  yes('hset hmset', 'fields are given and their expiries removed'),
  yes('hpersist', 'expiries of fields are removed; what sets them is marked'),
  yes('sadd', 'members are there'),
  yes('zadd', 'scores are given', 'NX, XX, GT, LT, INCR'),
  yes('geoadd', 'scores are given; propagated as ZADD', 'NX, XX'),
  yes('xadd', 'an id can be added once: "equal or smaller" means that it was applied, and then nothing is trimmed', 'the id is *, or ends in -*'),
  yes('xdel', 'the entries are gone, and an id does not come back before the key is deleted'),
  yes('pexpireat expireat', 'the expiry is given', 'NX, XX, GT, LT; a time that has passed deletes the key: see "Times that have passed"'),
  yes('persist', 'the expiry is removed'),
  yes('restore', 'value and expiry are given', 'without REPLACE; a TTL other than 0 without ABSTTL'),

  no('hdel srem zrem hgetdel', LAST_ELEMENT),
  no('zremrangebyscore zremrangebylex zremrangebyrank', `depends on members and scores; ${LAST_ELEMENT}`),
  no('hpexpireat hexpireat hpexpire hexpire hsetex hgetex', `a time that has passed deletes the field: ${LAST_ELEMENT}`),
  no('setex psetex expire pexpire', 'relative time: each repetition moves the expiry'),
  no('setnx msetnx hsetnx renamenx', 'depends on what is there'),
  no('delifeq delex', 'depends on the value'),
  no('incr incrby incrbyfloat increx decr decrby hincrby hincrbyfloat zincrby', 'adds to what is there'),
  no('append getset getdel getex', 'depends on the value, or gives it away'),
  no('lpush rpush lpushx rpushx linsert', 'adds an element each time'),
  no('lpop rpop blpop brpop lmpop blmpop spop zpopmin zpopmax bzpopmin bzpopmax zmpop bzmpop', 'takes an element each time'),
  no('rpoplpush brpoplpush lmove blmove lmovem smove', 'takes from one key and adds to another'),
  no('lrem lset ltrim', 'by position or count, which move'),
  no('rename copy move', 'depends on another key'),
  no('bitop pfmerge sort sdiffstore sinterstore sunionstore zdiffstore zinterstore zunionstore zrangestore', 'depends on other keys'),
  no('georadius georadiusbymember geosearchstore', 'depends on other keys'),
  no('xgroup|create xgroup|createconsumer xgroup|delconsumer xgroup|destroy xgroup|setid', 'changes a group, which later commands read'),
  no('xack xackdel xclaim xautoclaim xreadgroup xnack', 'changes a group, which later commands read'),
  no('xtrim', 'by count, or below an id: both may take entries that came later, and an id cannot be added again'),
  no('xsetid xdelex xcfgset xidmprecord', 'changes counters, or depends on groups'),
  no('eval evalsha fcall', 'a script may do anything'),
  no('vadd vrem vsetattr', 'the index is built by chance; removing the last element removes the key'),
  no('arset armset ardel ardelrange arinsert arring arseek', 'not tried: no server of ours has arrays'),
  no('himport|set', 'not tried: depends on a set of fields that the connection has prepared'),
  no('flushall flushdb swapdb', 'a barrier: concerns all slots'),
  no('function|load function|delete function|flush function|restore script', 'a barrier: concerns the node'),
  no('publish spublish', 'delivered once each time'),
  no('migrate restore-asking cluster|flushslot pfdebug', 'not in a stream in this form, or only inside of a cluster'),
];

/** By name. */
export function repeatabilityRules(): ReadonlyMap<string, RepeatabilityRule> {
  return new Map(REPEATABILITY_RULES.flatMap(([names, rule]) => names.split(' ').map((name) => [name, rule] as const)));
}
