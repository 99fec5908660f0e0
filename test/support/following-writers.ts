/**
 * Clients that write one after the other with acknowledgement, and follow a switch: each goes to the address that a file names, and when its connection ends it
 * reads the file again. What was acknowledged is remembered, so that a test can say which of it is not there any more.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Cluster, Redis } from 'ioredis';

const AGAIN_AFTER_MS = 5;
const ATTEMPT_MS = 1_000;

/** Where clients go to: `host:port`, or `cluster host:port`. */
export class AddressFile {
  readonly path: string;

  constructor(path: string, address: string) {
    this.path = path;
    writeFileSync(path, address);
  }

  read(): string {
    return readFileSync(this.path, 'utf8').trim();
  }
}

interface Writer {
  /** Sequence numbers that a server has acknowledged. */
  acknowledged: number;
  /** Sent, and nobody knows whether they were carried out. */
  unknown: number;
  lastReply: number;
}

export class FollowingWriters {
  /** Acknowledged so far, by all. */
  get acknowledged(): number {
    return this.writers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** Answers that showed that something acknowledged before was not there. */
  readonly lost: string[] = [];
  /** The longest time between two acknowledgements of one writer. */
  gapMsMax = 0;
  private readonly address: () => string;
  private readonly writers: Writer[];
  private readonly done: Promise<unknown>;
  private running = true;

  constructor(address: () => string, count = 4) {
    this.address = address;
    this.writers = Array.from({ length: count }, () => ({ acknowledged: 0, unknown: 0, lastReply: 0 }));
    this.done = Promise.all(this.writers.map((writer, i) => this.run(writer, i)));
  }

  async more(count: number): Promise<void> {
    const goal = this.acknowledged + count;
    while (this.acknowledged < goal) await pause(AGAIN_AFTER_MS);
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.done;
  }

  /** What is missing or there too often, at a side. Call it when they have stopped. */
  async missingAt(client: Redis | Cluster): Promise<string[]> {
    const found: string[] = [...this.lost];
    for (const [i, { acknowledged, unknown }] of this.writers.entries()) {
      const count = Number(await client.get(`follow:{${i}}:count`));
      if (count < acknowledged || count > acknowledged + unknown) found.push(`writer ${i}: ${acknowledged} acknowledged, ${unknown} unknown, counter ${count}`);
    }
    client.disconnect();
    return found;
  }

  private async run(writer: Writer, index: number): Promise<void> {
    let client = connect(this.address());
    let lastMs = performance.now();
    while (this.running) {
      try {
        const reply = await client.incr(`follow:{${index}}:count`);
        writer.acknowledged++;
        if (reply <= writer.lastReply) this.lost.push(`writer ${index}: ${writer.lastReply} was acknowledged, and then ${reply}`);
        writer.lastReply = reply;
        this.gapMsMax = Math.max(this.gapMsMax, performance.now() - lastMs);
        lastMs = performance.now();
        await pause(0);
      } catch {
        writer.unknown++;
        client.disconnect();
        await pause(AGAIN_AFTER_MS);
        client = connect(this.address());
      }
    }
    client.disconnect();
  }
}

/** It sends nothing twice by itself. */
function connect(address: string): Redis | Cluster {
  const [kind, place] = address.startsWith('cluster ') ? ['cluster', address.slice(8)] : ['server', address];
  const [host, port] = [place.slice(0, place.lastIndexOf(':')), Number(place.slice(place.lastIndexOf(':') + 1))];
  const once = { retryStrategy: () => null, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0, connectTimeout: ATTEMPT_MS } as const;
  const client =
    kind === 'cluster'
      ? new Cluster([{ host, port }], { clusterRetryStrategy: () => null, maxRedirections: 0, redisOptions: once })
      : new Redis({ host, port, ...once });
  client.on('error', () => {});
  return client;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
