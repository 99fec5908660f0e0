import { expect, test, vi } from 'vitest';
import { SpoolLog } from '../../../src/source/replica/spool/spool-log.ts';
import { appendKnown, expectKnown, receiveKnown, segmentNames, smallSpool } from './spool-fixture.ts';

test('a full disk stops the receiver, not the log; when space is back all goes on and nothing is lost', async () => {
  const { options, files, clock, reports } = await smallSpool();
  files.bytesRoom = 20_000;
  const log = await SpoolLog.create(options);
  while (!log.status().diskFull || !log.congested) {
    if (log.congested) await new Promise((done) => setImmediate(done));
    else receiveKnown(log, 1000);
  }
  expect(reports).toMatchObject([{ full: true, reason: 'disk' }]);
  const { writes } = files;
  clock.advance(1000);
  await vi.waitFor(() => expect(files.writes).toBe(writes + 1));
  await expectKnown(log, 0, log.endOffset);
  files.bytesRoom = Number.POSITIVE_INFINITY;
  const relieved = log.whenRelieved();
  clock.advance(1000);
  await relieved;
  expect(log.status().diskFull).toBe(false);
  expect(reports).toHaveLength(1);
  clock.advance(2500);
  expect(reports).toMatchObject([{ full: true }, { full: false }]);
  appendKnown(log, 30_000);
  await log.flush();
  await expectKnown(log, 0, log.endOffset);
  await log.close();
});

test('with the disk full, a stream whose consumer keeps up flows on, at the cost of the retention', async () => {
  const { options, files } = await smallSpool({ mode: 'when-behind', retain: { ms: 1e9, bytes: 1e9 } });
  files.bytesRoom = 0;
  const log = await SpoolLog.create(options);
  for (let round = 0; round < 200; round++) {
    if (log.congested) await log.whenRelieved();
    appendKnown(log, 2000);
    log.acknowledge(log.endOffset - 500);
  }
  expect(log.startOffset).toBeGreaterThan(300_000);
  await expectKnown(log, log.endOffset - 500, log.endOffset);
  await log.close();
});

test('with the disk full, acknowledged segments are deleted although the retention wants them, and make room', async () => {
  const { options, files, dir, clock } = await smallSpool({ retain: { ms: 1e9, bytes: 1e9 } });
  files.bytesRoom = 60_000;
  const { unlink } = files;
  files.unlink = async (file) => {
    await unlink(file);
    files.bytesRoom += 16_384;
  };
  const log = await SpoolLog.create(options);
  while (!log.status().diskFull || !log.congested) {
    if (log.congested) await new Promise((done) => setImmediate(done));
    else receiveKnown(log, 1000);
  }
  log.acknowledge(40_000);
  clock.advance(1000);
  await vi.waitFor(() => expect(log.congested).toBe(false));
  expect((await segmentNames(dir))[0]).toBe('stream-0000000000032768.seg');
  await expectKnown(log, 40_000, log.endOffset);
  await log.close();
});

test('a disk that others keep full is reported once, however often a little goes on it', async () => {
  const { options, files, clock, reports } = await smallSpool();
  files.bytesRoom = 0;
  const log = await SpoolLog.create(options);
  appendKnown(log, 9000);
  for (let round = 0; round < 5; round++) {
    await vi.waitFor(() => expect(log.status().diskFull).toBe(true));
    files.bytesRoom = 9000;
    clock.advance(1000);
    await vi.waitFor(() => expect(log.status().diskFull).toBe(false));
    appendKnown(log, 9000);
  }
  await vi.waitFor(() => expect(log.status().diskFull).toBe(true));
  clock.advance(60_000);
  expect(reports).toMatchObject([{ full: true, reason: 'disk' }]);
  await log.close();
});

test('the spool of a snapshot larger than its bound lives on what is acknowledged, and does not report each turn', async () => {
  const maxBytes = 64 * 1024;
  const { options, budget, reports, dir, clock } = await smallSpool({ name: 'rdb', retain: { ms: 1e9, bytes: 1e9 } }, maxBytes);
  const log = await SpoolLog.create(options);
  let stalls = 0;
  for (let acknowledged = 0; acknowledged < 1_000_000;) {
    while (!log.congested && log.endOffset < 1_000_000) receiveKnown(log, 1000);
    await new Promise((done) => setImmediate(done));
    if (log.endOffset < 1_000_000 && !log.status().diskFull) continue;
    stalls++;
    await expectKnown(log, acknowledged, Math.min(acknowledged + 10_000, log.endOffset));
    acknowledged = Math.min(acknowledged + 10_000, log.endOffset);
    log.acknowledge(acknowledged);
    expect(budget.bytesOnDisk).toBeLessThanOrEqual(maxBytes);
    clock.advance(1000);
  }
  expect(stalls).toBeGreaterThan(50);
  expect(reports.length).toBeLessThan(stalls / 10);
  await log.remove();
  expect(await segmentNames(dir)).toEqual([]);
  expect(budget.bytesOnDisk).toBe(0);
});

test('without a bound the spool leaves 1 GiB of the disk free, and sees when more comes free', async () => {
  const { options, files, budget, clock, reports } = await smallSpool();
  files.freeBytesNow = 1024 ** 3 + 10_000;
  const log = await SpoolLog.create(options);
  expect(budget.bytesMax).toBe(10_000);
  appendKnown(log, 9000);
  await log.flush();
  appendKnown(log, 9000);
  await vi.waitFor(() => expect(reports).toMatchObject([{ full: true, reason: 'limit' }]));
  files.freeBytesNow = 1e12;
  const flushed = log.flush();
  clock.advance(1000);
  await flushed;
  await vi.waitFor(() => expect(reports).toMatchObject([{ full: true }, { full: false }]));
  await expectKnown(log, 0, 18_000);
  await log.close();
});

test('a disk that is full from the start is tried once a second, not more', async () => {
  const { options, files, clock } = await smallSpool();
  files.bytesRoom = 0;
  const log = await SpoolLog.create(options);
  appendKnown(log, 9000);
  await vi.waitFor(() => expect(log.status().diskFull).toBe(true));
  await new Promise((done) => setTimeout(done, 20));
  expect(files.writes).toBe(1);
  files.bytesRoom = Number.POSITIVE_INFINITY;
  const flushed = log.flush();
  clock.advance(1000);
  await flushed;
  await expectKnown(log, 0, 9000);
  await log.close();
});

test('close() does not wait for a full disk', async () => {
  const { options, files } = await smallSpool();
  files.bytesRoom = 0;
  const log = await SpoolLog.create(options);
  appendKnown(log, 9000);
  const flushed = log.flush();
  await vi.waitFor(() => expect(log.status().diskFull).toBe(true));
  await log.close();
  await expect(flushed).rejects.toMatchObject({ code: 'SPOOL_FAILED' });
});
