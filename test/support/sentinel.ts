/** A real sentinel that watches a server, as a process of its own; it ends with stop(), at the latest with this process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverCommand, type ServerCommand, type ServerName } from '../../scripts/servers.ts';
import { ask } from './ask.ts';
import { freePort } from './free-port.ts';
import type { RealServer } from './server.ts';
import { waitFor } from './wait-for.ts';

export interface SentinelOptions {
  /** redis-7.0 unless told. */
  readonly server?: ServerName;
  /** What it calls the server; `watched` unless told. */
  readonly name?: string;
  /** 1 unless told. */
  readonly quorum?: number;
  /** Of the server. */
  readonly serverPassword?: string | undefined;
  /** That the sentinel itself asks for. */
  readonly password?: string | undefined;
  /** More lines of its file. */
  readonly lines?: readonly string[];
}

export async function startSentinel(watched: RealServer, options: SentinelOptions = {}): Promise<Sentinel> {
  const sentinel = new Sentinel(await serverCommand(options.server ?? 'redis-7.0'), await freePort(), options);
  sentinel.writeFile(watched);
  await sentinel.start();
  return sentinel;
}

export class Sentinel {
  readonly host = '127.0.0.1';
  readonly port: number;
  private readonly command: ServerCommand;
  private readonly options: SentinelOptions;
  private readonly dir = mkdtempSync(join(tmpdir(), 'godwit-sentinel-'));
  private readonly killNow = (): void => void this.child?.kill('SIGKILL');
  private child: ChildProcess | undefined;

  constructor(command: ServerCommand, port: number, options: SentinelOptions) {
    this.command = command;
    this.port = port;
    this.options = options;
  }

  get url(): string {
    const { password } = this.options;
    return `redis://${password === undefined ? '' : `:${password}@`}${this.host}:${this.port}`;
  }

  get running(): boolean {
    return this.child !== undefined;
  }

  writeFile(watched: RealServer): void {
    const { name = 'watched', quorum = 1, serverPassword, password, lines = [] } = this.options;
    const all = [
      `port ${this.port}`,
      `bind ${this.host}`,
      `dir ${this.dir}`,
      ...(password === undefined ? [] : [`requirepass ${password}`]),
      `sentinel monitor ${name} ${watched.host} ${watched.port} ${quorum}`,
      ...(serverPassword === undefined ? [] : [`sentinel auth-pass ${name} ${serverPassword}`]),
      ...lines,
    ];
    writeFileSync(join(this.dir, 'sentinel.conf'), `${all.join('\n')}\n`);
  }

  /** Also after kill(): it goes on from its file. */
  async start(): Promise<void> {
    const child = spawn(this.command.command, [...this.command.args, join(this.dir, 'sentinel.conf'), '--sentinel'], { stdio: 'ignore' });
    this.child = child;
    child.once('exit', () => {
      if (this.child === child) this.child = undefined;
    });
    process.once('exit', this.killNow);
    await waitFor(`the sentinel on port ${this.port}`, async () => /^\+PONG|^-NOAUTH/.test(await ask(this.port, ['PING'])));
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child) return;
    const ended = once(child, 'exit');
    this.killNow();
    await ended;
    process.off('exit', this.killNow);
  }

  suspend(): void {
    this.child?.kill('SIGSTOP');
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
