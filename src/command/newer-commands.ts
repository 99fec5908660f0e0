/**
 * Commands and versions that none of the servers has from which the table is generated. Each line names where the fact is from. A row whose name the
 * generated table has as well only fills in what is missing there (the version of the other product). Of commands that only read, names alone would do;
 * they are here so that nobody takes them for unknown. Not here, for want of a stated key position: the path hashes (PH*) of Valkey 9.2.
 *
 *   [1] src/commands/NAME.json of the server's repository: arity, flags, key specs     [2] release notes of the version: since
 *   [3] the command's page of the vendor's documentation
 */
import type { CommandRow } from './command-row.ts';

const ONE_KEY = '1+0/1/0';

/** Redis 8.2: [1] [2]. KEEPREF | DELREF | ACKED, IDS n id ... */
const REDIS_8_2: readonly CommandRow[] = [
  ['xackdel', -6, 'w', 'stream', ONE_KEY, '8.2.0', ''],
  ['xdelex', -5, 'w', 'stream', ONE_KEY, '8.2.0', ''],
];

/** Redis 8.4: [1] [2]. DELEX came to Valkey with 9.2 [2]; MSETEX is Valkey's since 9.1. */
const REDIS_8_4: readonly CommandRow[] = [
  ['delex', -2, 'w', 'string', ONE_KEY, '8.4.0', '9.2.0'],
  ['digest', 2, 'r', 'string', ONE_KEY, '8.4.0', ''],
  ['msetex', -4, 'w', 'string', '1#0/1/2', '8.4.0', '9.1.0'],
];

/** Redis 8.6: [1]. Producers with an idempotence id; XIDMPRECORD is what the server itself propagates. */
const REDIS_8_6: readonly CommandRow[] = [
  ['xcfgset', -2, 'w', 'stream', ONE_KEY, '8.6.0', ''],
  ['xidmprecord', 5, 'w', 'stream', ONE_KEY, '8.6.2', ''],
];

/** Redis 8.8: arrays [1] [3], INCREX [2] [3], XNACK [1] [2]. */
const REDIS_8_8: readonly CommandRow[] = [
  ['arset', -4, 'w', 'array', ONE_KEY, '8.8.0', ''],
  ['armset', -4, 'w', 'array', ONE_KEY, '8.8.0', ''],
  ['ardel', -3, 'w', 'array', ONE_KEY, '8.8.0', ''],
  ['ardelrange', -4, 'w', 'array', ONE_KEY, '8.8.0', ''],
  ['arinsert', -3, 'w', 'array', ONE_KEY, '8.8.0', ''],
  ['arring', -4, 'w', 'array', ONE_KEY, '8.8.0', ''],
  ['arseek', 3, 'w', 'array', ONE_KEY, '8.8.0', ''],
  ['arget', 3, 'r', 'array', ONE_KEY, '8.8.0', ''],
  ['arcount', 2, 'r', 'array', ONE_KEY, '8.8.0', ''],
  ['arlen', 2, 'r', 'array', ONE_KEY, '8.8.0', ''],
  ['increx', -2, 'w', 'string', ONE_KEY, '8.8.0', ''],
  ['xnack', -7, 'w', 'stream', ONE_KEY, '8.8.0', ''],
];

/** Redis 8.10: [1] [2]. HIMPORT SET names its fields by a set that the connection has prepared. */
const REDIS_8_10: readonly CommandRow[] = [
  ['lmovem', -5, 'w', 'list', '1+0/1/0 2+0/1/0', '8.10.0', ''],
  ['sunioncard', -3, 'r', 'set', '1#0/1/1', '8.10.0', ''],
  ['sdiffcard', -3, 'r', 'set', '1#0/1/1', '8.10.0', ''],
  ['himport', -2, 'c', 'hash', '', '8.10.0', ''],
  ['himport|prepare', -4, '', 'hash', '', '8.10.0', ''],
  ['himport|set', -5, 'w', 'hash', '2+0/1/0', '8.10.0', ''],
  ['himport|discard', 3, '', 'hash', '', '8.10.0', ''],
  ['himport|discardall', 2, '', 'hash', '', '8.10.0', ''],
];

export const NEWER_COMMANDS: readonly CommandRow[] = [...REDIS_8_2, ...REDIS_8_4, ...REDIS_8_6, ...REDIS_8_8, ...REDIS_8_10];
