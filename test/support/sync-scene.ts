/** A source, a target, a spool folder, and the Godwits and writers between them: all of them end with the scene. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CompareOptions, compareServers } from './compare.ts';
import { type GodwitProcess, startGodwit } from './godwit-process.ts';
import { LiveLoad } from './live-load.ts';
import { fillDisk, freeDisk, type SmallDisk, smallDiskLauncher } from './small-disk.ts';
import { type RealServer, type ServerOptions, startServer } from './server.ts';

export interface SceneOptions {
  readonly source?: ServerOptions;
  readonly target?: ServerOptions;
  /** The spool of each Godwit is on a disk of this size, empty at its start but for the ballast. */
  readonly spoolDisk?: { readonly bytes: number; readonly ballastBytes: number };
}

/** Both servers are redis-7.0 unless told. */
export async function openScene(options: SceneOptions = {}): Promise<SyncScene> {
  const [source, target] = await Promise.all([
    startServer({ server: 'redis-7.0', ...options.source }),
    startServer({ server: 'redis-7.0', ...options.target }),
  ]);
  return new SyncScene(source, target, options.spoolDisk);
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
  private readonly disk: SmallDisk | undefined;

  constructor(source: RealServer, target: RealServer, spoolDisk?: SceneOptions['spoolDisk']) {
    this.source = source;
    this.target = target;
    this.sourceUrl = source.url;
    this.targetUrl = target.url;
    this.disk = spoolDisk && { dir: this.spoolDir, ...spoolDisk };
  }

  /** @param args more flags; a later --spool-dir counts. */
  godwit(...args: readonly string[]): GodwitProcess {
    const launcher = this.disk && smallDiskLauncher(this.disk);
    const godwit = startGodwit({ source: this.sourceUrl, target: this.targetUrl, spoolDir: this.spoolDir, args, launcher });
    this.godwits.push(godwit);
    return godwit;
  }

  /** `godwit scan`. @param args more flags */
  scan(...args: readonly string[]): GodwitProcess {
    const godwit = startGodwit({ command: 'scan', source: this.sourceUrl, target: this.targetUrl, spoolDir: this.spoolDir, args });
    this.godwits.push(godwit);
    return godwit;
  }

  /** Others leave the spool's disk; see SmallDisk. */
  freeSpoolDisk(godwit: GodwitProcess): void {
    if (this.disk) freeDisk(godwit.pid, this.disk);
  }

  /** Others take all that is free on the spool's disk. */
  fillSpoolDisk(godwit: GodwitProcess): void {
    if (this.disk) fillDisk(godwit.pid, this.disk);
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
