/** Writes to a server at a given rate: values of all kinds that change, expire, are removed and renamed; with a bound on its memory, keys are evicted too. */
import type { Redis } from 'ioredis';
import type { RealServer } from '../server.ts';
import { Seeded } from '../rdb/seeded.ts';

const TURN_MS = 10;
const KEYS = 60_000;

export class BusySource {
  writes = 0;
  private readonly clients: Redis[];
  private readonly perTurn: number;
  private readonly random: Seeded;
  private running = true;
  private readonly done: Promise<void>;

  constructor(source: RealServer, writesPerSecond: number, seed: number) {
    this.clients = [0, 3, 17].map((db) => source.client({ db }));
    this.perTurn = Math.ceil((writesPerSecond * TURN_MS) / 1000);
    this.random = new Seeded(seed);
    this.done = this.run();
    this.done.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.done;
    for (const client of this.clients) client.disconnect();
  }

  private async run(): Promise<void> {
    let dueMs = performance.now();
    while (this.running) {
      const client = this.clients[this.random.below(this.clients.length)];
      const pipeline = client.pipeline();
      for (let i = 0; i < this.perTurn; i++) pipeline.call(...this.command());
      const results = (await pipeline.exec()) ?? [];
      for (const [error] of results) if (error && !/WRONGTYPE|no such key/.test(error.message)) throw error;
      this.writes += results.length;
      dueMs += TURN_MS;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  private command(): [string, ...string[]] {
    const { random } = this;
    const n = random.below(KEYS);
    switch (random.below(12)) {
      case 0:
        return ['DEL', `text:${n}`];
      case 1:
        return ['SET', `short:${n}`, `v${random.below(1e9)}`, 'PX', String(50 + random.below(3_000))];
      case 2:
        return ['RENAME', `text:${n}`, `text:${random.below(KEYS)}`];
      case 3:
        return ['HSET', `hash:${n % 5_000}`, `f${random.below(20)}`, String(random.below(1e9))];
      case 4:
        return ['LPUSH', `list:${n % 3_000}`, String(n)];
      case 5:
        return ['LTRIM', `list:${n % 3_000}`, '0', '20'];
      case 6:
        return ['ZINCRBY', `scores:${n % 1_000}`, '1', `m${random.below(50)}`];
      case 7:
        return ['PEXPIRE', `text:${n}`, String(100 + random.below(60_000))];
      case 8:
        return ['INCR', `counter:${n % 10_000}`];
      default:
        return ['SET', `text:${n}`, `value ${random.below(1e9)} ${'x'.repeat(random.below(300))}`];
    }
  }
}
