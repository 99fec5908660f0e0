/** A real sentinel that watches a server, as a process of its own; it ends with stop(), at the latest with this process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverCommand, type ServerName } from '../../scripts/servers.ts';
import { ask } from './ask.ts';
import { freePort } from './free-port.ts';
import type { RealServer } from './server.ts';
import { waitFor } from './wait-for.ts';

export interface Sentinel {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startSentinel(watched: RealServer, server: ServerName = 'redis-7.0'): Promise<Sentinel> {
  const { command, args } = await serverCommand(server);
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'godwit-sentinel-'));
  const file = join(dir, 'sentinel.conf');
  writeFileSync(file, `port ${port}\nbind 127.0.0.1\ndir ${dir}\nsentinel monitor watched ${watched.host} ${watched.port} 1\n`);
  const child = spawn(command, [...args, file, '--sentinel'], { stdio: 'ignore' });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit');
  await waitFor(`the sentinel on port ${port}`, async () => (await ask(port, ['PING'])) === '+PONG');
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      kill();
      await ended;
      process.off('exit', kill);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
