/**
 * The built command as a process of its own: `dist/cli/main.js sync`, `load` or `FILE.toml`, with JSON lines and a status server on any free port; or
 * the entry point of the container.
 *
 * Every process that is still alive when this one ends is killed by its pid; `kill()` or `stop()` in the test is still the rule.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { JobPhase, JobStatus } from '../../src/observe/job-status.ts';
import type { RealServer } from './server.ts';
import { type WaitOptions, waitFor } from './wait-for.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const ENTRYPOINT = fileURLToPath(new URL('../../dist/cli/container/entrypoint.js', import.meta.url));
const STATUS_TIMEOUT_MS = 2_000;
const CONTROL_TIMEOUT_MS = 10_000;

export interface GodwitOptions {
  /** Of a sync, or of a scan. */
  readonly source?: string;
  readonly command?: 'sync' | 'scan' | 'cutover';
  /** Of a load. */
  readonly file?: string;
  /** A shake.toml or godwit.toml instead of source, file, target and spool. */
  readonly config?: string;
  /** The entry point of the container, with these words and variables and no others; HOME is cwd. */
  readonly container?: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> };
  /** That of the test unless told. */
  readonly cwd?: string;
  /** What the process gets as standard input; nothing unless told. */
  readonly stdinFile?: string;
  readonly target?: string;
  readonly spoolDir?: string;
  /** More flags. */
  readonly args?: readonly string[];
  /** Words in front of the program, which become it (exec). */
  readonly launcher?: readonly string[];
}

export interface GodwitExit {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

export interface ControlAnswer {
  readonly code: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export type LogLine = Readonly<Record<string, unknown>>;

const alive = new Set<GodwitProcess>();

/** Starts `godwit sync`, `godwit load` where a file is named, or `godwit FILE.toml`. Resolves at once; waitForPhase() and exit tell how it goes on. @throws Error when it was not built. */
export function startGodwit(options: GodwitOptions): GodwitProcess {
  if (!existsSync(MAIN)) throw new Error('dist/cli/main.js is not there: npm run build makes it');
  return new GodwitProcess(options);
}

export class GodwitProcess {
  readonly pid: number;
  readonly exit: Promise<GodwitExit>;
  /** All lines of its log so far. */
  readonly lines: LogLine[] = [];
  /** `http://127.0.0.1:40123`, once its log has told it. */
  statusUrl = '';
  /** Of the file that its log has named. */
  /** File with the token, once its log has told it. */
  private tokenFile = '';
  private readonly child: ChildProcessByStdio<null, Readable, Readable>;
  private ended: GodwitExit | null = null;
  private stderr = '';

  constructor(options: GodwitOptions) {
    const { stdinFile, cwd, container, args = [], launcher = [] } = options;
    const words = container ? [ENTRYPOINT, ...(container.args ?? [])] : [MAIN, ...firstWords(options), '--log-format', 'json', '--status-port', '0', ...args];
    const [program = '', ...all] = [...launcher, process.execPath, ...words];
    const env = container ? { PATH: process.env['PATH'], HOME: cwd, TMPDIR: cwd, ...container.env } : environment();
    const stdin = stdinFile === undefined ? 'ignore' : openSync(stdinFile, 'r');
    this.child = spawn(program, all, { cwd, stdio: [stdin, 'pipe', 'pipe'], env }) as typeof this.child;
    if (stdin !== 'ignore') closeSync(stdin);
    this.pid = this.child.pid ?? 0;
    alive.add(this);
    createInterface({ input: this.child.stdout }).on('line', (line) => this.take(line));
    this.child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.exit = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        alive.delete(this);
        this.ended = { code, signal, stderr: this.stderr };
        resolve(this.ended);
      });
    });
  }

  /** @throws Error when it has no status server (yet, or any more). */
  async status(): Promise<JobStatus> {
    if (this.statusUrl === '') throw new Error('the status server is not up');
    const response = await fetch(`${this.statusUrl}/status`, { signal: AbortSignal.timeout(STATUS_TIMEOUT_MS) });
    return (await response.json()) as JobStatus;
  }

  /** Asks its status server for a change, with the token. `path` with its query, e.g. `PUT`, `/rate?commands=5`. */
  async control(method: 'POST' | 'PUT', path: string): Promise<ControlAnswer> {
    const file = await waitFor('the token of the run', () => this.tokenFile);
    const headers = { authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` };
    const response = await fetch(`${this.statusUrl}${path}`, { method, headers, signal: AbortSignal.timeout(CONTROL_TIMEOUT_MS) });
    return { code: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  /** Polls the status until it satisfies. @throws Error with the end of the log at once when the process ends before. */
  async waitForStatus(what: string, satisfies: (status: JobStatus) => boolean, options: WaitOptions = {}): Promise<JobStatus> {
    let seen = 'no status';
    const look = async (): Promise<Outcome | null> => {
      if (this.ended) return { ended: this.ended };
      const status = await this.status();
      seen = brief(status);
      return satisfies(status) ? { status } : null;
    };
    const outcome = await waitFor(`${what} (godwit pid ${this.pid})`, look, { intervalMs: 20, ...options }).catch((error: Error) => {
      throw new Error(`${error.message}; status: ${seen}\n${this.logEnd()}`, { cause: error });
    });
    if ('status' in outcome) return outcome.status;
    throw new Error(`godwit ended (${JSON.stringify(outcome.ended)}) before ${what}\n${this.logEnd()}`);
  }

  waitForPhase(phase: JobPhase, options: WaitOptions = {}): Promise<JobStatus> {
    return this.waitForStatus(`the phase ${phase}`, (status) => status.phase === phase, { timeoutMs: 20_000, ...options });
  }

  /** Awaits that all that the source has written by now is applied at the target. Call it when the writes have ended. */
  async waitForLagZero(source: RealServer, options: WaitOptions = {}): Promise<JobStatus> {
    const client = source.client();
    const offset = Number(/^master_repl_offset:(\d+)/m.exec(await client.info('replication'))?.[1]);
    client.disconnect();
    return this.waitForStatus(`the offset ${offset}`, ({ incrementalSync }) => incrementalSync.offsetApplied >= offset, { timeoutMs: 20_000, ...options });
  }

  /** As waitForLagZero(), of a source with several pipelines: every server that is read from. */
  async waitForCaughtUp(sources: readonly RealServer[], options: WaitOptions = {}): Promise<JobStatus> {
    const offsets = new Map<string, number>();
    for (const { host, port, client } of sources.map((source) => ({ host: source.host, port: source.port, client: source.client() }))) {
      offsets.set(`${host}:${port}`, Number(/^master_repl_offset:(\d+)/m.exec(await client.info('replication'))?.[1]));
      client.disconnect();
    }
    const isThere = ({ pipelines }: JobStatus): boolean =>
      [...offsets].every(([address, offset]) => pipelines.some((one) => one.source.address === address && one.incrementalSync.offsetApplied >= offset));
    return this.waitForStatus(`the offsets ${[...offsets.values()].join(', ')}`, isThere, { timeoutMs: 20_000, ...options });
  }

  /** Resident memory, in bytes. */
  rssBytes(): number {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1]) * 1024;
  }

  /** SIGKILL. */
  kill(): Promise<GodwitExit> {
    this.killNow();
    return this.exit;
  }

  /** SIGTERM: it drains, writes its mark and ends. */
  stop(): Promise<GodwitExit> {
    this.child.kill('SIGTERM');
    return this.exit;
  }

  /** SIGSTOP: it stands still, its connections stay. */
  suspend(): void {
    this.child.kill('SIGSTOP');
  }

  /** Ends suspend(). */
  resume(): void {
    this.child.kill('SIGCONT');
  }

  killNow(): void {
    if (!this.ended) this.child.kill('SIGKILL');
  }

  /** The last lines of log and stderr, for a message. */
  logEnd(): string {
    return [...this.lines.slice(-15).map((line) => JSON.stringify(line).slice(0, 600)), this.stderr.slice(-1_500)].join('\n');
  }

  private take(text: string): void {
    let line: LogLine;
    try {
      line = JSON.parse(text) as LogLine;
    } catch {
      line = { message: text };
    }
    this.lines.push(line);
    // Read when it is needed: a run that ends soon has removed it by the time that its lines are read.
    if (this.tokenFile === '' && typeof line.file === 'string' && line.file.endsWith('/control-token')) this.tokenFile = line.file;
    if (this.statusUrl === '' && typeof line.url === 'string' && typeof line.port === 'number') this.statusUrl = line.url;
  }
}

function firstWords({ source = '', command = 'sync', file, config, target = '', spoolDir = '' }: GodwitOptions): string[] {
  if (config !== undefined) return [config];
  return [...(file === undefined ? [command, source, target] : ['load', file, '--target', target]), '--spool-dir', spoolDir];
}

type Outcome = { readonly status: JobStatus } | { readonly ended: GodwitExit };

function brief({ phase, fullSync, incrementalSync, spool, connections, errors }: JobStatus): string {
  return JSON.stringify({
    phase,
    keys: fullSync.keysApplied,
    applied: incrementalSync.offsetApplied,
    received: incrementalSync.offsetReceived,
    snapshotReceived: fullSync.bytesReceived,
    spool: [spool.bytesOnDisk, spool.bytesInMemory, spool.full],
    connections: connections.map(({ role, state }) => `${role} ${state}`),
    last: errors.last,
  });
}

/** What the user has set for Godwit in the environment is none of the test's. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GODWIT_')));
}

process.on('exit', () => {
  for (const godwit of alive) godwit.killNow();
});
