import fs from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { SpoolLog } from '../../../src/source/replica/spool/spool-log.ts';
import { appendKnown, bytesAt, expectKnown, receiveKnown, segmentNames, smallSpool, temporaryFolder } from './spool-fixture.ts';

async function writeSegment(dir: string, start: number, bytes: number, name = 'stream'): Promise<void> {
  await fs.mkdir(dir, { recursive: true });
  await fs.writeFile(path.join(dir, `${name}-${String(start).padStart(16, '0')}.seg`), bytesAt(start, bytes));
}

/** Copies as a kill would leave it: what the system has of each file at the moment that it is looked at. */
async function copyRun(from: string, to: string): Promise<void> {
  await fs.mkdir(to, { recursive: true });
  for (const name of await fs.readdir(from)) {
    const bytes = await fs.readFile(path.join(from, name)).catch(() => null);
    if (bytes !== null) await fs.writeFile(path.join(to, name), bytes);
  }
}

test('adopts the files of older runs in place, appends to a file of its own, and deletes theirs when acknowledged', async () => {
  const base = await temporaryFolder();
  const [one, two, three] = ['1', '2', '3'].map((epoch) => path.join(base, epoch));
  await writeSegment(one, 1000, 5000);
  await writeSegment(one, 6000, 700);
  await writeSegment(one, 6000, 300, 'rdb');
  await writeSegment(two, 6700, 2000);
  const { options, budget } = await smallSpool({ dir: three, retain: { ms: 1e9, bytes: 5600 } });
  const log = await SpoolLog.adopt(options, [two, one], 6500);
  expect([log.startOffset, log.endOffset]).toEqual([1000, 8700]);
  expect(log.adoptedDirs.sort()).toEqual([one, two]);
  appendKnown(log, 20_000);
  await log.flush();
  expect((await segmentNames(three))[0]).toBe('stream-0000000000008700.seg');
  expect(await fs.readFile(path.join(two, 'stream-0000000000006700.seg'))).toHaveLength(2000);
  await expectKnown(log, 6500, 28_700);
  log.acknowledge(28_700);
  expect(log.adoptedDirs).toEqual([]);
  await vi.waitFor(async () => expect([...(await fs.readdir(one)), ...(await fs.readdir(two))]).toEqual(['rdb-0000000000006000.seg']));
  await log.remove();
  expect(budget.bytesOnDisk).toBe(0);
});

test('takes the contiguous run that covers the wanted offset when there are gaps', async () => {
  const old = path.join(await temporaryFolder(), '1');
  await writeSegment(old, 0, 1000);
  await writeSegment(old, 2000, 1000);
  await writeSegment(old, 3000, 0);
  await writeSegment(old, 3000, 500);
  await writeSegment(old, 9000, 100);
  const held = async (wanted: number): Promise<number[]> => {
    const { options } = await smallSpool({ retain: { ms: 1e9, bytes: 1e9 } });
    const log = await SpoolLog.adopt(options, [old, path.join(old, 'absent')], wanted);
    const range = [log.startOffset, log.endOffset];
    await expectKnown(log, range[0], range[1]);
    await log.close();
    return range;
  };
  expect(await held(2500)).toEqual([2000, 3500]);
  expect(await held(3500)).toEqual([2000, 3500]);
  expect(await held(0)).toEqual([0, 1000]);
  expect(await held(1000)).toEqual([0, 1000]);
  expect(await held(1500)).toEqual([1500, 1500]);
  expect(await held(3501)).toEqual([3501, 3501]);
});

test('files of two runs that overlap are joined', async () => {
  const base = await temporaryFolder();
  const [one, two] = [path.join(base, '1'), path.join(base, '2')];
  await writeSegment(one, 0, 5000);
  await writeSegment(one, 5000, 5000);
  await writeSegment(two, 4000, 3000);
  await writeSegment(two, 4000, 3000, 'rdb');
  await writeSegment(two, 7000, 9000);
  await writeSegment(two, 7500, 10);
  const { options } = await smallSpool({ retain: { ms: 1e9, bytes: 11_000 } });
  const log = await SpoolLog.adopt(options, [two, one], 100);
  expect([log.startOffset, log.endOffset]).toEqual([0, 16_000]);
  await expectKnown(log, 0, 16_000);
  expect(log.status().segments).toBe(4);
  log.acknowledge(16_000);
  expect(log.startOffset).toBe(5000);
  await log.close();
});

test('adopts what an earlier attempt of the same run left in its own folder, and clears what does not fit', async () => {
  const own = path.join(await temporaryFolder(), '1');
  await writeSegment(own, 0, 3000);
  await writeSegment(own, 9000, 100);
  const { options } = await smallSpool({ dir: own, retain: { ms: 1e9, bytes: 1e9 } });
  const log = await SpoolLog.adopt(options, [`${own}/../1`], 3000);
  expect([log.startOffset, log.endOffset]).toEqual([0, 3000]);
  expect(log.adoptedDirs).toEqual([]);
  appendKnown(log, 9000);
  await log.flush();
  await expectKnown(log, 0, 12_000);
  await log.close();
});

test('an empty file at the wanted offset is no obstacle', async () => {
  const own = path.join(await temporaryFolder(), '1');
  await writeSegment(own, 3000, 0);
  const { options } = await smallSpool({ dir: own, retain: { ms: 1e9, bytes: 1e9 } });
  const log = await SpoolLog.adopt(options, [own], 3000);
  appendKnown(log, 5000);
  await log.flush();
  await expectKnown(log, 3000, 8000);
  await log.close();
});

test('a kill loses at most the spill threshold of the stream', async () => {
  const { options, dir } = await smallSpool({ mode: 'when-behind' });
  const log = await SpoolLog.create(options);
  for (let round = 0; round < 30; round++) {
    receiveKnown(log, 3000);
    await vi.waitFor(() => expect(log.endOffset - log.status().writtenOffset).toBeLessThanOrEqual(8192));
    const copy = path.join(await temporaryFolder(), '1');
    await copyRun(dir, copy);
    const found = await SpoolLog.adopt({ ...options, dir: `${copy}-next` }, [copy], 0);
    expect(found.endOffset).toBeGreaterThanOrEqual(log.endOffset - 8192);
    await expectKnown(found, 0, found.endOffset);
    await found.close();
  }
  await log.close();
});

test('killed at random moments, again and again, it goes on with a correct prefix that reaches back to the mark', async () => {
  const kinds = fc.constantFrom('append' as const, 'acknowledge' as const, 'breathe' as const);
  const lives = fc.array(fc.array(fc.tuple(kinds, fc.integer({ min: 1, max: 6000 })), { minLength: 1, maxLength: 40, size: 'max' }), {
    minLength: 2,
    maxLength: 5,
    size: 'max',
  });
  await fc.assert(
    fc.asyncProperty(lives, fc.constantFrom('always' as const, 'when-behind' as const), async (runs, mode) => {
      const base = await temporaryFolder();
      let mark = 0;
      for (const [index, steps] of runs.entries()) {
        const dirs = Array.from({ length: index }, (_, epoch) => path.join(base, String(epoch)));
        const { options } = await smallSpool({ dir: path.join(base, `${index}.living`), mode, retain: { ms: 1e15, bytes: 20_000 } });
        const log = await SpoolLog.adopt(options, dirs, mark);
        expect(log.startOffset).toBeLessThanOrEqual(mark);
        expect(log.endOffset).toBeGreaterThanOrEqual(mark);
        await expectKnown(log, mark, log.endOffset);
        let killed: Promise<void> = Promise.resolve();
        for (const [step, [kind, amount]] of steps.entries()) {
          if (log.congested) await log.whenRelieved();
          if (kind === 'append') appendKnown(log, amount);
          else if (kind === 'breathe') await new Promise((resolve) => setTimeout(resolve, amount % 2));
          // The mark only counts while the process lives; what it does after the copy has begun is lost with it.
          else if (step <= steps.length / 2) log.acknowledge((mark = Math.min(log.endOffset, mark + amount)));
          if (step === Math.floor(steps.length / 2)) killed = copyRun(options.dir, path.join(base, String(index)));
        }
        await killed;
        await log.close();
      }
    }),
    { numRuns: 40 },
  );
}, 60_000);
