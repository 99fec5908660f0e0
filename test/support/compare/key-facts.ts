/**
 * Type, expiry, size and, of small values, the content of many keys in one round trip: a script at the server collects them. Streams and
 * values beyond the limits are left to large-value.ts and stream-details.ts.
 */
import type { Redis } from 'ioredis';
import { type BufferReply, bytes, callForBytes, text } from './comparable.ts';

/** A list, a sorted set in its order; a set, a hash sorted by member. Scores and field expiries are numbers. */
export type Content = string | readonly (string | readonly (string | number)[])[];

export interface KeyFacts {
  /** `none`: there is no such key. */
  readonly type: string;
  /** Unix milliseconds; -1 = never. */
  readonly expireAt: number;
  /** Elements, or bytes of a string. */
  readonly size: number;
  /** null: too large, or a stream. */
  readonly content: Content | null;
}

const ELEMENTS_MAX = 256;
const STRING_BYTES_MAX = 65_536;

const SCRIPT = `
local exact, fieldExpiry = ARGV[1] == '1', ARGV[2] == '1'
local sizes = {string = 'STRLEN', list = 'LLEN', set = 'SCARD', zset = 'ZCARD', hash = 'HLEN', stream = 'XLEN'}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local facts = {}
for i = 3, #ARGV do
  local key = ARGV[i]
  local kind = redis.call('TYPE', key).ok
  local fact = {kind, -1, 0, false, false}
  if kind ~= 'none' then
    if exact then
      fact[2] = redis.call('PEXPIRETIME', key)
    else
      local left = redis.call('PTTL', key)
      if left >= 0 then fact[2] = now + left end
    end
    if sizes[kind] then fact[3] = redis.call(sizes[kind], key) end
    if kind == 'string' then
      if fact[3] <= ${STRING_BYTES_MAX} then fact[4] = redis.call('GET', key) end
    elseif fact[3] <= ${ELEMENTS_MAX} then
      if kind == 'list' then fact[4] = redis.call('LRANGE', key, 0, -1)
      elseif kind == 'set' then fact[4] = redis.call('SMEMBERS', key)
      elseif kind == 'zset' then fact[4] = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
      elseif kind == 'hash' then
        fact[4] = redis.call('HGETALL', key)
        if fieldExpiry and #fact[4] > 0 then
          local names = {}
          for n = 1, #fact[4], 2 do names[#names + 1] = fact[4][n] end
          fact[5] = redis.call('HPEXPIRETIME', key, 'FIELDS', #names, unpack(names))
        end
      end
    end
  end
  facts[i - 2] = fact
end
return facts
`;

/** What both sides can be asked for. */
export interface Abilities {
  /** PEXPIRETIME, Redis 7.0. */
  readonly exactExpiry: boolean;
  /** HPEXPIRETIME, Redis 7.4 and Valkey 9. */
  readonly fieldExpiry: boolean;
}

export async function abilitiesOf(client: Redis): Promise<Abilities> {
  const has = async (command: string): Promise<boolean> => ((await client.call('COMMAND', 'INFO', command)) as unknown[])[0] !== null;
  return { exactExpiry: await has('PEXPIRETIME'), fieldExpiry: await has('HPEXPIRETIME') };
}

/**
 * One entry per key, in the order of the keys. Keys are arguments of the script, not its keys, since in a cluster those would have to be of one slot.
 * @param client of the node that has the keys
 */
export async function readFacts(client: Redis, keys: readonly string[], own: Abilities, both: Abilities): Promise<KeyFacts[]> {
  if (keys.length === 0) return [];
  const flags = [own.exactExpiry ? '1' : '0', both.fieldExpiry ? '1' : '0'];
  const reply = await callForBytes(client, 'EVAL', SCRIPT, 0, ...flags, ...keys.map(bytes));
  return (reply as BufferReply[][]).map(([kind, expireAt, size, content, fieldExpiries]) => {
    const type = text(kind);
    const facts = { type, expireAt: Number(expireAt), size: Number(size) };
    return { ...facts, content: content === null || content === undefined ? null : canonical(type, content, fieldExpiries ?? null) };
  });
}

function canonical(type: string, reply: BufferReply, fieldExpiries: BufferReply): Content {
  if (!Array.isArray(reply)) return text(reply);
  if (type === 'zset') return scorePairs(reply);
  if (type === 'hash') return hashFields(reply, Array.isArray(fieldExpiries) ? fieldExpiries.map(Number) : null);
  const elements = reply.map(text);
  return type === 'set' ? elements.toSorted() : elements;
}

/** Member, score, member, score ... as numbers, since versions write the same score differently. */
export function scorePairs(reply: readonly BufferReply[]): (string | number)[][] {
  const pairs: (string | number)[][] = [];
  for (let i = 0; i < reply.length; i += 2) pairs.push([text(reply[i]), scoreOf(text(reply[i + 1]))]);
  return pairs;
}

function scoreOf(score: string): number {
  return Number(score.replace(/^(-?)\+?inf$/, '$1Infinity'));
}

/** @returns field, value and expiry (-1 = never), sorted by field. */
export function hashFields(reply: readonly BufferReply[], expiries: readonly number[] | null): (string | number)[][] {
  const rows: (string | number)[][] = [];
  for (let i = 0; i < reply.length; i += 2) rows.push([text(reply[i]), text(reply[i + 1]), expiries?.[i / 2] ?? -1]);
  return rows.toSorted((a, b) => (a[0] < b[0] ? -1 : 1));
}
