/**
 * A call of one command with the data that it needs, as text: `sample('hset h a 1', 'hincrby h a 2')` is a call of HINCRBY after one command of
 * preparation. Words with a meaning, put in by resolveWord():
 *   @future @future-s   an hour from now, in ms and in s
 *   @later  @later-s    two hours from now
 *   @dump:KEY           what DUMP KEY gives, after the preparation
 *   @functions          what FUNCTION DUMP gives, after the preparation
 *   @script @sha        a script that adds ARGV[1] to KEYS[1], and its SHA1
 *   @library            a library `lib` with a function `f` that sets a key
 *   ''                  an empty argument
 */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

export interface CommandSample {
  /** Commands that come first. */
  readonly setup: readonly string[];
  /** The call itself. */
  readonly call: string;
}

const SCRIPT = "return redis.call('incrby', KEYS[1], ARGV[1])";
const LIBRARY = "#!lua name=lib\nredis.register_function('f', function(k, a) return redis.call('set', k[1], a[1]) end)";

/** The last line is the call, those before are its preparation. */
export function sample(...lines: readonly string[]): CommandSample {
  return { setup: lines.slice(0, -1), call: lines[lines.length - 1] };
}

/** The name of the table's entry that the sample calls, `xgroup|create` for a command in a container. */
export function calledName({ call }: CommandSample, isContainer: (name: string) => boolean): string {
  const [name, sub = ''] = call.toLowerCase().split(' ');
  return isContainer(name) ? `${name}|${sub}` : name;
}

/** The arguments of one line, its words with a meaning put in. */
export async function argumentsOf(client: Redis, line: string, nowMs = Date.now()): Promise<Buffer[]> {
  const words = line.split(' ').map((word) => resolveWord(client, word, nowMs));
  return Promise.all(words);
}

/** Runs one line at the server. @throws the server's error */
export async function runLine(client: Redis, line: string): Promise<unknown> {
  const [name, ...rest] = await argumentsOf(client, line);
  return client.callBuffer(name.toString(), ...rest);
}

async function resolveWord(client: Redis, word: string, nowMs: number): Promise<Buffer> {
  const future = nowMs + 3_600_000;
  if (word.startsWith('@dump:')) return (await client.callBuffer('DUMP', word.slice(6))) as Buffer;
  if (word === '@functions') return (await client.callBuffer('FUNCTION', 'DUMP')) as Buffer;
  return Buffer.from(plainWord(word, future));
}

function plainWord(word: string, future: number): string {
  switch (word) {
    case "''":
      return '';
    case '@future':
      return String(future);
    case '@future-s':
      return String(Math.floor(future / 1000));
    case '@later':
      return String(future + 3_600_000);
    case '@later-s':
      return String(Math.floor(future / 1000) + 3600);
    case '@script':
      return SCRIPT;
    case '@library':
      return LIBRARY;
    case '@sha':
      return createHash('sha1').update(SCRIPT).digest('hex');
    default:
      return word;
  }
}
