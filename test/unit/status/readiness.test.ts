import { describe, expect, test } from 'vitest';
import type { JobPhase, JobStatus } from '../../../src/observe/job-status.ts';
import { readiness } from '../../../src/status/readiness.ts';
import { exampleConnection, exampleStatus, STARTED_AT } from './example-status.ts';

const troublesOf = (over: Partial<JobStatus>): readonly string[] => readiness(exampleStatus(over)).troubles;

describe('a job', () => {
  test.each<[JobPhase, boolean]>([
    ['created', false],
    ['planning', false],
    ['loading', true],
    ['full-sync', true],
    ['incremental-sync', true],
    ['draining', false],
    ['stopped', false],
    ['failed', false],
  ])('in the phase %s: ready is %s', (phase, ready) => {
    expect(readiness(exampleStatus({ phase }))).toEqual({ ready, phase, troubles: ready ? [] : [`the phase is ${phase}`] });
  });

  test.each(['idle', 'ready', 'requesting-sync', 'waiting-for-rdb', 'receiving-rdb', 'streaming', 'closed'])(
    'is ready with a connection that is %s',
    (state) => {
      expect(troublesOf({ connections: [exampleConnection({ state })] })).toEqual([]);
    },
  );

  test.each(['connecting', 'handshaking', 'backing-off'])('is not with one that is %s', (state) => {
    expect(troublesOf({ connections: [exampleConnection(), exampleConnection({ role: 'source control', state, lastError: null })] })).toEqual([
      `source control 10.0.0.2:6379 is ${state}`,
    ]);
  });

  test.each([
    ['limit', 'the spool /var/lib/godwit is full'],
    ['disk', 'the disk of the spool /var/lib/godwit is full'],
  ] as const)('is not with a spool that is full by its %s', (full, words) => {
    expect(troublesOf({ spool: { ...exampleStatus().spool, full } })).toEqual([words]);
  });

  test('is not while the target takes no writes, until a mark is confirmed later', () => {
    const last = { code: 'TARGET_NOT_READY', message: 'target data 10.0.0.2:6379: OOM', at: STARTED_AT + 6000 };
    const errors = { retried: 1, deadLetters: 0, last };
    expect(troublesOf({ errors })).toEqual(['target data 10.0.0.2:6379: OOM']);
    expect(troublesOf({ errors, checkpoint: { epoch: 3, offset: 1, at: STARTED_AT + 6001 } })).toEqual([]);
    expect(troublesOf({ errors: { ...errors, last: { ...last, code: 'CONNECTION_LOST' } } })).toEqual([]);
  });
});
