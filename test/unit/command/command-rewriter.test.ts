import { describe, expect, test } from 'vitest';
import { CommandArguments } from '../../../src/command/command-arguments.ts';
import { CommandRewriter } from '../../../src/command/rewrite/command-rewriter.ts';
import type { ServerVersion } from '../../../src/model/server-version.ts';
import { readLine } from '../../support/commands/resp-command.ts';

const NOW = 1_000_000;

/** `redis 6.0.16` */
function server(text: string): ServerVersion {
  const [product, number] = text.split(' ');
  const [major, minor, patch = 0] = number.split('.').map(Number);
  return { product: product as ServerVersion['product'], text: number, major, minor, patch };
}

/** The commands as lines, `=` for as it is, `-` and the reason for unsupported. */
function rewritten(target: string, line: string): string {
  const { command, args } = readLine(line);
  const result = new CommandRewriter(server(target)).rewrite(command, args, NOW);
  if (result.kind === 'passthrough') return '=';
  if (result.kind === 'unsupported') return `- ${result.reason}`;
  const lines = linesOf(result.bytes);
  expect(lines).toHaveLength(result.count);
  return lines.join(' | ');
}

function linesOf(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  const args = new CommandArguments();
  for (let at = 0; at < bytes.length;) {
    let end = at + 1;
    while (end <= bytes.length && !args.read(bytes, at, end)) end++;
    lines.push(Array.from({ length: args.count }, (_, i) => Buffer.from(args.value(i)).toString()).join(' '));
    at = end;
  }
  return lines;
}

describe('relative times become absolute, counted from the receipt', () => {
  test.each([
    ['set k v ex 5', 'SET k v PXAT 1005000', 'SET k v | PEXPIREAT k 1005000'],
    ['set k v px 5 nx', 'SET k v PXAT 1000005', 'SET k v | PEXPIREAT k 1000005'],
    ['set k v exat 5', '=', 'SET k v | PEXPIREAT k 5000'],
    ['set k v pxat 5', '=', 'SET k v | PEXPIREAT k 5'],
    ['setex k 5 v', 'SET k v PXAT 1005000', 'SET k v | PEXPIREAT k 1005000'],
    ['psetex k 5 v', 'SET k v PXAT 1000005', 'SET k v | PEXPIREAT k 1000005'],
    ['expire k 5', 'PEXPIREAT k 1005000', 'PEXPIREAT k 1005000'],
    ['pexpire k 5 gt', 'PEXPIREAT k 1000005', 'PEXPIREAT k 1000005'],
    ['restore k 5 x idletime 3', 'RESTORE k 1000005 x idletime 3 ABSTTL', 'RESTORE k 1000005 x idletime 3 ABSTTL'],
    ['restore k 0 x', '=', '='],
    ['restore k 5 x absttl', '=', '='],
    ['set k v', '=', '='],
    ['set k v nx', '=', '='],
    ['set k v ex nonsense', '=', '='],
    ['set k v ex 99999999999999999999', '=', '='],
    ['set k v ex', '=', '='],
  ])('%s', (line, newer, oldest) => {
    expect([rewritten('redis 7.0.0', line), rewritten('valkey 8.1.0', line), rewritten('redis 6.0.16', line)]).toEqual([newer, newer, oldest]);
  });
});

test.each([
  ['valkey 9.1.0', 'set k v ifeq w', 'SET k v'],
  ['redis 7.0.0', 'set k v ifeq w get keepttl', 'SET k v KEEPTTL'],
  ['redis 6.0.0', 'set k v ifne w exat 5', 'SET k v | PEXPIREAT k 5000'],
  ['redis 7.0.0', 'delifeq k v', 'DEL k'],
  ['redis 7.0.0', 'delex k ifne v', 'DEL k'],
  ['redis 7.0.0', 'pexpireat k 5 nx', '='],
  ['redis 6.2.0', 'pexpireat k 5 nx', 'PEXPIREAT k 5'],
  ['redis 8.4.0', 'msetex 2 a 1 b 2 pxat 5', '='],
  ['redis 8.2.0', 'msetex 2 a 1 b 2 pxat 5', 'SET a 1 PXAT 5 | SET b 2 PXAT 5'],
  ['redis 6.0.0', 'msetex 1 a 1 keepttl', 'SET a 1 KEEPTTL'],
  ['redis 6.0.0', 'lpop k 2', 'LTRIM k 2 -1'],
  ['redis 6.0.0', 'rpop k 2', 'LTRIM k 0 -3'],
  ['redis 6.2.0', 'rpop k 2', '='],
  ['redis 6.0.0', 'lmove a b right left', 'RPOPLPUSH a b'],
  ['redis 6.0.0', 'lmove a b left right', "EVAL local v=redis.call('LPOP',KEYS[1]) if v then redis.call('RPUSH',KEYS[2],v) end 2 a b"],
  ['redis 6.0.0', 'zadd k gt ch 5 a', 'ZADD k 5 a'],
  ['redis 6.0.0', 'zadd k gt 5 a 6 b', '- the target has no ZADD GT and LT (Redis has them since 6.2)'],
  ['redis 6.0.0', 'geosearchstore d s frommember a byradius 5 km asc count 1 storedist', 'GEORADIUSBYMEMBER s a 5 km asc COUNT 1 STOREDIST d'],
  ['redis 6.0.0', 'geosearchstore d s fromlonlat 1 2 byradius 5 km', 'GEORADIUS s 1 2 5 km STORE d'],
  ['redis 6.0.0', 'copy a b db 1', '- the target has no COPY (Redis has it since 6.2), and another database is asked for'],
  ['redis 6.0.0', 'flushall sync', 'flushall'],
  ['redis 8.0.0', 'bitop diff d a b', '- the target has no such operation of BITOP (Redis has it since 8.2)'],
  ['redis 8.0.0', 'bitop and d a b', '='],
])('for %s: %s', (target, line, expected) => {
  expect(rewritten(target, line)).toBe(expected);
});

describe('hash fields that expire', () => {
  const none = '- the target has no expiry of hash fields (Redis has it since 7.4, Valkey since 9.0)';
  test.each([
    ['hsetex k pxat 5 fields 2 a 1 b 2', '=', 'HSET k a 1 b 2 | HPEXPIREAT k 5 FIELDS 2 a b', none],
    ['hsetex k fnx exat 5 fields 1 a 1', '=', 'HSET k a 1 | HPEXPIREAT k 5000 FIELDS 1 a', none],
    ['hsetex k ex 5 fields 1 a 1', 'HSETEX k PXAT 1005000 fields 1 a 1', 'HSET k a 1 | HPEXPIREAT k 1005000 FIELDS 1 a', none],
    ['hsetex k fields 1 a 1', '=', 'HSET k a 1', 'HSET k a 1'],
    ['hsetex k keepttl fields 1 a 1', '=', '- the target has no HSETEX ... KEEPTTL (Redis has it since 8.0)', 'HSET k a 1'],
    ['hpexpireat k 5 fields 1 a', '=', '=', none],
    ['hexpire k 5 nx fields 1 a', 'HPEXPIREAT k 1005000 nx fields 1 a', 'HPEXPIREAT k 1005000 nx fields 1 a', none],
    ['hpersist k fields 1 a', '=', '=', ''],
    ['hgetdel k fields 2 a b', '=', 'HDEL k a b', 'HDEL k a b'],
  ])('%s', (line, full, some, without) => {
    expect([rewritten('redis 8.0.0', line), rewritten('redis 7.4.0', line), rewritten('redis 7.0.0', line)]).toEqual([full, some, without]);
    expect(rewritten('valkey 9.1.0', line)).toBe(full);
  });
});

test.each([
  ['redis 8.0.0', 'xadd k maxlen = 3 limit 10 7-1 a 1', 'xadd k maxlen = 3 7-1 a 1'],
  ['redis 8.0.0', 'xadd k maxlen ~ 3 limit 10 7-1 a 1', '='],
  ['redis 8.0.0', 'xadd k 7-1 limit 1', '='],
  ['redis 8.0.0', 'xtrim k maxlen = 3 limit 10', 'xtrim k maxlen = 3'],
  ['redis 6.0.0', 'xadd k nomkstream maxlen 3 7-1 a 1', 'xadd k maxlen 3 7-1 a 1'],
  ['redis 6.0.0', 'xtrim k minid 3', '- the target has no MINID for trimming (Redis has it since 6.2)'],
  ['valkey 9.1.0', 'xadd k keepref maxlen 3 7-1 a 1', 'xadd k maxlen 3 7-1 a 1'],
  ['redis 8.2.0', 'xadd k acked maxlen 3 7-1 a 1', '='],
  ['redis 8.0.0', 'xadd k acked maxlen 3 7-1 a 1', '- the target has no DELREF and ACKED for stream entries (Redis has them since 8.2)'],
  ['redis 6.2.0', 'xsetid k 9-1 entriesadded 7 maxdeletedid 4-1', 'xsetid k 9-1'],
  ['redis 6.2.0', 'xgroup create k g 0 mkstream entriesread 4', 'xgroup create k g 0 mkstream'],
  ['redis 6.2.0', 'xgroup setid k entriesread 0 entriesread 4', 'xgroup setid k entriesread 0'],
  ['redis 6.0.0', 'xgroup createconsumer k g c', 'XREADGROUP GROUP g c STREAMS k 0'],
  ['redis 8.0.0', 'xdelex k keepref ids 2 1-1 2-1', 'XDEL k 1-1 2-1'],
  ['redis 8.0.0', 'xdelex k acked ids 1 1-1', '- the target has no DELREF and ACKED for stream entries (Redis has them since 8.2)'],
  ['redis 8.2.0', 'xackdel k g ids 1 1-1', '='],
])('streams for %s: %s', (target, line, expected) => {
  expect(rewritten(target, line)).toBe(expected);
});

test('what the target does not have and nothing can say is named with the first version that has it', () => {
  expect(rewritten('redis 6.0.16', 'function load x')).toBe('- Redis 6.0.16 has no such command (first in Redis 7.0, Valkey 7.2)');
  expect(rewritten('valkey 9.1.0', 'vadd k values 1 1 a')).toBe('- Valkey 9.1.0 has no such command (first in Redis 8.0)');
  expect(rewritten('redis 8.6.0', 'arset k 0 v')).toBe('- Redis 8.6.0 has no such command (first in Redis 8.8)');
});

test('commands of modules pass', () => {
  expect(rewritten('redis 7.0.0', 'json.set k . 1')).toBe('=');
});
