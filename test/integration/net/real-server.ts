import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from '../../../src/net/connection-options.ts';
import { Connection } from '../../../src/net/connection.ts';
import { KeepaliveWheel } from '../../../src/net/keepalive-wheel.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { freePort } from '../../support/free-port.ts';

/** A redis-server of its own, on a free port, without persistence. */
export interface RealServer {
  readonly port: number;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/**
 * @param args as on the command line; the port is added
 * @param atPort to come back where another one was
 */
export async function startServer(args: readonly string[] = [], atPort?: number): Promise<RealServer> {
  const port = atPort ?? (await freePort());
  const dir = mkdtempSync(join(tmpdir(), 'godwit-net-'));
  const ports = args.includes('--tls-port') ? ['--port', '0', '--tls-port', String(port)] : ['--port', String(port)];
  const process = spawn(
    'redis-server',
    [...args.filter((arg) => arg !== '--tls-port'), ...ports, '--bind', '127.0.0.1', '--save', '', '--dir', dir, '--daemonize', 'no'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  const exited = once(process, 'exit');
  await new Promise<void>((resolve, reject) => {
    process.stdout?.on('data', (chunk) => {
      log += String(chunk);
      if (/Ready to accept connections/.test(log)) resolve();
    });
    process.on('exit', () => reject(new Error(`redis-server ended: ${log}`)));
    process.on('error', reject);
  });
  return {
    port,
    process,
    async stop() {
      process.kill('SIGKILL');
      await exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const wheel = new KeepaliveWheel();

/** A connection with short back-off; counts how often it was lost. */
export function connectionTo(port: number, more: Partial<ConnectionOptions> = {}): Connection & { losses: string[] } {
  const connection = new Connection({
    role: 'target data',
    endpoint: { host: '127.0.0.1', port },
    clientName: 'godwit-test',
    keepalive: { intervalMs: 0, idleLimitMs: 0, deadAfterMs: 0 },
    reconnect: { delayMinMs: 10, delayMaxMs: 100, attemptsMax: 0, connectTimeoutMs: 3000 },
    wheel,
    log: silentLogger,
    ...more,
  }) as Connection & { losses: string[] };
  connection.losses = [];
  connection.events.on('lost', ({ error, idleMs }) => connection.losses.push(`${error.code} after ${idleMs} ms`));
  return connection;
}
