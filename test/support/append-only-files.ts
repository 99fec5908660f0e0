/**
 * What a crash or a restored backup does to the append-only files of a server: the newest part of them is gone. Only for servers of Redis 7.0 and up, whose
 * files lie in a folder of their own: a base, and behind it the increments, of which the last is appended to. To be used while the server is stopped,
 * but for copyAppendOnlyFiles().
 *
 * Where half a transaction is left at the end, all servers before Valkey 9.1.2 (valkey#4342) cut the file behind its last whole command but leave its MULTI
 * there: the data is right after that start, and twice there after the next one. So that tests see the doubles of Godwit alone, mendIncrement() cuts the
 * half transaction away before the server does.
 */
import { cpSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { Batch } from '../../src/model/batch.ts';
import { StreamDecoder } from '../../src/resp/stream-decoder.ts';

const FOLDER = 'appendonlydir';
const MANIFEST = 'appendonly.aof.manifest';
const TRANSACTION_COMMANDS_MAX = 200_000;

/** Cuts so many bytes off the newest increment, all of it if it has fewer, and the transaction that is cut in two. @returns how many are gone */
export function cutIncrement(serverDir: string, bytes: number): number {
  const file = incrementFile(serverDir);
  const { size } = statSync(file);
  truncateSync(file, Math.max(0, size - bytes));
  mendIncrement(serverDir);
  return size - statSync(file).size;
}

/** Cuts off half a command or half a transaction at the end, as SIGKILL within a write can leave it. */
export function mendIncrement(serverDir: string): void {
  const file = incrementFile(serverDir);
  const bytes = readFileSync(file);
  const batch = new Batch(TRANSACTION_COMMANDS_MAX);
  const decoder = new StreamDecoder({ offset: 0, database: 0 }, '');
  for (let at = -1; at !== decoder.offset;) {
    at = decoder.offset;
    batch.reset();
    decoder.decode(bytes, at, bytes.length, batch);
  }
  if (decoder.offset < bytes.length) truncateSync(file, decoder.offset);
}

/** Copies them, also while the server appends (not while it rewrites): what a backup of that moment has. */
export function copyAppendOnlyFiles(serverDir: string, copyDir: string): void {
  rmSync(copyDir, { recursive: true, force: true });
  cpSync(join(serverDir, FOLDER), copyDir, { recursive: true });
}

/** Puts a copy in the place of what is there. */
export function putBackAppendOnlyFiles(serverDir: string, copyDir: string): void {
  rmSync(join(serverDir, FOLDER), { recursive: true, force: true });
  cpSync(copyDir, join(serverDir, FOLDER), { recursive: true });
  mendIncrement(serverDir);
}

function incrementFile(serverDir: string): string {
  const manifest = readFileSync(join(serverDir, FOLDER, MANIFEST), 'utf8');
  const names = [...manifest.matchAll(/^file (\S+) seq \d+ type i/gm)].map((match) => match[1]);
  if (names.length === 0) throw new Error(`no increment in ${MANIFEST}: ${manifest}`);
  return join(serverDir, FOLDER, names[names.length - 1]);
}
