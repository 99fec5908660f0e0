import fs from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { Deferred } from '../../../src/async/deferred.ts';
import { GodwitError } from '../../../src/errors/errors.ts';
import { SpoolLog } from '../../../src/source/replica/spool/spool-log.ts';
import { appendKnown, byteAt, bytesAt, expectKnown, receiveKnown, segmentNames, smallSpool } from './spool-fixture.ts';

const MIB = 1024 * 1024;

test('committed bytes can be read at once from memory, across slabs', async () => {
  const { options } = await smallSpool({ startOffset: 100, mode: 'when-behind' });
  const log = await SpoolLog.create(options);
  for (let total = 0; total < 6000;) total += receiveKnown(log, 1500);
  const out = new Uint8Array(6000);
  expect(log.read(100, out, 0, 6000)).toBe(6000);
  expect(out[5999]).toBe(byteAt(6099));
  expect(log.read(log.endOffset, out, 0, 10)).toBe(0);
  await log.close();
});

test('reserves 64 KiB at least, and the same room until it is committed', async () => {
  const { options } = await smallSpool({ slabBytes: MIB / 2, memoryBytesMax: 16 * MIB });
  const log = await SpoolLog.create(options);
  for (let round = 0; round < 40; round++) {
    const room = log.reserve();
    expect(room.length).toBeGreaterThanOrEqual(65_536);
    expect(log.reserve()).toBe(room);
    log.commit(60_001);
  }
  expect(() => log.commit(1)).toThrow(/1 bytes were committed to the spool, 0 were reserved/);
  await log.remove();
});

test('names the offsets when bytes are read that it does not hold', async () => {
  const { options } = await smallSpool({ startOffset: 500 });
  const log = await SpoolLog.create(options);
  appendKnown(log, 100);
  for (const offset of [499, 601]) {
    const failure = (() => {
      try {
        return log.read(offset, new Uint8Array(10), 0, 10);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(GodwitError);
    expect(failure).toMatchObject({ code: 'SPOOL_FAILED', message: `offset ${offset} is not in the stream spool, which holds 500 to 600` });
  }
  await log.close();
});

test('the stream stays off the disk while the consumer keeps up, and goes there whole once it is behind', async () => {
  const { options, dir } = await smallSpool({ mode: 'when-behind' });
  const log = await SpoolLog.create(options);
  for (let round = 0; round < 50; round++) {
    appendKnown(log, 5000);
    log.acknowledge(log.endOffset - 1000);
  }
  expect(await segmentNames(dir)).toEqual([]);
  appendKnown(log, 8000);
  await vi.waitFor(() => expect(log.status().writtenOffset).toBe(log.endOffset));
  expect(log.status().bytesOnDisk).toBeGreaterThanOrEqual(9000);
  await log.close();
});

test('acknowledged bytes that the retention wants are written before memory lets them go', async () => {
  const { options } = await smallSpool({ mode: 'when-behind', retain: { ms: 1e9, bytes: 60_000 } });
  const log = await SpoolLog.create(options);
  for (let round = 0; round < 100; round++) {
    if (log.congested) await log.whenRelieved();
    appendKnown(log, 2000);
    log.acknowledge(log.endOffset);
  }
  expect(log.startOffset).toBeLessThanOrEqual(140_000);
  expect(log.startOffset).toBeGreaterThan(90_000);
  await expectKnown(log, 140_000, 200_000);
  await log.close();
});

test('the retention drops by age, but only as acknowledgements come', async () => {
  const { options, clock } = await smallSpool({ mode: 'when-behind', retain: { ms: 60_000, bytes: 1e9 } });
  const log = await SpoolLog.create(options);
  appendKnown(log, 10_000);
  log.acknowledge(10_000);
  clock.advance(30_000);
  appendKnown(log, 10_000);
  log.acknowledge(20_000);
  await log.flush();
  clock.advance(1e7);
  await expectKnown(log, 0, 20_000);
  appendKnown(log, 1);
  log.acknowledge(20_001);
  expect(log.startOffset).toBeGreaterThan(10_000);
  await log.close();
});

test('deletes whole segments below the floor, and nothing above', async () => {
  const { options, dir, budget } = await smallSpool();
  const log = await SpoolLog.create(options);
  for (let round = 0; round < 25; round++) {
    if (log.congested) await log.whenRelieved();
    appendKnown(log, 4000);
  }
  await log.flush();
  expect(await segmentNames(dir)).toHaveLength(7);
  expect((await fs.stat(path.join(dir, 'stream-0000000000016384.seg'))).mode & 0o777).toBe(0o600);
  log.acknowledge(33_000);
  await vi.waitFor(async () => expect(await segmentNames(dir)).toHaveLength(5));
  expect(log.startOffset).toBe(32_768);
  await expectKnown(log, 33_000, 100_000);
  expect(budget.bytesOnDisk).toBe(100_000 - 32_768);
  log.acknowledge(100_000);
  await log.remove();
  expect(await segmentNames(dir)).toEqual([]);
});

test('a read from disk that was begun before its segment is deleted succeeds', async () => {
  const { options, dir } = await smallSpool();
  const log = await SpoolLog.create(options);
  for (let round = 0; round < 25; round++) {
    if (log.congested) await log.whenRelieved();
    appendKnown(log, 4000);
  }
  await log.flush();
  const out = new Uint8Array(4000);
  const reading = log.read(10, out, 0, 4000);
  log.acknowledge(100_000);
  expect(await reading).toBe(4000);
  expect(out[3999]).toBe(byteAt(4009));
  await vi.waitFor(async () => expect((await segmentNames(dir)).length).toBeLessThanOrEqual(3));
  await log.close();
});

test('memory that is being written is not reused, however far the acknowledgement is', async () => {
  const { options, files } = await smallSpool();
  const gate = new Deferred<void>();
  files.gate = gate.promise;
  const log = await SpoolLog.create(options);
  appendKnown(log, 9000);
  log.acknowledge(9000);
  for (let round = 0; round < 6; round++) appendKnown(log, 4000);
  log.acknowledge(20_000);
  expect(log.startOffset).toBe(0);
  gate.resolve();
  await log.flush();
  await log.close();
  const kept = await SpoolLog.adopt(options, [options.dir], 20_000);
  expect(kept.endOffset).toBe(33_000);
  await expectKnown(kept, kept.startOffset, 33_000);
  await kept.close();
});

test('a file stays until a slow read in it has ended', async () => {
  const { options, dir, files } = await smallSpool();
  const log = await SpoolLog.create(options);
  for (let round = 0; round < 25; round++) {
    if (log.congested) await log.whenRelieved();
    appendKnown(log, 4000);
  }
  await log.flush();
  const gate = new Deferred<void>();
  const { read } = files;
  files.read = async (...request) => {
    await gate.promise;
    return read(...request);
  };
  const out = new Uint8Array(4000);
  const reading = log.read(10, out, 0, 4000) as Promise<number>;
  log.acknowledge(50_000);
  await vi.waitFor(async () => expect((await segmentNames(dir))[1]).toBe('stream-0000000000049152.seg'));
  expect((await segmentNames(dir))[0]).toBe('stream-0000000000000000.seg');
  gate.resolve();
  expect(await reading).toBe(4000);
  expect(out).toEqual(bytesAt(10, 4000));
  await vi.waitFor(async () => expect((await segmentNames(dir))[0]).toBe('stream-0000000000049152.seg'));
  await log.close();
  expect(files.open).toBe(0);
});

test('after a step back everything above it is kept, though it was acknowledged long ago', async () => {
  const { options, clock } = await smallSpool({ mode: 'when-behind', retain: { ms: 1000, bytes: 1e9 } });
  const log = await SpoolLog.create(options);
  for (let round = 1; round <= 20; round++) {
    clock.advance(100);
    if (log.congested) await log.whenRelieved();
    appendKnown(log, 5000);
    log.acknowledge(log.endOffset);
  }
  await log.flush();
  log.acknowledge(60_000);
  clock.advance(5000);
  log.acknowledge(60_001);
  clock.advance(900);
  log.acknowledge(60_002);
  await expectKnown(log, 60_001, 100_000);
  expect(() => log.acknowledge(10)).toThrow(/offset 10 is not in the stream spool/);
  await log.close();
});

test('a step back to bytes that are only in memory keeps them when more comes than memory holds', async () => {
  const { options } = await smallSpool();
  const log = await SpoolLog.create(options);
  for (let round = 0; round < 6; round++) appendKnown(log, 4000);
  await log.flush();
  log.acknowledge(24_000);
  const { startOffset } = log;
  log.acknowledge(startOffset);
  for (let round = 0; round < 30; round++) {
    if (log.congested) await log.whenRelieved();
    appendKnown(log, 4000);
  }
  await expectKnown(log, startOffset, log.endOffset);
  await log.close();
});

test('a step back below the retention is not undone by the next acknowledgement', async () => {
  const { options } = await smallSpool({ mode: 'when-behind', segmentBytes: 4096, retain: { ms: 1e9, bytes: 5000 } });
  const log = await SpoolLog.create(options);
  for (let round = 0; round < 6; round++) appendKnown(log, 2000);
  log.acknowledge(12_000);
  const { startOffset } = log;
  expect(startOffset).toBeLessThan(6000);
  log.acknowledge(startOffset);
  for (let round = 0; round < 30; round++) {
    if (log.congested) await log.whenRelieved();
    appendKnown(log, 4000);
  }
  log.acknowledge(startOffset + 1);
  await expectKnown(log, startOffset + 1, log.endOffset);
  await log.close();
});

test('bytes appended behind a reservation void it', async () => {
  const { options } = await smallSpool();
  const log = await SpoolLog.create(options);
  log.reserve();
  appendKnown(log, 10);
  expect(() => log.commit(5)).toThrow(/0 were reserved/);
  expect(receiveKnown(log, 5)).toBe(5);
  await expectKnown(log, 0, 15);
  await log.close();
});

test('flush() ends too when its bytes are acknowledged instead of written', async () => {
  const { options, files } = await smallSpool();
  files.bytesRoom = 0;
  const log = await SpoolLog.create(options);
  appendKnown(log, 4096);
  const flushed = log.flush();
  await vi.waitFor(() => expect(log.status().diskFull).toBe(true));
  appendKnown(log, 4096);
  log.acknowledge(8192);
  await flushed;
  await log.close();
});

test('keeps a handful of files open however many segments are read', async () => {
  const { options, files } = await smallSpool({ segmentBytes: 4096 });
  const log = await SpoolLog.create(options);
  for (let round = 0; round < 60; round++) {
    if (log.congested) await log.whenRelieved();
    appendKnown(log, 4000);
  }
  await log.flush();
  await expectKnown(log, 0, 240_000);
  await vi.waitFor(() => expect(files.open).toBeLessThanOrEqual(8));
  await log.close();
  expect(files.open).toBe(0);
});

test('wakes those who wait for bytes, in both senses', async () => {
  const { options } = await smallSpool();
  const log = await SpoolLog.create(options);
  const order: string[] = [];
  const first = log.waitBeyond(0).then(() => order.push('first'));
  const second = log.waitBeyond(10).then(() => order.push('second'));
  appendKnown(log, 10);
  await first;
  expect(order).toEqual(['first']);
  appendKnown(log, 1);
  await second;
  await log.waitBeyond(5);
  const failed = log.waitBeyond(11);
  log.fail(new GodwitError('CONNECTION_LOST', 'gone'));
  await expect(failed).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  await expect(log.waitBeyond(11)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  await expectKnown(log, 0, 11);
  await log.close();
});

test('who reads a log that was given up and removed is told why it was given up', async () => {
  const { options } = await smallSpool();
  const log = await SpoolLog.create(options);
  appendKnown(log, 100);
  log.fail(new GodwitError('POSITION_LOST', 'a new full sync has begun', { retryable: true }));
  await log.remove();
  expect(() => log.read(0, new Uint8Array(10), 0, 10)).toThrow('a new full sync has begun');
  await expect(log.waitBeyond(100)).rejects.toMatchObject({ code: 'POSITION_LOST' });
});

test('finish() puts the snapshot on disk, and who waits for more learns that there is none', async () => {
  const { options, dir } = await smallSpool({ name: 'rdb' });
  const log = await SpoolLog.create(options);
  appendKnown(log, 10_001);
  const waiting = log.waitBeyond(10_001);
  await log.finish();
  expect(log.finished).toBe(true);
  expect((await fs.stat(path.join(dir, 'rdb-0000000000000000.seg'))).size).toBe(10_001);
  await expect(waiting).rejects.toMatchObject({ code: 'RDB_CORRUPT' });
  await expect(log.waitBeyond(10_001)).rejects.toMatchObject({ code: 'RDB_CORRUPT' });
  await log.waitBeyond(10_000);
  expect(() => appendKnown(log, 1)).toThrow(/after its end/);
  log.acknowledge(10_001);
  await log.close();
});

test('a slow disk makes the log congested, memory stays bounded, and it is relieved when the disk comes along', async () => {
  const { options, files } = await smallSpool();
  const gate = new Deferred<void>();
  files.gate = gate.promise;
  const log = await SpoolLog.create(options);
  while (!log.congested) receiveKnown(log, 1000);
  expect(log.status().bytesInMemory).toBe(8 * 4096);
  log.reserve();
  expect(log.status().bytesInMemory).toBe(9 * 4096);
  receiveKnown(log, 100);
  log.acknowledge(0);
  expect(log.congested).toBe(true);
  let relieved = false;
  const relief = log.whenRelieved().then(() => {
    relieved = true;
  });
  await new Promise((done) => setImmediate(done));
  expect(relieved).toBe(false);
  gate.resolve();
  await relief;
  expect(log.congested).toBe(false);
  await expectKnown(log, 0, log.endOffset);
  await log.close();
});

test('close() ends those who wait, and keeps the files; remove() deletes them', async () => {
  const { options, dir, files } = await smallSpool();
  const log = await SpoolLog.create(options);
  appendKnown(log, 5000);
  await log.flush();
  const waiting = log.waitBeyond(5000);
  await log.close();
  await expect(waiting).rejects.toMatchObject({ code: 'SPOOL_FAILED' });
  expect(() => log.read(0, new Uint8Array(1), 0, 1)).toThrow(/closed/);
  expect(await segmentNames(dir)).toHaveLength(1);
  expect(files.open).toBe(0);
  const again = await SpoolLog.create({ ...options, startOffset: 77 });
  expect(await segmentNames(dir)).toEqual([]);
  appendKnown(again, 5000);
  await again.flush();
  await again.remove();
  expect(await segmentNames(dir)).toEqual([]);
});

test('a disk that fails for another reason than space ends the log with its error', async () => {
  const { options, files } = await smallSpool();
  const log = await SpoolLog.create(options);
  const gate = new Deferred<void>();
  files.gate = gate.promise;
  gate.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
  const waiting = log.waitBeyond(9000);
  appendKnown(log, 9000);
  await expect(waiting).rejects.toMatchObject({ code: 'SPOOL_FAILED' });
  expect(() => appendKnown(log, 1)).toThrow(/cannot be written: EIO/);
  await log.close();
});

test('says which folder it cannot use', async () => {
  const { options, dir } = await smallSpool();
  await fs.writeFile(dir, 'a file');
  await expect(SpoolLog.create(options)).rejects.toMatchObject({ code: 'SPOOL_FAILED', message: expect.stringContaining(dir) });
});
