/**
 * `npm run soak:large-conversion [-- members]`: a sorted set of 10 M members goes from the RDB file of a Redis 8 to a Valkey 8, which does not take its
 * payload: decoded and encoded anew in two passes. A process of its own does that; its highest RSS has to stay below 300 MB.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Batch } from '../../src/model/batch.ts';
import { DumpEncoder } from '../../src/rdb/encode/dump-encoder.ts';
import type { LargeEntry } from '../../src/rdb/large-entry.ts';
import { RdbDecoder } from '../../src/rdb/rdb-decoder.ts';
import { ValueDecoder } from '../../src/rdb/values/value-decoder.ts';
import type { ValueVisitor } from '../../src/rdb/values/value-visitor.ts';
import { startServer } from '../support/server.ts';

const RSS_BYTES_MAX = 300 * 2 ** 20;
const WINDOW_BYTES = 1024 * 1024;
const KEY = 'zset:large';

async function main(words: readonly string[]): Promise<void> {
  if (words[0] === 'convert') return convert(words[1], Number(words[2]));
  const members = Number(words[0] ?? 10_000_000);
  const source = await startServer({ server: 'redis-8.0' });
  await using target = await startServer({ server: 'valkey-8.1', args: { 'proto-max-bulk-len': 4 * 2 ** 30, 'client-query-buffer-limit': 4 * 2 ** 30 } });
  const client = source.client();
  const add = `for i = ARGV[1], ARGV[2] do redis.call('ZADD', KEYS[1], (i * 7919) % 1000003 + i / 8, 'member:' .. i) end`;
  for (let i = 0; i < members; i += 20_000) await client.eval(add, 1, KEY, i, Math.min(members, i + 20_000) - 1);
  await client.save();
  const expected = await digest(client);
  const started = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url), 'convert', join(source.dir, 'dump.rdb'), String(target.port)], {
    stdio: 'inherit',
  });
  const [exitCode] = (await once(child, 'exit')) as [number];
  console.log(`${members} members in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  const found = await digest(target.client());
  await source.stop();
  if (exitCode !== 0 || found !== expected) throw new Error(`source ${expected}, target ${found}, exit code ${exitCode}`);
  console.log(`equal: ${found.split(',')[0]}, and 50 of them looked at`);
}

/** Members, the sum of a sample of scores, and the ends. */
async function digest(client: ReturnType<Awaited<ReturnType<typeof startServer>>['client']>): Promise<string> {
  const count = await client.zcard(KEY);
  const places = Array.from({ length: 50 }, (_, i) => Math.floor((i * (count - 1)) / 49));
  const sample = await Promise.all(places.map((place) => client.zrange(KEY, place, place, 'WITHSCORES')));
  return `${count} members, ${sample.map(([member, score]) => `${member}=${Number(score)}`).join(' ')}`;
}

async function convert(file: string, port: number): Promise<void> {
  const reader = { fd: openSync(file, 'r'), size: statSync(file).size };
  const { decoder, entry } = findLarge(reader);
  const encoder = new DumpEncoder({ version: 11 });
  encoder.measureNext();
  await pass(reader, decoder, entry, encoder, () => undefined);
  const plan = encoder.plan();
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`*4\r\n$7\r\nRESTORE\r\n$${KEY.length}\r\n${KEY}\r\n$1\r\n0\r\n$${plan.bytes}\r\n`);
  encoder.piecesNext(plan, (bytes, start, end) => socket.write(Buffer.from(bytes.subarray(start, end))));
  await pass(reader, decoder, entry, encoder, () => drained(socket));
  socket.write('\r\n');
  const [reply] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const cpu = ((userCPUTime + systemCPUTime) / 1e6).toFixed(1);
  console.log(`${String(reply).trim()}: payload ${(plan.bytes / 2 ** 20).toFixed(0)} MiB, highest RSS ${(maxRSS / 1024).toFixed(0)} MiB, CPU ${cpu} s`);
  if (maxRSS * 1024 > RSS_BYTES_MAX || String(reply) !== '+OK\r\n') process.exitCode = 1;
}

interface Reader {
  readonly fd: number;
  readonly size: number;
}

function findLarge({ fd, size }: Reader): { decoder: RdbDecoder; entry: LargeEntry } {
  const decoder = new RdbDecoder();
  const window = new Uint8Array(WINDOW_BYTES);
  const end = readSync(fd, window, 0, window.length, 0);
  const at = decoder.decode(window, 0, end, 0, new Batch(16));
  const entry = decoder.beginLarge(window, at, end, at);
  if (!entry) throw new Error(`no large value begins at ${at} of ${size}`);
  return { decoder, entry };
}

/** Decodes the value once, from windows of the file. @param pause awaited after each window */
async function pass({ fd, size }: Reader, file: RdbDecoder, entry: LargeEntry, values: ValueVisitor, pause: () => Promise<void> | void): Promise<void> {
  const window = new Uint8Array(WINDOW_BYTES);
  const decoder = new ValueDecoder();
  decoder.begin(entry.type, file.dialect!, values, size - entry.valueStart, file.templates);
  for (let offset = entry.valueStart; !decoder.done;) {
    const end = readSync(fd, window, 0, window.length, offset);
    offset += decoder.feed(window, 0, end);
    await pause();
  }
}

async function drained(socket: Socket): Promise<void> {
  if (socket.writableNeedDrain) await once(socket, 'drain');
}

await main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
process.exit();
