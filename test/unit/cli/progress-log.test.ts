import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startProgressLog } from '../../../src/cli/progress-log.ts';
import type { Logger } from '../../../src/observe/log.ts';
import { exampleStatus } from '../status/example-status.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([
  [1000, 10],
  [5000, 2],
  [0, 0],
])('every %i ms a line of progress: %i in ten seconds, and then none', (intervalMs, lines) => {
  const info = vi.fn();
  const end = startProgressLog({ info } as unknown as Logger, () => exampleStatus({ phase: 'full-sync' }), intervalMs);
  vi.advanceTimersByTime(10_000);
  // Without lines the process has to be kept alive as well.
  expect(vi.getTimerCount()).toBe(1);
  end();
  vi.advanceTimersByTime(10_000);
  expect(info).toHaveBeenCalledTimes(lines);
  expect(vi.getTimerCount()).toBe(0);
});
