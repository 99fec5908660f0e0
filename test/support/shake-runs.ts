/** Runs of a shake.toml by the built command, each in a folder of its own; all of them end with close(). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestCluster } from './cluster.ts';
import { type GodwitProcess, startGodwit } from './godwit-process.ts';
import { type GodwitRun, runGodwit } from './run-godwit.ts';
import type { RealServer } from './server.ts';
import { waitFor } from './wait-for.ts';

export type ShakeSide = RealServer | TestCluster;

/** What RedisShake tells at `/`. */
export interface ShakeDocument {
  readonly consistent: boolean;
  readonly total_entries_count: Readonly<Record<string, number>>;
  readonly per_cmd_entries_count: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly reader: Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[];
  readonly writer: unknown;
}

export class ShakeRuns {
  /** Of the run that was begun last. */
  dir = '';
  private readonly root = mkdtempSync(join(tmpdir(), 'godwit-redisshake-'));
  private readonly godwits: GodwitProcess[] = [];

  /** A folder for the next run, to put files in before it. */
  folder(): string {
    this.dir = mkdtempSync(join(this.root, 'run-'));
    return this.dir;
  }

  /** To its end. */
  run(text: string, dir = this.folder()): Promise<GodwitRun> {
    writeFileSync(join(dir, 'shake.toml'), text);
    return runGodwit(['shake.toml'], { cwd: dir, env: { HOME: dir } });
  }

  start(text: string, dir = this.folder()): GodwitProcess {
    writeFileSync(join(dir, 'shake.toml'), text);
    const godwit = startGodwit({ config: 'shake.toml', cwd: dir });
    this.godwits.push(godwit);
    return godwit;
  }

  /** Those that still run. */
  async endAll(): Promise<void> {
    await Promise.all(this.godwits.splice(0).map((godwit) => godwit.kill()));
  }

  async close(): Promise<void> {
    await this.endAll();
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** `cluster` and `address` of a reader or writer. */
export function addressLines(side: ShakeSide): string {
  const { port } = side instanceof TestCluster ? side.node(0) : side;
  return `cluster = ${side instanceof TestCluster}\naddress = "127.0.0.1:${port}"\n`;
}

export async function shakeDocument(godwit: GodwitProcess): Promise<ShakeDocument> {
  return (await (await fetch(`${godwit.statusUrl}/`)).json()) as ShakeDocument;
}

/** As the tests of RedisShake wait for it. */
export function consistent(godwit: GodwitProcess): Promise<ShakeDocument> {
  const look = async (): Promise<ShakeDocument | null> => {
    const document = await shakeDocument(godwit);
    return document.consistent ? document : null;
  };
  return waitFor('the status to be consistent', look, { timeoutMs: 20_000, intervalMs: 20 });
}

/** Empties all of it. */
export async function emptySide(side: ShakeSide): Promise<void> {
  for (const node of side instanceof TestCluster ? await side.contentNodes() : [side]) {
    const client = node.client();
    await client.flushall();
    await client.call('FUNCTION', 'FLUSH');
    client.disconnect();
  }
}

/** Keys over all nodes and databases. */
export async function keyCount(side: ShakeSide): Promise<number> {
  let keys = 0;
  for (const node of side instanceof TestCluster ? await side.contentNodes() : [side]) {
    const client = node.client();
    for (const [, count] of (await client.info('keyspace')).matchAll(/keys=(\d+)/g)) keys += Number(count);
    client.disconnect();
  }
  return keys;
}

/** Keys that are not Godwit's own. */
export async function ownKeyCount(side: ShakeSide): Promise<number> {
  let marks = 0;
  for (const node of side instanceof TestCluster ? await side.contentNodes() : [side]) {
    const client = node.client();
    marks += (await client.keys('__godwit*')).length;
    client.disconnect();
  }
  return (await keyCount(side)) - marks;
}
