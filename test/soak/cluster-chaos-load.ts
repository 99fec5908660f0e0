/**
 * A writer whose keys lie in all slots and that keeps account, for targets that are clusters: what cannot be done twice or left out without a trace, transactions
 * and commands over several slots, renames within a tag, and messages. sweep() removes all of it, so that it does not grow without end.
 */
import type { Redis } from 'ioredis';
import type { Seeded } from '../support/rdb/seeded.ts';
import type { RealServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { Ledger, type Probe } from './ledger.ts';

const COMMANDS_A_TURN = 32;
const TURN_PAUSE_MS = 8;
const EACH = 60;
const TAGS = 40;
const FLEETING = Array.from({ length: 20 }, (_, n) => `fleeting:${n}`);
const SCRIPT = "redis.call('INCRBY', KEYS[1], 2) redis.call('RPUSH', KEYS[2], ARGV[1]) return redis.call('HINCRBY', KEYS[3], ARGV[2], 3)";
export const CHANNEL = 'news';

type Command = readonly [string, ...string[]];

interface Written {
  readonly command: Command;
  readonly booked: (reply: unknown) => readonly (readonly [Probe, number])[];
}

export class ClusterChaosLoad {
  ledger = new Ledger();
  /** Commands that the source has taken. */
  commands = 0;
  /** Messages that the source has taken. */
  published = 0;
  private readonly random: Seeded;
  private readonly client: Redis;
  private running: Promise<void> | null = null;
  private pausing = false;
  private step = 0;
  private readonly used = new Set<string>();

  constructor(source: RealServer, random: Seeded) {
    this.random = random;
    this.client = source.client();
  }

  start(): void {
    this.pausing = false;
    this.running = this.run();
    this.running.catch(() => undefined);
  }

  /** Resolves when everything written is answered and booked, and no key is about to expire. @throws Error if the source refused a command */
  async pause(): Promise<void> {
    this.pausing = true;
    await this.running;
    this.running = null;
    await waitFor('the fleeting keys to expire', async () => (await this.client.exists(...FLEETING)) === 0);
  }

  /** Awaits that so many commands more were taken. @throws Error if the source refused one, or nobody writes */
  async more(commands: number): Promise<void> {
    const goal = this.commands + commands;
    const ended = (this.running ?? Promise.resolve()).then(() => Promise.reject(new Error('the writer is paused')));
    ended.catch(() => undefined);
    while (this.commands < goal) await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, TURN_PAUSE_MS))]);
  }

  /** Everything goes, by commands over many slots or by FLUSHALL. The writer must be at rest. */
  async sweep(how: 'DEL' | 'UNLINK' | 'FLUSHALL'): Promise<void> {
    if (how === 'FLUSHALL') await this.client.call('FLUSHALL');
    else await this.client.call(how, ...(await this.client.keys('*')).filter((key) => !key.startsWith('fill:')));
    this.ledger = new Ledger();
    this.used.clear();
  }

  async fill(keys: number): Promise<void> {
    const pipeline = this.client.pipeline();
    for (let i = 0; i < keys; i++) pipeline.set(`fill:${i}`, `${i}`.padEnd(1 + (i % 400), '.'));
    await pipeline.exec();
  }

  close(): void {
    this.pausing = true;
    this.client.disconnect();
  }

  private async run(): Promise<void> {
    while (!this.pausing) {
      await this.takeTurn();
      await new Promise((resolve) => setTimeout(resolve, TURN_PAUSE_MS));
    }
  }

  private async takeTurn(): Promise<void> {
    const { random, client } = this;
    const written = Array.from({ length: 1 + random.below(COMMANDS_A_TURN) }, () => this.next());
    const pipeline = client.pipeline();
    for (const { command } of written) pipeline.call(...(command as [string, ...string[]]));
    this.book(written, await pipeline.exec());
    const together = Array.from({ length: 1 + random.below(5) }, () => this.countable());
    const multi = client.multi();
    for (const { command } of together) multi.call(...(command as [string, ...string[]]));
    this.book(together, await multi.exec());
    if (random.below(4) > 0) return;
    await client.publish(CHANNEL, String(this.step++));
    this.published++;
  }

  private book(written: readonly Written[], replies: readonly (readonly [Error | null, unknown])[] | null): void {
    for (const [i, { booked }] of written.entries()) {
      const [error, reply] = replies?.[i] ?? [new Error('no reply'), null];
      if (error) throw error;
      for (const [probe, by] of booked(reply)) this.ledger.add(0, probe, by);
    }
    this.commands += written.length;
  }

  /** In many slots. */
  private countable(): Written {
    const n = String(this.step++);
    const of = (name: string): string => `${name}:${this.random.below(EACH)}`;
    const makers: readonly (() => Written)[] = [
      () => withKey(['INCR', of('counter')], 'GET'),
      () => withKey(['RPUSH', of('list'), n], 'LLEN'),
      () => withKey(['LPUSH', of('list'), n], 'LLEN'),
      () => withKey(['LPOP', of('list')], 'LLEN', (reply) => (reply === null ? 0 : -1)),
      () => withKey(['APPEND', of('text'), `${n},`], 'STRLEN', () => n.length + 1),
      () => withKey(['XADD', of('stream'), '*', 'n', n], 'XLEN'),
      () => field('HINCRBY', of('hash'), `f${this.random.below(5)}`),
      () => withKey(['SADD', of('set'), `m${this.random.below(50)}`], 'SCARD', (reply) => Number(reply)),
      () => withKey(['SPOP', of('set')], 'SCARD', (reply) => (reply === null ? 0 : -1)),
      () => withKey(['INCRBYFLOAT', of('float'), '0.25'], 'GET', () => 0.25),
    ];
    return makers[this.random.below(makers.length)]();
  }

  private next(): Written {
    const { random } = this;
    if (random.below(2) === 0) return this.countable();
    const n = String(this.step++);
    const of = (name: string, count = EACH): string => `${name}:${random.below(count)}`;
    const tag = `{t${random.below(TAGS)}}`;
    const makers: readonly (() => Written)[] = [
      () => unbooked('SET', of('string', 300), n),
      () => unbooked('SET', FLEETING[random.below(FLEETING.length)], n, 'PX', String(50 + random.below(400))),
      () => unbooked('DEL', of('string', 300)),
      () => unbooked('MSET', of('string', 300), n, of('string', 300), n, of('string', 300), n),
      () => unbooked('DEL', of('string', 300), of('string', 300), of('string', 300)),
      () => unbooked('UNLINK', of('string', 300), of('string', 300)),
      () => unbooked('EXPIRE', of('string', 300), '3600'),
      () => unbooked('PERSIST', of('string', 300)),
      () => unbooked('ZADD', of('scores'), n, `m${random.below(20)}`),
      () => unbooked('ZREM', of('scores'), `m${random.below(20)}`),
      () => unbooked('HSET', of('plain hash'), `f${random.below(20)}`, n),
      () => unbooked('HDEL', of('plain hash'), `f${random.below(20)}`),
      () => unbooked('XADD', of('short stream', 10), 'MAXLEN', '50', '*', 'n', n),
      () => this.rename(tag, n),
      () => unbooked('EVAL', SCRIPT, '3', `${tag}twos`, `${tag}script list`, `${tag}script hash`, n, `f${random.below(9)}`),
      () => unbooked('EVAL', SCRIPT, '3', of('wide twos'), of('wide list'), of('wide hash'), n, `f${random.below(9)}`),
      () => unbooked('SUNIONSTORE', `${tag}union`, `${tag}one`, `${tag}two`),
      () => unbooked('SADD', `${tag}${random.below(2) === 0 ? 'one' : 'two'}`, n),
      () => unbooked('LMOVE', `${tag}script list`, `${tag}moved list`, 'LEFT', 'RIGHT'),
      () => unbooked('BITOP', 'XOR', `${tag}bits`, `${tag}bits`, `${tag}text`),
      () => unbooked('APPEND', `${tag}text`, n),
    ];
    return makers[random.below(makers.length)]();
  }

  /** The source refuses to rename what is not there. */
  private rename(tag: string, n: string): Written {
    const [from, to] = [`${tag}name`, `${tag}other name`];
    if (!this.used.delete(tag)) {
      this.used.add(tag);
      return unbooked('SET', from, n);
    }
    return unbooked('RENAME', from, to);
  }
}

function unbooked(...command: [string, ...string[]]): Written {
  return { command, booked: () => [] };
}

function withKey(command: [string, string, ...string[]], probe: string, by: (reply: unknown) => number = () => 1): Written {
  return { command, booked: (reply) => [[[probe, command[1]], by(reply)]] };
}

function field(name: 'HINCRBY', key: string, at: string): Written {
  return { command: [name, key, at, '2'], booked: () => [[['HGET', key, at], 2]] };
}
