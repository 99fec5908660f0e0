import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SpoolLog } from '../../../src/source/replica/spool/spool-log.ts';
import { appendKnown, type Bench, bytesAt, expectKnown, receiveKnown, smallSpool } from './spool-fixture.ts';

type Step =
  | { readonly kind: 'append' | 'receive'; readonly bytes: number }
  | { readonly kind: 'acknowledge' | 'rewind' | 'read' | 'race'; readonly part: number }
  | { readonly kind: 'flush' | 'settle' };

const part = fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), bytes: fc.integer({ min: 0, max: 9000 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('receive' as const), bytes: fc.integer({ min: 0, max: 4096 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), part }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rewind' as const), part }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('read' as const, 'race' as const), part }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'settle' as const, 'settle' as const) }) },
);
const settings = fc.record({
  mode: fc.constantFrom('always' as const, 'when-behind' as const),
  retainBytes: fc.constantFrom(0, 5000, 40_000, Number.POSITIVE_INFINITY),
  writeBytesMax: fc.constantFrom(700, 5000, Number.POSITIVE_INFINITY),
  failEvery: fc.constantFrom(0, 0, 3),
  slowTurns: fc.constantFrom(0, 0, 5),
  startOffset: fc.constantFrom(0, 7_000_000_000_123),
});

/** Lets time pass until the promise is settled, so that retries after ENOSPC happen. */
async function whileTimePasses(bench: Bench, promise: Promise<unknown>): Promise<void> {
  let done = false;
  const settled = promise.finally(() => {
    done = true;
  });
  settled.catch(() => undefined);
  const startedAt = Date.now();
  while (!done) {
    if (Date.now() - startedAt > 5000) throw new Error('it waits for ever');
    bench.clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await settled;
}

interface Model {
  acknowledged: number;
  /** Everything from here on must be readable. */
  floor: number;
}

async function take(step: Step, log: SpoolLog, bench: Bench, model: Model): Promise<void> {
  switch (step.kind) {
    case 'append':
      appendKnown(log, step.bytes);
      break;
    case 'receive':
      receiveKnown(log, step.bytes);
      break;
    case 'acknowledge':
      model.acknowledged += Math.floor((log.endOffset - model.acknowledged) * step.part);
      model.floor = Math.max(model.floor, bench.files.failEvery > 0 ? model.acknowledged : model.acknowledged - bench.options.retain!.bytes);
      log.acknowledge(model.acknowledged);
      break;
    case 'rewind':
      model.acknowledged = model.floor + Math.floor((model.acknowledged - model.floor) * step.part);
      log.acknowledge(model.acknowledged);
      break;
    case 'read': {
      const from = model.floor + Math.floor((log.endOffset - model.floor) * step.part);
      await expectKnown(log, from, Math.min(log.endOffset, from + 20_000));
      break;
    }
    case 'race': {
      // A read that has begun is answered rightly although its bytes are acknowledged and more come meanwhile.
      const from = model.floor + Math.floor((log.endOffset - model.floor) * step.part);
      const out = new Uint8Array(1000);
      const count = log.read(from, out, 0, 1000);
      if (!log.congested) appendKnown(log, 5000);
      model.acknowledged = Math.max(model.acknowledged, Math.min(from, log.endOffset));
      model.floor = Math.max(model.floor, bench.files.failEvery > 0 ? model.acknowledged : model.acknowledged - bench.options.retain!.bytes);
      log.acknowledge(model.acknowledged);
      expect(out.subarray(0, await count)).toEqual(bytesAt(from, await count));
      break;
    }
    case 'flush':
      await whileTimePasses(bench, log.flush());
      break;
    case 'settle':
      await new Promise((resolve) => setImmediate(resolve));
  }
}

test('whatever is appended, acknowledged, rewound, evicted and written: what is held is what came', async () => {
  await fc.assert(
    fc.asyncProperty(settings, fc.array(step, { minLength: 5, maxLength: 150, size: 'max' }), async ({ mode, retainBytes, startOffset, ...faults }, steps) => {
      const bench = await smallSpool({ mode, startOffset, retain: { ms: 1e15, bytes: retainBytes } });
      Object.assign(bench.files, faults);
      const log = await SpoolLog.create(bench.options);
      const model: Model = { acknowledged: startOffset, floor: startOffset };
      for (const each of steps) {
        if (log.congested) await whileTimePasses(bench, log.whenRelieved());
        await take(each, log, bench, model);
        const { bytesInMemory } = log.status();
        expect(bytesInMemory).toBeLessThanOrEqual((8 + 4 + 4) * 4096);
        expect(log.startOffset).toBeLessThanOrEqual(model.floor);
      }
      await expectKnown(log, model.floor, log.endOffset);
      await log.remove();
      expect(bench.files.open).toBe(0);
      expect(bench.budget.bytesOnDisk).toBe(0);
    }),
    { numRuns: 120 },
  );
}, 60_000);
