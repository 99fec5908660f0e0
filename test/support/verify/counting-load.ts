/** Counters, appended strings, lists and sets that are written to all the time with commands that may not be applied twice, and an account of what each has to be. */
import type { ChainableCommander, Redis } from 'ioredis';
import type { RealServer } from '../server.ts';

export interface CountingLoadOptions {
  readonly counters: number;
  readonly writesPerSecond: number;
}

/** Several writers with short turns: at any moment something is on its way. */
const WRITERS = 4;
const TURN_COMMANDS = 16;
const TURNS_AHEAD_MAX = 20;

export class CountingLoad {
  writes = 0;
  private readonly clients: Redis[];
  private readonly counts: number[];
  private readonly turnMs: number;
  private readonly done: Promise<unknown>;
  private running = true;

  constructor(source: RealServer, { counters, writesPerSecond }: CountingLoadOptions) {
    this.clients = Array.from({ length: WRITERS }, () => source.client());
    this.counts = Array.from({ length: counters }, () => 0);
    this.turnMs = ((TURN_COMMANDS * WRITERS) / writesPerSecond) * 1000;
    this.done = Promise.all(this.clients.map((client) => this.run(client)));
    this.done.catch(() => undefined);
  }

  /** Writes the key `last` behind all others. @returns what it holds. @throws Error if the source refused a command */
  async stop(): Promise<string> {
    this.running = false;
    try {
      await this.done;
      await this.clients[0].set('last', this.writes);
    } finally {
      for (const client of this.clients) client.disconnect();
    }
    return String(this.writes);
  }

  /** Counters that the server has otherwise. */
  async wrong(server: RealServer): Promise<string[]> {
    const client = server.client();
    try {
      const found = await client.mget(this.counts.map((_, i) => `counter:${i}`));
      return this.counts.flatMap((count, i) => (Number(found[i] ?? 0) === count ? [] : [`counter:${i} is ${found[i]}, not ${count}`]));
    } finally {
      client.disconnect();
    }
  }

  private async run(client: Redis): Promise<void> {
    let dueMs = performance.now();
    while (this.running) {
      const pipeline = client.pipeline();
      for (let i = 0; i < TURN_COMMANDS; i++) this.add(pipeline, i);
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
      this.writes += TURN_COMMANDS;
      dueMs = Math.max(dueMs + this.turnMs, performance.now() - TURNS_AHEAD_MAX * this.turnMs);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
    }
  }

  private add(pipeline: ChainableCommander, i: number): void {
    const id = Math.floor(Math.random() * this.counts.length);
    if (i % 8 === 0) return void pipeline.rpush(`list:${id}`, String(this.writes + i));
    if (i % 8 === 1) return void pipeline.lpop(`list:${id}`);
    if (i % 16 === 2) return void pipeline.append(`text:${id % 20}`, 'x');
    this.counts[id]++;
    pipeline.incr(`counter:${id}`);
  }
}
