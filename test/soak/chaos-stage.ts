/**
 * All that a round of chaos acts on: a source, a target with an append-only file, a proxy before each, a writer that keeps account, and the Godwit between
 * them, which is started again by whoever has ended it. close() ends it all; the spool folder stays when it is asked to.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareServers } from '../support/compare.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type GodwitProcess, startGodwit } from '../support/godwit-process.ts';
import { Seeded } from '../support/rdb/seeded.ts';
import { type RealServer, startServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { ChaosLoad } from './chaos-load.ts';
import { digestDifferences } from './digests.ts';

/** Quick to notice and quick to come back, so that many rounds fit into little time. */
const GODWIT_ARGS = [
  '--keepalive-interval=300ms',
  '--keepalive-dead-after=1s',
  '--reconnect-delay-min=20ms',
  '--reconnect-delay-max=300ms',
  '--reconnect-attempts=100000',
  '--reconnect-connect-timeout=1s',
  '--log-level=debug',
];
const SOURCE_ARGS = { 'repl-backlog-size': '128mb', 'repl-timeout': 4, 'repl-ping-replica-period': 1 };
/** Rewritten between rounds, so that a copy of the files is never one of half a rewrite. */
const TARGET_ARGS = { appendonly: 'yes', appendfsync: 'everysec', 'auto-aof-rewrite-percentage': 0 };
const REWRITE_BYTES = 48 * 1024 * 1024;

export class ChaosStage {
  readonly source: RealServer;
  readonly target: RealServer;
  readonly sourceProxy: FaultProxy;
  readonly targetProxy: FaultProxy;
  readonly load: ChaosLoad;
  readonly spoolDir = mkdtempSync(join(tmpdir(), 'godwit-chaos-spool-'));
  /** Where a fault may keep a copy of the target's files. */
  readonly copyDir = mkdtempSync(join(tmpdir(), 'godwit-chaos-copy-'));
  godwit: GodwitProcess;
  godwitStarts = 1;
  rssMaxKib = 0;

  private constructor(servers: Servers, random: Seeded) {
    this.source = servers.source;
    this.target = servers.target;
    this.sourceProxy = servers.sourceProxy;
    this.targetProxy = servers.targetProxy;
    this.load = new ChaosLoad(this.source, random);
    this.godwit = this.newGodwit();
  }

  /** Resolves in incremental sync, with the writer at work. */
  static async open(seed: number, fillKeys: number): Promise<ChaosStage> {
    const source = await startServer({ server: 'redis-7.0', args: SOURCE_ARGS });
    const target = await startServer({ server: 'redis-7.0', args: TARGET_ARGS });
    const [sourceProxy, targetProxy] = await Promise.all([startFaultProxy({ port: source.port }), startFaultProxy({ port: target.port })]);
    const stage = new ChaosStage({ source, target, sourceProxy, targetProxy }, new Seeded(seed));
    await stage.load.fill(fillKeys);
    stage.load.start();
    await stage.godwit.waitForPhase('incremental-sync');
    return stage;
  }

  startGodwit(): void {
    this.godwitStarts++;
    this.godwit = this.newGodwit();
  }

  async killGodwit(): Promise<void> {
    this.noteMemory();
    await this.godwit.kill();
  }

  /** SIGTERM; it has to end as asked. */
  async stopGodwit(): Promise<void> {
    this.noteMemory();
    const { code, stderr } = await this.godwit.stop();
    if (code !== 143) throw new Error(`godwit ended with ${code} after SIGTERM: ${stderr}`);
  }

  /** Reads the highest resident memory of the Godwit that runs. */
  noteMemory(): void {
    try {
      const text = readFileSync(`/proc/${this.godwit.pid}/status`, 'utf8');
      this.rssMaxKib = Math.max(this.rssMaxKib, Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0));
    } catch {
      // It has ended, or this is not Linux.
    }
  }

  /** @returns the offset of the source at this moment */
  async sourceOffset(): Promise<number> {
    return Number(/^master_repl_offset:(\d+)/m.exec(await this.ask(this.source, 'INFO', 'replication'))?.[1]);
  }

  /** How many full syncs the source has served. */
  async fullSyncs(): Promise<number> {
    return Number(/^sync_full:(\d+)/m.exec(await this.ask(this.source, 'INFO', 'stats'))?.[1]);
  }

  /** Awaits that everything up to the offset is applied. @throws Error with the end of Godwit's log */
  async caughtUp(offset: number, timeoutMs: number): Promise<void> {
    await this.godwit.waitForStatus(
      `the offset ${offset}`,
      ({ phase, incrementalSync }) => phase === 'incremental-sync' && incrementalSync.offsetApplied >= offset,
      { timeoutMs },
    );
  }

  /** The writer is at rest from here on, the target has caught up; then every key and every count is looked at. */
  async quickDifferences(): Promise<string[]> {
    await this.load.pause();
    await this.caughtUp(await this.sourceOffset(), 30_000);
    const { errors } = await this.godwit.status();
    const letters = errors.deadLetters > 0 ? [`${errors.deadLetters} commands were refused by the target`] : [];
    return [...letters, ...(await this.load.ledger.differences(this.target)), ...(await digestDifferences(this.source, this.target))];
  }

  fullDifferences(): Promise<string[]> {
    return compareServers(this.source, this.target);
  }

  async rewriteTargetFiles(): Promise<void> {
    const persistence = await this.ask(this.target, 'INFO', 'persistence');
    if (Number(/^aof_current_size:(\d+)/m.exec(persistence)?.[1]) < REWRITE_BYTES) return;
    await this.ask(this.target, 'BGREWRITEAOF');
    const isDone = async (): Promise<boolean> =>
      /aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0/.test(await this.ask(this.target, 'INFO', 'persistence'));
    await waitFor('the rewrite of the append-only file', isDone, { timeoutMs: 30_000, intervalMs: 50 });
  }

  /** Folders that runs have left in the spool. */
  spoolFolders(): number {
    return readdirSync(this.spoolDir).reduce((sum, job) => sum + readdirSync(join(this.spoolDir, job)).length, 0);
  }

  async ask(server: RealServer, command: string, ...args: readonly string[]): Promise<string> {
    const client = server.client();
    try {
      return String(await client.call(command, ...args));
    } finally {
      client.disconnect();
    }
  }

  async close({ keepSpool = false } = {}): Promise<void> {
    this.load.close();
    await this.godwit.kill();
    this.sourceProxy.close();
    this.targetProxy.close();
    await Promise.all([this.source.stop(), this.target.stop()]);
    rmSync(this.copyDir, { recursive: true, force: true });
    if (!keepSpool) rmSync(this.spoolDir, { recursive: true, force: true });
  }

  private newGodwit(): GodwitProcess {
    return startGodwit({ source: this.sourceProxy.url, target: this.targetProxy.url, spoolDir: this.spoolDir, args: GODWIT_ARGS });
  }
}

interface Servers {
  readonly source: RealServer;
  readonly target: RealServer;
  readonly sourceProxy: FaultProxy;
  readonly targetProxy: FaultProxy;
}
