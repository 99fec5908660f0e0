/** A primary, its replicas and the sentinels that watch them, by one call; ready when every sentinel knows every server and every other sentinel. */
import { Redis } from 'ioredis';
import type { ServerName } from '../../scripts/servers.ts';
import { REPLICATION_USER } from './cluster/slot-spans.ts';
import { type Sentinel, startSentinel } from './sentinel.ts';
import { type RealServer, startServer } from './server.ts';
import { waitFor } from './wait-for.ts';

export interface SentinelSetOptions {
  /** 1 unless told. */
  readonly replicas?: number;
  /** 3 unless told. */
  readonly sentinels?: number;
  /** Most of the sentinels unless told. */
  readonly quorum?: number;
  /** Of servers and sentinels; redis-7.0 unless told. */
  readonly server?: ServerName;
  readonly passwords?: { readonly servers?: string; readonly sentinels?: string };
  /** More settings of every server. */
  readonly config?: Readonly<Record<string, string | number>>;
  /** More lines of the files of the sentinels. */
  readonly sentinelLines?: readonly string[];
}

/**
 * What takes seconds by default takes less (SENTINEL DEBUG, Redis 7.0). Not PUBLISH-PERIOD: after four of them the other sentinels turn a replica that
 * was promoted back.
 */
const HURRY = 'INFO-PERIOD 300 PING-PERIOD 200 ASK-PERIOD 200'.split(' ');
const NAME = 'watched';
const READY_MS = 30_000;
const FAILOVER_MS = 60_000;

export async function startSentinelSet(options: SentinelSetOptions = {}): Promise<SentinelSet> {
  const { replicas = 1, sentinels = 3, server = 'redis-7.0', passwords = {}, config = {} } = options;
  const settings = { 'repl-ping-replica-period': 1, ...(passwords.servers === undefined ? {} : { requirepass: passwords.servers }), ...config };
  const args = [...REPLICATION_USER, ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)])];
  const set = new SentinelSet(NAME, passwords.sentinels);
  try {
    for (let i = 0; i <= replicas; i++) set.servers.push(await startServer({ server, args }));
    const [primary, ...others] = set.servers;
    await Promise.all(others.map((one) => one.client().call('REPLICAOF', primary.host, primary.port)));
    await set.replicasOnline(replicas);
    const sentinel = {
      server,
      name: NAME,
      quorum: options.quorum ?? Math.floor(sentinels / 2) + 1,
      serverPassword: passwords.servers,
      password: passwords.sentinels,
      lines: [
        `sentinel down-after-milliseconds ${NAME} 1000`,
        `sentinel failover-timeout ${NAME} 2000`,
        ...(passwords.sentinels !== undefined && primary.atLeast(6, 2) ? [`sentinel sentinel-pass ${passwords.sentinels}`] : []),
        ...(options.sentinelLines ?? []),
      ],
    };
    for (let i = 0; i < sentinels; i++) set.sentinels.push(await startSentinel(primary, sentinel));
    if (primary.atLeast(7)) await set.hurry();
    await set.watched();
    return set;
  } catch (error) {
    await set.stop();
    throw error;
  }
}

export class SentinelSet {
  /** All, whoever is the primary now. */
  readonly servers: RealServer[] = [];
  readonly sentinels: Sentinel[] = [];
  /** What the sentinels call the primary. */
  readonly name: string;
  private readonly password: string | undefined;

  constructor(name: string, password: string | undefined) {
    this.name = name;
    this.password = password;
  }

  /** By the word of the sentinels that run: all name the same one, and it says that it is a primary. */
  async primary(): Promise<RealServer> {
    const named = new Set(await Promise.all(this.running().map((sentinel) => this.portOfPrimary(sentinel))));
    const server = this.servers.find(({ port }) => named.has(port));
    if (named.size !== 1 || !server?.running) throw new Error(`the sentinels name ${[...named].join(' and ')}`);
    if ((await roleOf(server)) !== 'master') throw new Error(`the server on port ${server.port} is no primary`);
    return server;
  }

  async replicas(): Promise<RealServer[]> {
    const primary = await this.primary();
    return this.servers.filter((server) => server !== primary && server.running);
  }

  /** SENTINEL FAILOVER; resolves with the new primary when all sentinels name it and the old one follows it. */
  async failover(): Promise<RealServer> {
    const before = await this.primary();
    const [sentinel] = this.running();
    // Refused as long as the sentinel has not heard from a replica, or was in a failover just now.
    await waitFor('the sentinel to fail over', async () => (await this.ask(sentinel, 'SENTINEL', 'FAILOVER', this.name)) === 'OK', { timeoutMs: FAILOVER_MS });
    return this.after(before);
  }

  /** SIGKILL; resolves with the server that was killed: at once without awaitFailover, else when another one is the primary. start() brings it back. */
  async killPrimary({ awaitFailover = true }: { awaitFailover?: boolean } = {}): Promise<RealServer> {
    const killed = await this.primary();
    await killed.kill();
    if (awaitFailover) await this.after(killed);
    return killed;
  }

  /** The replicas are cut off, `write` runs against the primary, which is killed then; resolves with the new one when the old one is back as its replica. */
  async loseTail(write: (primary: RealServer) => unknown): Promise<RealServer> {
    const primary = await this.primary();
    const client = primary.client();
    await client.call('ACL', 'SETUSER', 'replication', 'off');
    await client.call('CLIENT', 'KILL', 'TYPE', 'replica');
    await waitFor('the replicas to be gone', async () => (await client.info('replication')).includes('connected_slaves:0'));
    await write(primary);
    client.disconnect();
    await primary.kill();
    const fresh = await this.after(primary);
    await primary.start();
    await waitFor('the old primary to follow', async () => (await roleOf(primary)) === 'slave', { timeoutMs: FAILOVER_MS });
    await this.replicasOnline(this.servers.length - 1);
    return fresh;
  }

  /** A command to a sentinel. */
  async ask(sentinel: Sentinel, command: string, ...args: string[]): Promise<unknown> {
    const client = new Redis({ host: sentinel.host, port: sentinel.port, retryStrategy: null, ...(this.password ? { password: this.password } : {}) });
    client.on('error', () => undefined);
    try {
      return await client.call(command, ...args);
    } finally {
      client.disconnect();
    }
  }

  /** For compareServers(). */
  async contentNodes(): Promise<RealServer[]> {
    return [await this.primary()];
  }

  /** Until the primary has so many replicas that are online. */
  async replicasOnline(count: number): Promise<void> {
    await waitFor(
      'the replicas to be online',
      async () => {
        for (const server of this.servers.filter(({ running }) => running)) {
          if (((await infoOf(server, 'replication')).match(/^slave\d+:.*state=online/gm) ?? []).length >= count) return true;
        }
        return count === 0;
      },
      { timeoutMs: READY_MS, intervalMs: 30 },
    );
  }

  /** Shortens the periods of the sentinels. */
  async hurry(): Promise<void> {
    await Promise.all(this.sentinels.map((sentinel) => this.ask(sentinel, 'SENTINEL', 'DEBUG', ...HURRY)));
  }

  /** Until every sentinel that runs knows all servers and sentinels. */
  async watched(): Promise<void> {
    for (const sentinel of this.running()) {
      await waitFor(
        `the sentinel on port ${sentinel.port} to know all`,
        async () => {
          const facts = factsOf(await this.ask(sentinel, 'SENTINEL', 'MASTER', this.name));
          return Number(facts.get('num-slaves')) === this.servers.length - 1 && Number(facts.get('num-other-sentinels')) === this.sentinels.length - 1;
        },
        { timeoutMs: READY_MS, intervalMs: 50 },
      );
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.servers].map((one) => one.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  private async after(before: RealServer): Promise<RealServer> {
    const fresh = await waitFor(
      'another primary',
      async () => {
        const primary = await this.primary();
        return primary === before ? null : primary;
      },
      { timeoutMs: FAILOVER_MS, intervalMs: 50 },
    );
    if (before.running) await waitFor('the old primary to follow', async () => (await roleOf(before)) === 'slave', { timeoutMs: FAILOVER_MS });
    return fresh;
  }

  private running(): Sentinel[] {
    return this.sentinels.filter(({ running }) => running);
  }

  private async portOfPrimary(sentinel: Sentinel): Promise<number> {
    const address = (await this.ask(sentinel, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.name)) as [string, string];
    return Number(address[1]);
  }
}

async function withClient<T>(server: RealServer, use: (client: Redis) => Promise<T>): Promise<T> {
  const client = server.client({ retryStrategy: () => null });
  try {
    return await use(client);
  } finally {
    client.disconnect();
  }
}

function roleOf(server: RealServer): Promise<string> {
  return withClient(server, async (client) => String(((await client.call('ROLE')) as unknown[])[0]));
}

function infoOf(server: RealServer, section: string): Promise<string> {
  return withClient(server, (client) => client.info(section));
}

function factsOf(reply: unknown): Map<string, string> {
  const words = (reply as unknown[]).map(String);
  return new Map(words.flatMap((word, i) => (i % 2 === 0 ? [[word, words[i + 1]]] : [])));
}
