/**
 * Real servers for tests, demo and bench: each a process of its own, in a folder of its own, on a free port.
 *
 * Every server that is still alive when this process ends is killed by its pid; `stop()` in `afterAll` or `using` is still the rule.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { serverCommand, type ServerCommand, type ServerName } from '../../scripts/servers.ts';
import { ask } from './ask.ts';
import { freePort } from './free-port.ts';
import { waitFor } from './wait-for.ts';

export interface ServerTls {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Ask clients for a certificate; no unless told. */
  readonly clientsNeedCertificate?: boolean;
}

export interface ServerOptions {
  /** Whatever the PATH has unless told. */
  server?: ServerName;
  /** `['--timeout', '2']` or `{ timeout: 2 }`. */
  args?: readonly string[] | Readonly<Record<string, string | number>>;
  port?: number;
  /** Where the server keeps its files; a given folder outlives the server. */
  dir?: string;
  /** Opens a TLS port beside the plain one. */
  tls?: ServerTls;
}

const LOG_FILE = 'server.log';
const alive = new Set<RealServer>();

/** Starts a server and awaits that it answers. @throws Error with the end of its log when it does not come up. */
export async function startServer(options: ServerOptions = {}): Promise<RealServer> {
  const command = await serverCommand(options.server);
  for (let attempt = 1; ; attempt++) {
    const ports = { port: options.port ?? (await freePort()), tlsPort: options.tls ? await freePort() : 0 };
    const server = new RealServer(command, options, ports.port, ports.tlsPort);
    try {
      await server.start();
      return server;
    } catch (error) {
      const taken = options.port === undefined && attempt < 5 && server.log().includes('Address already in use');
      await server.stop();
      if (!taken) throw error;
    }
  }
}

export class RealServer {
  readonly host = '127.0.0.1';
  readonly port: number;
  /** 0 without TLS. */
  readonly tlsPort: number;
  readonly dir: string;
  readonly product: ServerCommand['product'];
  /** `7.0.15` */
  readonly version: string;
  private readonly command: ServerCommand;
  private readonly options: ServerOptions;
  private readonly args: readonly string[];
  private readonly clients = new Set<Redis>();
  private process: ChildProcess | null = null;

  constructor(command: ServerCommand, options: ServerOptions, port: number, tlsPort: number) {
    this.command = command;
    this.options = options;
    this.port = port;
    this.tlsPort = tlsPort;
    this.product = command.product;
    this.version = command.version;
    this.dir = options.dir ?? mkdtempSync(join(tmpdir(), 'godwit-server-'));
    const given = options.args ?? [];
    this.args = Array.isArray(given) ? given : Object.entries(given).flatMap(([key, value]) => [`--${key}`, String(value)]);
  }

  get url(): string {
    const password = this.password();
    return `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}${this.host}:${this.port}`;
  }

  get tlsUrl(): string {
    return this.url.replace('redis:', 'rediss:').replace(/\d+$/, String(this.tlsPort));
  }

  /** @throws Error if the server is not running. */
  get pid(): number {
    const pid = this.process?.pid;
    if (pid === undefined) throw new Error(`the server on port ${this.port} is not running`);
    return pid;
  }

  get running(): boolean {
    return this.process !== null;
  }

  /** Is 7.2 of a version at least; Valkey counts on from Redis 7.2. */
  atLeast(major: number, minor = 0): boolean {
    const [ownMajor = 0, ownMinor = 0] = this.version.split('.').map(Number);
    return ownMajor > major || (ownMajor === major && ownMinor >= minor);
  }

  /** A connection that is closed by stop(). It reconnects by itself, so it outlives kill() and restart(). */
  client(options: RedisOptions = {}): Redis {
    const password = this.password();
    const client = new Redis({
      host: this.host,
      port: this.port,
      ...(password === undefined ? {} : { password }),
      maxRetriesPerRequest: null,
      retryStrategy: () => 50,
      ...options,
    });
    client.on('error', () => undefined);
    client.once('end', () => this.clients.delete(client));
    this.clients.add(client);
    return client;
  }

  /** Starts the process again after kill(), and awaits that it has loaded its data. */
  async start(): Promise<void> {
    if (this.process) throw new Error(`the server on port ${this.port} runs already`);
    alive.add(this);
    const log = openSync(join(this.dir, LOG_FILE), 'a');
    const child = spawn(this.command.command, [...this.command.args, ...this.allArgs()], { stdio: ['ignore', log, log], cwd: this.dir });
    closeSync(log);
    this.process = child;
    child.once('exit', () => {
      if (this.process === child) this.process = null;
    });
    const ended = new Promise<never>((_, reject) => {
      child.once('error', (error) => {
        if (child.pid === undefined) this.process = null;
        reject(error);
      });
      child.once('exit', (code, signal) => reject(new Error(`the server on port ${this.port} ended at its start (${code ?? signal})`)));
    });
    const ready = waitFor(`the server on port ${this.port}`, () => this.isReady(), { timeoutMs: 60_000 });
    await Promise.race([ready, ended]).catch((error: Error) => {
      ready.catch(() => undefined);
      throw new Error(`${error.message}\n${this.log().slice(-2_000)}`, { cause: error });
    });
    ended.catch(() => undefined);
  }

  /** Ends the server, its clients, and its folder unless that was given. */
  async stop(): Promise<void> {
    for (const client of this.clients) client.disconnect();
    await this.end('SIGTERM');
    alive.delete(this);
    if (this.options.dir === undefined) rmSync(this.dir, { recursive: true, force: true });
  }

  /** SIGKILL. Files stay: start() or restart() go on from them. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** The process stands still but its connections stay: a black hole. */
  suspend(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /**
   * Ends a running server and starts it on the same port.
   * @param keepData a running server saves first, a killed one comes back with what its AOF or last RDB has; false begins empty.
   */
  async restart({ keepData = true }: { keepData?: boolean } = {}): Promise<void> {
    const child = this.process;
    if (child && keepData) {
      this.resume();
      const reply = await ask(this.port, ['SHUTDOWN', 'SAVE'], { password: this.password(), timeoutMs: 60_000 }).catch(() => '');
      if (reply) throw new Error(`the server on port ${this.port} does not shut down: ${reply}`);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    await this.end('SIGKILL');
    if (!keepData) this.removeData();
    await this.start();
  }

  /** All that the server has logged, over restarts. */
  log(): string {
    const file = join(this.dir, LOG_FILE);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Without waiting; for the end of this process. */
  killNow(): void {
    if (this.process?.pid !== undefined) this.process.kill('SIGKILL');
    if (this.options.dir === undefined) rmSync(this.dir, { recursive: true, force: true });
  }

  private async isReady(): Promise<boolean> {
    // Once the process has ended nobody looks at the answer any more.
    if (!this.process) return true;
    const reply = await ask(this.port, ['PING'], { timeoutMs: 2_000 });
    return /^\+PONG|^-NOAUTH|^-NOPERM|^-MASTERDOWN/.test(reply);
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    const impatience = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await exited;
    clearTimeout(impatience);
    this.process = null;
  }

  private removeData(): void {
    for (const name of readdirSync(this.dir)) {
      if (name !== LOG_FILE) rmSync(join(this.dir, name), { recursive: true, force: true });
    }
  }

  private password(): string | undefined {
    const at = this.args.indexOf('--requirepass');
    return at < 0 ? undefined : this.args[at + 1];
  }

  private allArgs(): string[] {
    const { tls } = this.options;
    const tlsArgs = tls
      ? ['--tls-port', String(this.tlsPort), '--tls-ca-cert-file', tls.caFile, '--tls-cert-file', tls.certFile, '--tls-key-file', tls.keyFile]
      : [];
    if (tls) tlsArgs.push('--tls-auth-clients', tls.clientsNeedCertificate ? 'yes' : 'no');
    const debug = this.atLeast(7) ? ['--enable-debug-command', 'yes'] : [];
    const quick = ['--repl-diskless-sync-delay', '0', '--save', ''];
    return ['--port', String(this.port), '--bind', this.host, '--dir', this.dir, '--daemonize', 'no', ...quick, ...debug, ...tlsArgs, ...this.args];
  }
}

process.on('exit', () => {
  for (const server of alive) server.killNow();
});
for (const [signal, exitCode] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGINT', 130],
] as const) {
  process.on(signal, () => {
    // A program that handles the signal itself decides on its end; otherwise the servers must not be left behind.
    if (process.listenerCount(signal) === 1) process.exit(exitCode);
  });
}
