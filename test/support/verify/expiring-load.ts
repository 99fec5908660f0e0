/** Writes of all types to keys that come, change, expire and are renewed: what makes a live pair differ for moments. Goes on until stop(). */
import type { ChainableCommander, Redis } from 'ioredis';
import type { RealServer } from '../server.ts';

const TURN_COMMANDS = 200;
const TURNS_AHEAD_MAX = 3;

export interface ExpiringLoadOptions {
  /** 20,000 unless told. */
  readonly keys?: number;
  /** As many as the machine gives, up to this. */
  readonly writesPerSecond: number;
}

export class ExpiringLoad {
  writes = 0;
  private readonly client: Redis;
  private readonly keys: number;
  private readonly turnMs: number;
  private readonly done: Promise<void>;
  private running = true;
  private step = 0;

  constructor(source: RealServer, { keys = 20_000, writesPerSecond }: ExpiringLoadOptions) {
    this.client = source.client();
    this.keys = keys;
    this.turnMs = (TURN_COMMANDS / writesPerSecond) * 1000;
    this.done = this.run();
    this.done.catch(() => undefined);
  }

  /** @throws Error if the source refused a command */
  async stop(): Promise<void> {
    this.running = false;
    await this.done.finally(() => this.client.disconnect());
  }

  private async run(): Promise<void> {
    let dueMs = performance.now();
    while (this.running) {
      const pipeline = this.client.pipeline();
      for (let i = 0; i < TURN_COMMANDS; i++) this.add(pipeline);
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
      this.writes += TURN_COMMANDS;
      // What a busy machine has held up is not made good at once.
      dueMs = Math.max(dueMs + this.turnMs, performance.now() - TURNS_AHEAD_MAX * this.turnMs);
      const waitMs = dueMs - performance.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
    }
  }

  private add(pipeline: ChainableCommander): void {
    const k = this.step++;
    const id = Math.floor(Math.random() * this.keys);
    switch (k % 11) {
      case 0:
        return void pipeline.set(`s:${id}`, `v${k}`);
      case 1:
        return void pipeline.set(`e:${id}`, `v${k}`, 'PX', 200 + Math.floor(Math.random() * 8_000));
      case 2:
        return void pipeline.hset(`h:${id}`, `f${k % 30}`, `v${k}`);
      case 3:
        return void pipeline.incr(`c:${id % 50}`);
      case 4:
        return void pipeline.rpush(`l:${id}`, `x${k}`);
      case 5:
        return void pipeline.sadd(`set:${id}`, `m${k % 50}`);
      case 6:
        return void pipeline.zincrby(`z:${id}`, 1, `m${k % 20}`);
      case 7:
        return void pipeline.xadd(`x:${id % 500}`, '*', 'a', String(k));
      case 8:
        return void pipeline.del(`s:${id}`);
      case 9:
        return void pipeline.pexpire(`h:${id}`, 2_000 + Math.floor(Math.random() * 8_000));
      default:
        return void pipeline.lpop(`l:${id}`);
    }
  }
}
