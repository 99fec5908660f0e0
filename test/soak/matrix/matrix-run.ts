/**
 * One pair of versions, three ways: from the source's RDB file, from its live snapshot, and as commands of its stream. After each the target has all that it
 * can hold, compared completely, and the report names what it cannot, and only that.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerName } from '../../../scripts/servers.ts';
import { compareServers } from '../../support/compare.ts';
import { type GodwitProcess, startGodwit } from '../../support/godwit-process.ts';
import { type RealServer, startServer } from '../../support/server.ts';
import { consumerTimeComplaints, expectedLosses, type ExpectedLosses } from './expected-losses.ts';
import { evictionComplaints, writeEvictionKeys, writeMatrixData } from './matrix-data.ts';

export const WAYS = ['file', 'snapshot', 'stream'] as const;

export type Way = (typeof WAYS)[number];

export interface WayResult {
  readonly source: ServerName;
  readonly target: ServerName;
  readonly way: Way;
  readonly keys: number;
  readonly leftOut: number;
  readonly degraded: number;
  readonly seconds: number;
  readonly complaints: readonly string[];
}

export interface MatrixSource {
  readonly name: ServerName;
  readonly server: RealServer;
}

/** As commands, consumers who only ever read with NOACK or nothing are not told of; and the sign of -0 is not kept by small sorted sets of newer servers. */
const NOT_IN_THE_STREAM = [/"stream:groups".*consumers:/, /"zset:listpack": value: element \d+: \["[^"]*",0\] \| \["[^"]*",0\]/];
const SYNC_TIMEOUT_MS = 120_000;

/** The source holds its data when it comes, and when it is left. */
export async function runPair(source: MatrixSource, target: ServerName): Promise<WayResult[]> {
  const pair = new Pair(source, target);
  try {
    return await pair.run();
  } finally {
    await pair.close();
  }
}

class Pair {
  private readonly source: MatrixSource;
  private readonly targetName: ServerName;
  private readonly dir = mkdtempSync(join(tmpdir(), 'godwit-matrix-'));
  private target!: RealServer;
  private godwit: GodwitProcess | undefined;

  constructor(source: MatrixSource, target: ServerName) {
    this.source = source;
    this.targetName = target;
  }

  async run(): Promise<WayResult[]> {
    const file = await this.timed('file', () => this.load());
    const snapshot = await this.timed('snapshot', () => this.followSnapshot());
    const stream = await this.timed('stream', () => this.followStream());
    return [file, snapshot, stream];
  }

  async close(): Promise<void> {
    await this.godwit?.kill();
    await this.target?.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async timed(way: Way, act: () => Promise<Omit<WayResult, 'source' | 'target' | 'way' | 'seconds'>>): Promise<WayResult> {
    const started = performance.now();
    const result = await act();
    return { source: this.source.name, target: this.targetName, way, seconds: (performance.now() - started) / 1_000, ...result };
  }

  private async load(): Promise<Omit<WayResult, 'source' | 'target' | 'way' | 'seconds'>> {
    const { server } = this.source;
    await writeEvictionKeys(server, 'idle');
    await this.call(server, 'SAVE');
    await this.newTarget('allkeys-lru');
    const report = this.report('file');
    const file = join(server.dir, 'dump.rdb');
    this.godwit = startGodwit({ file, target: this.target.url, spoolDir: this.dir, args: ['--on-unsupported', 'degrade', '--report', report] });
    const { code, stderr } = await this.godwit.exit;
    const ended = code === 0 ? [] : [`godwit load ended with ${code}: ${stderr.trim()} ${this.godwit.logEnd()}`];
    const idle = await evictionComplaints(this.target, 'idle');
    return this.judge(report, 0, false, [...ended, ...idle]);
  }

  private async followSnapshot(): Promise<Omit<WayResult, 'source' | 'target' | 'way' | 'seconds'>> {
    const { server } = this.source;
    await writeEvictionKeys(server, 'freq');
    await this.newTarget('allkeys-lfu');
    const args = ['--on-unsupported', 'degrade', '--report', this.report('live')];
    this.godwit = startGodwit({ source: server.url, target: this.target.url, spoolDir: this.dir, args });
    await this.godwit.waitForPhase('incremental-sync', { timeoutMs: SYNC_TIMEOUT_MS });
    const frequent = await evictionComplaints(this.target, 'freq');
    return this.judge(this.report('live'), 0, false, frequent);
  }

  private async followStream(): Promise<Omit<WayResult, 'source' | 'target' | 'way' | 'seconds'>> {
    const { server } = this.source;
    const before = linesOf(this.report('live')).length;
    await this.call(server, 'FLUSHALL');
    await writeMatrixData(server, true);
    await this.godwit?.waitForLagZero(server, { timeoutMs: SYNC_TIMEOUT_MS });
    return this.judge(this.report('live'), before, true, []);
  }

  private async judge(
    report: string,
    from: number,
    inStream: boolean,
    others: readonly string[],
  ): Promise<Omit<WayResult, 'source' | 'target' | 'way' | 'seconds'>> {
    const { server } = this.source;
    const expected = await expectedLosses(server, this.target, inStream);
    const named = namedIn(linesOf(report).slice(from));
    const inexact = [this.source.name, this.targetName].includes('redis-6.0');
    const differences = await compareServers(server, this.target, inexact ? { ttlToleranceMs: inStream ? 1_500 : 100 } : {});
    const left = new Set([...expected.leftOut].map((name) => differenceOf(name)));
    const real = differences.filter((line) => !left.has(line) && !(inStream && NOT_IN_THE_STREAM.some((what) => what.test(line))));
    const times = inStream ? [] : await consumerTimeComplaints(server, this.target, expected.degraded);
    const keys = Number(await this.call(server, 'DBSIZE'));
    return { keys, leftOut: named.leftOut.size, degraded: named.degraded.size, complaints: [...others, ...complaintsOf(expected, named), ...real, ...times] };
  }

  private async newTarget(policy: string): Promise<void> {
    await this.godwit?.kill();
    await this.target?.stop();
    this.target = await startServer({ server: this.targetName, args: { 'maxmemory-policy': policy } });
  }

  private report(name: string): string {
    return join(this.dir, `${name}.jsonl`);
  }

  private async call(server: RealServer, command: string): Promise<unknown> {
    const client = server.client();
    try {
      return await client.call(command);
    } finally {
      client.disconnect();
    }
  }
}

interface Line {
  readonly outcome: 'left-out' | 'degraded';
  readonly db: number;
  readonly key: string | { readonly base64: string } | null;
  readonly library?: string;
  readonly command?: string;
}

function linesOf(file: string): Line[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

/** By name; a key that lost something and was left out too counts as left out. */
function namedIn(lines: readonly Line[]): ExpectedLosses {
  const names = (outcome: Line['outcome']): Set<string> => new Set(lines.filter((line) => line.outcome === outcome).map(nameOf));
  const leftOut = names('left-out');
  return { leftOut, degraded: new Set([...names('degraded')].filter((name) => !leftOut.has(name))) };
}

function nameOf({ db, key, library }: Line): string {
  // The library that a command of the stream brings is not taken out of it.
  if (key === null) return `functions ${library ?? 'godwit_test'}`;
  return `${db} ${typeof key === 'string' ? Buffer.from(key).toString('latin1') : Buffer.from(key.base64, 'base64').toString('latin1')}`;
}

function complaintsOf(expected: ExpectedLosses, named: ExpectedLosses): string[] {
  const check = (what: string, wanted: ReadonlySet<string>, found: ReadonlySet<string>): string[] => [
    ...[...wanted].filter((name) => !found.has(name)).map((name) => `not named as ${what}: ${name}`),
    ...[...found].filter((name) => !wanted.has(name)).map((name) => `named as ${what}, and is not: ${name}`),
  ];
  return [...check('left out', expected.leftOut, named.leftOut), ...check('degraded', expected.degraded, named.degraded)];
}

/** The line of the comparison for a key that was left out. */
function differenceOf(name: string): string {
  const [database, ...key] = name.split(' ');
  return `db ${database} ${JSON.stringify(key.join(' '))}: type: vectorset | none`;
}
