/** Sources that hold a data set. The first run generates it and saves it as an RDB file; later ones start from that file. */
import { existsSync, linkSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type RealServer, startServer } from '../../test/support/server.ts';
import { cachedPath, makeFolder, removeFolder } from './cache-folder.ts';
import { CommandWriter } from './command-writer.ts';
import { DATA_SETS, DATA_VERSION, type SetName } from './data-sets.ts';

const ARGS = { 'repl-diskless-sync': 'yes', 'repl-diskless-sync-delay': 0, 'repl-backlog-size': '256mb' };
const RDB_FILE = 'dump.rdb';

export const SERVER = 'redis-7.0';

/** Without a key. Its settings are those of all sources: diskless, no delay, nothing saved. */
export function startEmptySource(): Promise<RealServer> {
  return startServer({ server: SERVER, args: ARGS });
}

/** A target or follower: empty, nothing saved. */
export function startTarget(): Promise<RealServer> {
  return startServer({ server: SERVER, args: { appendonly: 'no' } });
}

/** `A-0.1-v1`: names the files that are kept of a set. */
export function savedName(set: SetName, size: number): string {
  return `${set}-${size}-v${DATA_VERSION}`;
}

/** Runs `use` with a source that holds the set, and ends the source. */
export async function withSource<T>(set: SetName, size: number, use: (source: RealServer) => Promise<T>): Promise<T> {
  const saved = cachedPath(`${savedName(set, size)}.rdb`);
  if (!existsSync(saved)) await generate(set, size, saved);
  const dir = makeFolder('source');
  linkSync(saved, join(dir, RDB_FILE));
  const source = await startServer({ server: SERVER, dir, args: ARGS });
  try {
    return await use(source);
  } finally {
    await source.stop();
    removeFolder(dir);
  }
}

async function generate(set: SetName, size: number, file: string): Promise<void> {
  console.log(`data set ${set} is generated (once)`);
  const dir = makeFolder('generate');
  const server = await startServer({ server: SERVER, dir });
  try {
    const writer = await CommandWriter.open(server.port);
    await writer.writeAll(DATA_SETS[set].commands(size));
    await server.client().call('SAVE');
    renameSync(join(dir, RDB_FILE), file);
  } finally {
    await server.stop();
    removeFolder(dir);
  }
}
