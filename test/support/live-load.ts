/**
 * A writer at the source whose writes cannot be applied twice or left out without a trace: counters, lists, texts, streams, and transactions
 * that tie them together. It goes on until stop().
 */
import type { Cluster, Redis } from 'ioredis';

const TURN_PAUSE_MS = 4;
const COMMANDS_A_TURN = 24;

export interface LiveLoadOptions {
  /** Between two turns; 4 unless told. */
  pauseMs?: number;
  /** Begins every key; with a `{tag}` all are in one slot of a cluster. */
  prefix?: string;
  /** Refusals and lost connections are no error: the primary changes meanwhile. */
  isTolerant?: boolean;
}

export class LiveLoad {
  /** Commands that the source has taken. */
  commands = 0;
  private readonly client: Redis | Cluster;
  private readonly pauseMs: number;
  private readonly prefix: string;
  private readonly isTolerant: boolean;
  private readonly done: Promise<void>;
  private running = true;
  private step = 0;

  constructor(source: { client(): Redis | Cluster }, options: LiveLoadOptions = {}) {
    this.client = source.client();
    this.pauseMs = options.pauseMs ?? TURN_PAUSE_MS;
    this.prefix = options.prefix ?? '';
    this.isTolerant = options.isTolerant ?? false;
    this.done = this.run();
    this.done.catch(() => undefined);
  }

  /** Ends the writing. Resolves with the number of commands. @throws Error if the source refused one. */
  async stop(): Promise<number> {
    this.running = false;
    try {
      await this.done;
    } finally {
      this.client.disconnect();
    }
    return this.commands;
  }

  /** Awaits that so many commands more were taken. @throws Error if the source refused one. */
  async more(commands: number): Promise<void> {
    const goal = this.commands + commands;
    while (this.commands < goal) await Promise.race([this.done, pause(this.pauseMs)]);
  }

  private async run(): Promise<void> {
    while (this.running) {
      await this.takeTurn().catch((error: unknown) => {
        if (!this.isTolerant) throw error;
      });
      await pause(this.pauseMs);
    }
  }

  private async takeTurn(): Promise<void> {
    const pipeline = this.client.pipeline();
    for (let i = 0; i < COMMANDS_A_TURN; i++) pipeline.call(...this.nextCommand());
    const n = this.step++;
    const prefix = `${this.prefix}live:`;
    const transaction = this.client.multi().incr(`${prefix}transactions`).rpush(`${prefix}journal`, n).append(`${prefix}text:shared`, `${n};`);
    const results = [...((await pipeline.exec()) ?? []), ...((await transaction.exec()) ?? [])];
    for (const [error] of results) if (error) throw error;
    this.commands += results.length;
  }

  private nextCommand(): [string, ...string[]] {
    const n = this.step++;
    const prefix = `${this.prefix}live:`;
    const value = String(n);
    switch (n % 9) {
      case 0:
        return ['LPUSH', `${prefix}list:${n % 4}`, value];
      case 1:
        return ['APPEND', `${prefix}text:${n % 5}`, `${value},`];
      case 2:
        return ['XADD', `${prefix}stream:${n % 2}`, '*', 'n', value];
      case 3:
        return ['SET', `${prefix}string:${n % 200}`, value];
      case 4:
        return ['DEL', `${prefix}string:${(n * 7) % 200}`];
      case 5:
        return ['EXPIRE', `${prefix}string:${(n * 3) % 200}`, '3600'];
      case 6:
        return [
          'EVAL',
          "redis.call('INCRBY', KEYS[1], 2) return redis.call('HINCRBY', KEYS[2], ARGV[1], 1)",
          '2',
          `${prefix}twos`,
          `${prefix}hash`,
          String(n % 50),
        ];
      case 7:
        return ['ZINCRBY', `${prefix}scores`, '1', `member ${n % 30}`];
      default:
        return ['INCR', `${prefix}counter:${n % 10}`];
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
