/** A real server that has written an AOF: rich data, a live load, and rewrites while that went on. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerName } from '../../../scripts/servers.ts';
import { LiveLoad } from '../live-load.ts';
import { loadRichData } from '../rich-data.ts';
import { type RealServer, startServer } from '../server.ts';
import { waitFor } from '../wait-for.ts';

export interface AofWriterOptions {
  readonly server: ServerName;
  readonly preamble?: boolean;
  /** Redis 7.0 and newer. */
  readonly timestamps?: boolean;
  /** While the load runs; 2 unless told. */
  readonly rewrites?: number;
}

/** It has loaded its AOF, and is at rest; its folder goes with `remove()`, after `stop()`. */
export interface AofWriter {
  readonly server: RealServer;
  readonly dir: string;
  /** What to open: the folder of a multi-part AOF, or the file. */
  readonly place: string;
  remove(): void;
}

export async function writeAof(options: AofWriterOptions): Promise<AofWriter> {
  const dir = mkdtempSync(join(tmpdir(), 'godwit-aof-'));
  const timestamps = options.timestamps ? ['--aof-timestamp-enabled', 'yes'] : [];
  const preamble = ['--aof-use-rdb-preamble', options.preamble === false ? 'no' : 'yes'];
  const server = await startServer({ server: options.server, dir, args: ['--appendonly', 'yes', ...preamble, ...timestamps] });
  await loadRichData(server, { bigElements: 600 });
  const load = new LiveLoad(server);
  for (let i = 0; i < (options.rewrites ?? 2); i++) {
    await load.more(500);
    await rewrite(server);
  }
  if (options.timestamps) await nextSecond(server);
  await load.more(500);
  await load.stop();
  // What its AOF holds, and not more: written as commands, it cannot say everything (a zero with a sign, what is pending of deleted entries).
  await server.restart();
  const folder = join(dir, 'appendonlydir');
  return { server, dir, place: existsSync(folder) ? folder : join(dir, 'appendonly.aof'), remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** A timestamp is written when a second has passed since the last one. */
async function nextSecond(server: RealServer): Promise<void> {
  const client = server.client();
  const [first] = await client.time();
  await waitFor('the next second', async () => Number((await client.time())[0]) > Number(first));
  client.disconnect();
}

async function rewrite(server: RealServer): Promise<void> {
  const client = server.client();
  await client.call('BGREWRITEAOF');
  await waitFor('the AOF to be rewritten', async () => {
    const info = await client.info('persistence');
    if (/aof_last_bgrewrite_status:err/.test(info)) throw new Error('the rewrite failed');
    return /aof_rewrite_in_progress:0/.test(info) && /aof_rewrite_scheduled:0/.test(info);
  });
  client.disconnect();
}
