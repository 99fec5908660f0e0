/** Two servers of their own per test file, and short ways to write to them, run the built command with rules, and see what came out. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { type GodwitProcess, startGodwit } from './godwit-process.ts';
import { type GodwitRun, runGodwit } from './run-godwit.ts';
import { type RealServer, startServer } from './server.ts';
import { waitFor } from './wait-for.ts';

export class RulesScene {
  readonly source: RealServer;
  readonly target: RealServer;
  readonly from: Redis;
  readonly to: Redis;
  readonly dir = mkdtempSync(join(tmpdir(), 'godwit-rules-'));
  private readonly godwits: GodwitProcess[] = [];
  private jobs = 0;

  constructor(source: RealServer, target: RealServer) {
    this.source = source;
    this.target = target;
    this.from = source.client();
    this.to = target.client();
  }

  /** Both empty, with their libraries. */
  async clear(): Promise<void> {
    await Promise.all(this.godwits.splice(0).map((godwit) => godwit.kill()));
    for (const client of [this.from, this.to]) {
      await client.select(0);
      await client.flushall();
      await client.call('FUNCTION', 'FLUSH');
    }
  }

  file(name: string, text: string): string {
    const path = join(this.dir, name);
    writeFileSync(path, text);
    return path;
  }

  read(name: string): string {
    return readFileSync(join(this.dir, name), 'utf8');
  }

  /** A sync under a new name, to its end. */
  async copy(...args: readonly string[]): Promise<GodwitRun> {
    return runGodwit(this.words('--stop-after', 'full-sync', ...args), { cwd: this.dir });
  }

  /** A sync under a new name (unless --job is among the flags) that goes on. */
  follow(...args: readonly string[]): GodwitProcess {
    const { source, target, dir } = this;
    const godwit = startGodwit({
      source: source.url,
      target: target.url,
      spoolDir: join(dir, 'spool'),
      args: ['--job', `job-${++this.jobs}`, ...args],
      cwd: dir,
    });
    this.godwits.push(godwit);
    return godwit;
  }

  /** What a file describes. */
  start(config: string, ...args: readonly string[]): GodwitProcess {
    const godwit = startGodwit({ config, cwd: this.dir, args });
    this.godwits.push(godwit);
    return godwit;
  }

  /** A shake.toml between the two servers, run until it has caught up with `write`. */
  async shake(text: string, write: () => Promise<unknown>): Promise<GodwitProcess> {
    const { source, target } = this;
    const both = `[sync_reader]\naddress = "127.0.0.1:${source.port}"\n[redis_writer]\naddress = "127.0.0.1:${target.port}"\n`;
    const godwit = this.start(this.file(`shake-${++this.jobs}.toml`, `${both}${text}\n[advanced]\ndir = "data-${this.jobs}"\n`), '--job', `job-${this.jobs}`);
    await godwit.waitForPhase('incremental-sync');
    await write();
    await godwit.waitForLagZero(source);
    return godwit;
  }

  /** What the source holds, as a file in `dir`. @returns its name */
  async save(): Promise<string> {
    await waitFor('the end of saves for replicas', async () => /rdb_bgsave_in_progress:0/.test(await this.from.info('persistence')));
    await this.from.call('SAVE');
    copyFileSync(join(this.source.dir, 'dump.rdb'), join(this.dir, 'dump.rdb'));
    return 'dump.rdb';
  }

  /** Keys of the target with their values as text, sorted, ours left out; `3/key` in other databases than 0. */
  async content(): Promise<Record<string, string>> {
    const found: [string, string][] = [];
    for (const [, database] of (await this.to.info('keyspace')).matchAll(/^db(\d+):/gm)) {
      await this.to.select(Number(database));
      for (const key of await this.to.keys('*')) {
        if (!key.startsWith('__godwit')) found.push([database === '0' ? key : `${database}/${key}`, await this.valueOf(key)]);
      }
    }
    await this.to.select(0);
    return Object.fromEntries(found.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  async keys(): Promise<string[]> {
    return Object.keys(await this.content());
  }

  async close(): Promise<void> {
    await Promise.all(this.godwits.map((godwit) => godwit.kill()));
    this.from.disconnect();
    this.to.disconnect();
    await Promise.all([this.source.stop(), this.target.stop()]);
    rmSync(this.dir, { recursive: true, force: true });
  }

  private words(...args: readonly string[]): string[] {
    const { source, target, dir } = this;
    return ['sync', source.url, target.url, '--spool-dir', join(dir, 'spool'), '--job', `job-${++this.jobs}`, ...args];
  }

  private async valueOf(key: string): Promise<string> {
    switch (await this.to.type(key)) {
      case 'string':
        return (await this.to.get(key)) ?? '';
      case 'list':
        return (await this.to.lrange(key, 0, -1)).join(' ');
      case 'set':
        return (await this.to.smembers(key)).toSorted().join(' ');
      case 'zset':
        return (await this.to.zrange(key, 0, -1, 'WITHSCORES')).join(' ');
      case 'hash':
        return Object.entries(await this.to.hgetall(key))
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .flat()
          .join(' ');
      default:
        return `${await this.to.xlen(key)} entries`;
    }
  }
}

/** Both are redis-7.0. */
export async function openRulesScene(): Promise<RulesScene> {
  const [source, target] = await Promise.all([startServer({ server: 'redis-7.0' }), startServer({ server: 'redis-7.0' })]);
  return new RulesScene(source, target);
}
