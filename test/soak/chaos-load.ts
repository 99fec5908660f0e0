/**
 * A writer at the source that keeps account: all kinds of commands that show when they are lost or done twice, over several databases, small ones
 * most of the time and now and then one that is larger than any window of Godwit. It can be paused, and then everything that it wrote is answered.
 */
import type { ChainableCommander, Redis } from 'ioredis';
import type { Seeded } from '../support/rdb/seeded.ts';
import type { RealServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { Ledger, type Probe } from './ledger.ts';

const DATABASES = [0, 3, 9];
const COMMANDS_A_TURN = 16;
const TURN_PAUSE_MS = 9;
/** One turn in so many has a large command. */
const TURNS_A_LARGE = 50;
const LARGE_BYTES_MIN = 100_000;
const LARGE_BYTES_MAX = 3_000_000;
const FLEETING = Array.from({ length: 20 }, (_, n) => `fleeting:${n}`);
const SCRIPT = "redis.call('INCRBY', KEYS[1], 2) redis.call('RPUSH', KEYS[2], ARGV[1]) return redis.call('HINCRBY', KEYS[3], ARGV[2], 3)";

type Command = readonly [string, ...(string | Buffer)[]];

/** What a command changes, by its reply. */
interface Written {
  readonly command: Command;
  readonly booked: (reply: unknown) => readonly (readonly [Probe, number])[];
}

export class ChaosLoad {
  readonly ledger = new Ledger();
  /** Commands that the source has taken. */
  commands = 0;
  /** Of them, those with a value of 100 kB and more. */
  largeCommands = 0;
  private readonly random: Seeded;
  private readonly clients: ReadonlyMap<number, Redis>;
  private running: Promise<void> | null = null;
  private pausing = false;
  private step = 0;

  constructor(source: RealServer, random: Seeded) {
    this.random = random;
    this.clients = new Map(DATABASES.map((database) => [database, source.client({ db: database })]));
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
    await waitFor('the fleeting keys to expire', () => this.haveExpired());
  }

  /** Awaits that so many commands more were taken. @throws Error if the source refused one, or nobody writes */
  async more(commands: number): Promise<void> {
    const goal = this.commands + commands;
    const ended = this.running?.then(() => Promise.reject(new Error('the writer is paused'))) ?? Promise.reject(new Error('the writer is paused'));
    ended.catch(() => undefined);
    while (this.commands < goal) await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, TURN_PAUSE_MS))]);
  }

  close(): void {
    this.pausing = true;
    for (const client of this.clients.values()) client.disconnect();
  }

  /** Keys for a full sync that takes its time. */
  async fill(keys: number): Promise<void> {
    for (const [database, client] of this.clients) {
      const pipeline = client.pipeline();
      for (let i = 0; i < keys / this.clients.size; i++) pipeline.set(`fill:${i}`, `${database}:${i}`.padEnd(1 + (i % 600), '.'));
      await pipeline.exec();
    }
  }

  /** A target holds keys that expire soon until the DEL of the source comes, which a look at them brings about. */
  private async haveExpired(): Promise<boolean> {
    const left = await Promise.all([...this.clients.values()].map((client) => client.exists(...FLEETING)));
    return left.every((count) => count === 0);
  }

  private async run(): Promise<void> {
    while (!this.pausing) {
      await this.takeTurn();
      await new Promise((resolve) => setTimeout(resolve, TURN_PAUSE_MS));
    }
  }

  private async takeTurn(): Promise<void> {
    const database = DATABASES[this.random.below(DATABASES.length)];
    const client = this.clients.get(database)!;
    const written = Array.from({ length: 1 + this.random.below(COMMANDS_A_TURN * 2) }, () => this.next());
    if (this.random.below(TURNS_A_LARGE) === 0) written.push(this.nextLarge());
    const pipeline = client.pipeline();
    for (const { command } of written) pipeline.call(...(command as [string, ...string[]]));
    this.book(database, written, await pipeline.exec());
    await this.transaction(client, database);
  }

  /** Of one database, or over two of them; every tenth with a large value in it. */
  private async transaction(client: Redis, database: number): Promise<void> {
    const n = String(this.step++);
    const first: Written[] = [increment('INCR', 'transactions'), push('RPUSH', 'journal', n), append('shared', `${n};`)];
    if (this.random.below(TURNS_A_LARGE) === 0) first.push(this.nextLarge());
    const other = DATABASES[this.random.below(DATABASES.length)];
    const second = other === database ? [] : [increment('INCR', 'from elsewhere'), push('LPUSH', 'journal', n)];
    const multi: ChainableCommander = client.multi();
    for (const { command } of first) multi.call(...(command as [string, ...string[]]));
    if (second.length > 0) multi.select(other);
    for (const { command } of second) multi.call(...(command as [string, ...string[]]));
    if (second.length > 0) multi.select(database);
    const replies = (await multi.exec()) ?? [];
    this.book(database, first, replies.slice(0, first.length));
    if (second.length > 0) this.book(other, second, replies.slice(first.length + 1, -1));
  }

  private book(database: number, written: readonly Written[], replies: readonly (readonly [Error | null, unknown])[] | null): void {
    for (const [i, { booked }] of written.entries()) {
      const [error, reply] = replies?.[i] ?? [new Error('no reply'), null];
      if (error) throw error;
      for (const [probe, by] of booked(reply)) this.ledger.add(database, probe, by);
    }
    this.commands += written.length;
  }

  private next(): Written {
    const { random } = this;
    const n = String(this.step++);
    const of = (name: string, count: number): string => `${name}:${random.below(count)}`;
    const makers: readonly (() => Written)[] = [
      () => increment('INCR', of('counter', 10)),
      () => increment('INCRBYFLOAT', of('float', 4), 0.25 * (1 + random.below(8))),
      () => push('LPUSH', of('list', 4), n),
      () => push('RPUSH', of('list', 4), n),
      () => pop(of('list', 4)),
      () => append(of('text', 5), `${n},`),
      () => withKey(['XADD', of('stream', 2), '*', 'n', n], 'XLEN'),
      () => unbooked('XADD', of('short stream', 2), 'MAXLEN', '200', '*', 'n', n),
      () => unbooked('SET', of('string', 200), n),
      () => unbooked('SET', FLEETING[random.below(FLEETING.length)], n, 'PX', String(50 + random.below(500))),
      () => unbooked('DEL', of('string', 200)),
      () => unbooked('EXPIRE', of('string', 200), '3600'),
      () => unbooked('PERSIST', of('string', 200)),
      () => script(`twos:${random.below(2)}`, 'script list', 'script hash', n, `f${random.below(40)}`),
      () => scored('scores', `member ${random.below(30)}`, 1 + random.below(3)),
      () => counted('hash', `field ${random.below(40)}`, 1 + random.below(5)),
      () => withKey(['SADD', of('set', 3), `m${random.below(500)}`], 'SCARD', (reply) => Number(reply)),
      () => withKey(['SPOP', of('set', 3)], 'SCARD', (reply) => (reply === null ? 0 : -1)),
    ];
    return makers[random.below(makers.length)]();
  }

  private nextLarge(): Written {
    const { random } = this;
    this.largeCommands++;
    const bytes = Math.round(LARGE_BYTES_MIN * (LARGE_BYTES_MAX / LARGE_BYTES_MIN) ** (random.below(1_000) / 1_000));
    const text = `${this.step++}`.padEnd(bytes, 'large value ');
    switch (random.below(3)) {
      case 0:
        return unbooked('SET', `large:${random.below(3)}`, text);
      case 1:
        return withKey(['RPUSH', 'large list', ...(text.match(/.{1,5000}/g) ?? [])], 'LLEN', () => Math.ceil(text.length / 5_000));
      default:
        return unbooked('EVAL', "redis.call('DEL', KEYS[1]) return redis.call('APPEND', KEYS[1], ARGV[1])", '1', `large:${random.below(3)}`, text);
    }
  }
}

function unbooked(...command: [string, ...string[]]): Written {
  return { command, booked: () => [] };
}

/** One more behind the probe's name and the command's key, or as many as `by` makes of the reply. */
function withKey(command: [string, string, ...string[]], probe: string, by: (reply: unknown) => number = () => 1): Written {
  return { command, booked: (reply) => [[[probe, command[1]], by(reply)]] };
}

function increment(command: 'INCR' | 'INCRBYFLOAT', key: string, by = 1): Written {
  return withKey(command === 'INCR' ? ['INCR', key] : ['INCRBYFLOAT', key, String(by)], 'GET', () => by);
}

function push(command: 'LPUSH' | 'RPUSH', key: string, value: string): Written {
  return withKey([command, key, value], 'LLEN');
}

function pop(key: string): Written {
  return withKey(['LPOP', key], 'LLEN', (reply) => (reply === null ? 0 : -1));
}

function append(key: string, text: string): Written {
  return withKey(['APPEND', key, text], 'STRLEN', () => text.length);
}

function scored(key: string, member: string, by: number): Written {
  return { command: ['ZINCRBY', key, String(by), member], booked: () => [[['ZSCORE', key, member], by]] };
}

function counted(key: string, field: string, by: number): Written {
  return { command: ['HINCRBY', key, field, String(by)], booked: () => [[['HGET', key, field], by]] };
}

function script(counter: string, list: string, hash: string, value: string, field: string): Written {
  const booked = (): [Probe, number][] => [
    [['GET', counter], 2],
    [['LLEN', list], 1],
    [['HGET', hash, field], 3],
  ];
  return { command: ['EVAL', SCRIPT, '3', counter, list, hash, value, field], booked };
}
