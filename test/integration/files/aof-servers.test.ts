/** AOFs that real servers wrote under load: replayed to another server of the same version, they make the same data. */
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EntryKind } from '../../../src/model/batch.ts';
import { openFileSource } from '../../../src/source/open-file-source.ts';
import { compareServers } from '../../support/compare.ts';
import { type AofWriter, type AofWriterOptions, writeAof } from '../../support/files/aof-writer.ts';
import { everyByte, walkAof } from '../../support/files/aof-walk.ts';
import { readSource } from '../../support/files/read-source.ts';
import { replay } from '../../support/files/replay.ts';
import { Seeded } from '../../support/rdb/seeded.ts';
import { type RealServer, startServer } from '../../support/server.ts';

const WRITERS: readonly AofWriterOptions[] = [
  { server: 'redis-6.0' },
  { server: 'redis-6.0', preamble: false },
  { server: 'redis-7.0' },
  { server: 'redis-7.0', preamble: false, timestamps: true },
  { server: 'redis-8.0', timestamps: true },
  { server: 'valkey-8.1', timestamps: true },
  { server: 'valkey-9.1' },
];

/** The files that hold nothing but commands. */
function commandFiles(writer: AofWriter): string[] {
  if (writer.place.endsWith('.aof')) return [];
  return readdirSync(writer.place)
    .filter((name) => name.endsWith('.incr.aof'))
    .map((name) => join(writer.place, name));
}

describe.each(WRITERS)('the AOF of $server (preamble: $preamble, timestamps: $timestamps)', (options) => {
  let writer: AofWriter;
  let target: RealServer;

  beforeAll(async () => {
    [writer, target] = await Promise.all([writeAof(options), startServer({ server: options.server })]);
  });

  afterAll(async () => {
    await Promise.all([writer.server.stop(), target.stop()]);
    writer.remove();
  });

  test.each([512 * 1024, 3_000])('replayed through a window of %i bytes makes the data of the server', async (windowBytes) => {
    await target.restart({ keepData: false });
    const { rows, end, stops } = await replay(await openFileSource(writer.place, { windowBytes }), target);
    expect(await compareServers(writer.server, target)).toEqual([]);
    expect(end.tail).toBeNull();
    expect(rows.filter(({ kind }) => kind === EntryKind.Command).length).toBeGreaterThan(500);
    expect(rows.some(({ kind }) => kind === EntryKind.RdbValue)).toBe(options.preamble !== false);
    expect(stops.at(-1)?.position.timestampMs ?? -1).toBeGreaterThan(options.timestamps ? Date.now() - 3_600_000 : -2);
  });

  test('gives the rest from any position that it told', async () => {
    const { rows, stops } = await readSource(await openFileSource(writer.place, { windowBytes: 20_000 }));
    for (const stop of stops.filter((_, i) => i % Math.ceil(stops.length / 12) === 0)) {
      const rest = await readSource(await openFileSource(writer.place, { from: stop.position }));
      expect(rest.rows.length).toBe(rows.length - stop.rows);
      expect(rest.rows).toEqual(rows.slice(stop.rows));
    }
  });

  test('gives the same commands whole, byte by byte, and cut anywhere', () => {
    const random = new Seeded();
    for (const path of commandFiles(writer)) {
      const file = readFileSync(path);
      const whole = walkAof(file);
      expect(walkAof(file, everyByte(file.length)).rows).toEqual(whole.rows);
      for (let round = 0; round < 5; round++) {
        expect(walkAof(file, random.cuts(random.below(200), file.length)).rows, `seed ${random.seed}`).toEqual(whole.rows);
      }
    }
  });

  test('is read from standard input where it is one file', async () => {
    if (!writer.place.endsWith('.aof')) return;
    const piped = await readSource(await openFileSource('-', { stdin: createReadStream(writer.place), windowBytes: 3_000 }));
    expect(piped.rows).toEqual((await readSource(await openFileSource(writer.place))).rows);
  });
});
