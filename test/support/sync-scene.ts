/** A source, a target, a spool folder, and the Godwits and writers between them: all of them end with the scene. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CompareOptions, compareServers } from './compare.ts';
import { type GodwitProcess, startGodwit } from './godwit-process.ts';
import { LiveLoad } from './live-load.ts';
import { type RealServer, type ServerOptions, startServer } from './server.ts';

export interface SceneOptions {
  readonly source?: ServerOptions;
  readonly target?: ServerOptions;
}

/** Both servers are redis-7.0 unless told. */
export async function openScene(options: SceneOptions = {}): Promise<SyncScene> {
  const [source, target] = await Promise.all([
    startServer({ server: 'redis-7.0', ...options.source }),
    startServer({ server: 'redis-7.0', ...options.target }),
  ]);
  return new SyncScene(source, target);
}

export class SyncScene {
  readonly source: RealServer;
  readonly target: RealServer;
  readonly spoolDir = mkdtempSync(join(tmpdir(), 'godwit-spool-'));
  /** What Godwit is told: the plain ports unless set, for a proxy in between, TLS, or a user. */
  sourceUrl: string;
  targetUrl: string;
  private readonly godwits: GodwitProcess[] = [];
  private readonly loads: LiveLoad[] = [];

  constructor(source: RealServer, target: RealServer) {
    this.source = source;
    this.target = target;
    this.sourceUrl = source.url;
    this.targetUrl = target.url;
  }

  /** @param args more flags; a later --spool-dir counts. */
  godwit(...args: readonly string[]): GodwitProcess {
    const godwit = startGodwit({ source: this.sourceUrl, target: this.targetUrl, spoolDir: this.spoolDir, args });
    this.godwits.push(godwit);
    return godwit;
  }

  load(): LiveLoad {
    const load = new LiveLoad(this.source);
    this.loads.push(load);
    return load;
  }

  differences(options: CompareOptions = {}): Promise<string[]> {
    return compareServers(this.source, this.target, options);
  }

  /** `sync_full` and the like, from INFO. */
  async sourceCounter(name: string): Promise<number> {
    return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(await this.ask(this.source, 'INFO', 'stats'))?.[1]);
  }

  /** Ends every connection of clients that the target has. */
  async killTargetConnections(): Promise<number> {
    return Number(await this.ask(this.target, 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
  }

  /** Ends the connection over which Godwit follows the source. */
  async killReplicaLink(): Promise<number> {
    return Number(await this.ask(this.source, 'CLIENT', 'KILL', 'TYPE', 'replica'));
  }

  async close(): Promise<void> {
    await Promise.all(this.loads.map((load) => load.stop().catch(() => 0)));
    await Promise.all(this.godwits.map((godwit) => godwit.kill()));
    await Promise.all([this.source.stop(), this.target.stop()]);
    rmSync(this.spoolDir, { recursive: true, force: true });
  }

  private async ask(server: RealServer, command: string, ...args: readonly string[]): Promise<string> {
    const client = server.client();
    try {
      return String(await client.call(command, ...args));
    } finally {
      client.disconnect();
    }
  }
}
