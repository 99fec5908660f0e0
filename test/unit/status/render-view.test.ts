import { describe, expect, test } from 'vitest';
import type { JobEvent } from '../../../src/observe/job-api.ts';
import { showBytes, showCount, showDuration, showPercent } from '../../../src/status/format-quantity.ts';
import { renderView } from '../../../src/status/render-view.ts';
import { exampleConnection, examplePipeline, exampleStatus, STARTED_AT } from './example-status.ts';

const NOW = STARTED_AT + 14_000;
const EVENT: JobEvent = { at: NOW - 1000, level: 'warn', kind: 'connection.lost', message: 'target data: closed, \u001b[2Jconnecting\nagain', details: {} };

const render = (over: Parameters<typeof exampleStatus>[0] = {}, width = 80): string =>
  renderView(exampleStatus(over), { width, color: false, now: NOW, events: [EVENT] });

describe('the live view', () => {
  test('says that the job is paused', () => {
    expect(render({ paused: true }).split('\n')[0]).toBe('godwit 0.1.0  full-sync for 12 s  paused  job 10.0.0.1-6379-to-10.0.0.2-6379');
  });

  test('shows phase, progress, speed, lag, spool and every connection at 80 columns', () => {
    expect(render().split('\n')).toEqual([
      'godwit 0.1.0  full-sync for 12 s  job 10.0.0.1-6379-to-10.0.0.2-6379',
      'source     10.0.0.1:6379  Redis 7.0.15',
      'target     10.0.0.2:6379  Valkey 8.1.0',
      'full sync  [###########.............] 48.1 %  34 s left  1.2 GiB of 2.5 GiB',
      'keys       1,234,567 applied  12 skipped  83,210 keys/s  61.3 MB/s',
      'changes    42 commands applied  1,500 commands/s',
      'lag        54 B  4 ms  offset 12345 of 12399',
      'spool      12.0 MiB of 10.0 GiB on disk  1.0 MiB in memory  disk 80.0 GiB free',
      'connection target data  ready 13 s  reconnects 2',
      "           keepalive 640 ms (node's timeout 2 s)  round trip 0.3 ms  unanswered",
      'connection source replication  streaming 13 s',
      '           keepalive 1 s (replica link)',
      'losses     0 left out  1 degraded  "h": lost',
      '03:04:18Z  target data: closed,  [2Jconnecting again',
    ]);
  });

  test('puts a connection on one line of a wide terminal, with its reconnects', () => {
    expect(render({}, 160)).toContain(
      "connection target data  ready 13 s  reconnects 2  keepalive 640 ms (node's timeout 2 s)  round trip 0.3 ms  unanswered 1,024",
    );
  });

  test('says why a connection that is not ready is not', () => {
    const text = render({ connections: [exampleConnection({ state: 'backing-off', pingsLost: 1, keepaliveReason: 'config-forbidden' })] }, 160);
    expect(text).toContain('backing-off 13 s  reconnects 2  pings lost 1  keepalive 640 ms (timeout unknown: CONFIG forbidden)');
    expect(text).toContain('CONNECTION_LOST: closed by the other side');
  });

  test('does without what is not known: a diskless snapshot, no lag, no disk', () => {
    const { fullSync, spool } = exampleStatus();
    const text = render({
      fullSync: { ...fullSync, bytesTotal: -1, progress: -1, timeLeftMs: -1 },
      lagBytes: -1,
      lagMs: -1,
      spool: { ...spool, bytesMax: 0, diskFreeBytes: -1 },
    });
    expect(text).toContain('full sync  1.2 GiB applied  1.5 GiB received  size unknown');
    expect(text).toContain('lag        -  -');
    expect(text).not.toMatch(/NaN|undefined| -1/);
  });

  test("says that it waits for the source's snapshot, instead of counting nothing", () => {
    const { fullSync } = examplePipeline();
    const waiting = examplePipeline({ fullSync: { ...fullSync, bytesReceived: 0, waitsFor: 'snapshot' } });
    const none = { ...exampleStatus().fullSync, bytesTotal: -1, bytesReceived: 0, bytesApplied: 0, progress: -1 };
    expect(render({ fullSync: none, pipelines: [waiting] })).toContain("full sync  waiting for the source's snapshot");
    expect(render({ fullSync: none })).toContain('full sync  0 B applied');
  });

  test('has a line for each of several shards, and of their connections only those that are not well', () => {
    const { fullSync } = examplePipeline();
    const shard = (n: number): ReturnType<typeof examplePipeline> =>
      examplePipeline({ name: `${n}`, source: { address: `10.0.1.${n}:6379`, server: '' }, lagBytes: n, phase: n > 2 ? 'incremental-sync' : 'full-sync' });
    const waits = { ...shard(1), fullSync: { ...fullSync, bytesReceived: 0, waitsFor: 'turn' as const } };
    const bad = exampleConnection({ state: 'backing-off', address: '10.0.1.2:6379' });
    const lines = render({ pipelines: [waits, shard(2), shard(3)], connections: [exampleConnection(), bad] }, 100).split('\n');
    expect(lines.filter((line) => line.startsWith('shard'))).toEqual([
      'shard      10.0.1.1:6379  streaming  waiting for its turn',
      'shard      10.0.1.2:6379  streaming  full sync 48.1 %',
      'shard      10.0.1.3:6379  streaming  lag 3 B',
    ]);
    expect(lines).toContain('connection 1 of 2 as they should be');
    expect(lines.filter((line) => line.startsWith('connection target data'))).toHaveLength(1);
    const many = render({ pipelines: Array.from({ length: 40 }, (_, n) => shard(n)) }, 100).split('\n');
    expect(many.filter((line) => line.startsWith('shard'))).toHaveLength(12);
    expect(many.find((line) => line.startsWith('shard'))).toContain('10.0.1.39:6379');
    expect(many.join('\n')).toContain('and 28 more');
  });

  test('has no line of losses while there are none', () => {
    expect(render({ conversion: { encoded: 9, degraded: 0, skipped: 0, first: [], report: '' } })).not.toContain('losses');
  });

  test('counts errors once there are any', () => {
    expect(render()).not.toContain('retried');
    expect(render({ errors: { retried: 3, deadLetters: 1, last: { code: 'TARGET_REFUSED', message: 'WRONGTYPE', at: NOW } } })).toContain(
      'errors     3 retried  1 dead letters  last TARGET_REFUSED: WRONGTYPE',
    );
  });

  test.each([1, 10, 37, 80, 119, 120, 300])('no line is wider than a terminal of %i columns, in colour too', (width) => {
    const wide = exampleStatus({ target: { address: '漢字.example:1', server: '\u0007x' } });
    for (const color of [false, true]) {
      const text = renderView(wide, { width, color, now: NOW, events: [EVENT] });
      const plain = text.replace(/\u001b\[[0-9;]*m/g, '');
      for (const line of plain.split('\n')) expect(Array.from(line).reduce((sum, char) => sum + (char > '\u2e80' ? 2 : 1), 0)).toBeLessThanOrEqual(width);
      expect(plain).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
      if (color && width > 20) expect(text).toContain('\u001b[');
    }
  });

  test('never takes more lines than the terminal has', () => {
    expect(renderView(exampleStatus(), { width: 80, color: false, height: 4, now: NOW }).split('\n')).toHaveLength(4);
  });
});

test('quantities are rounded with their unit, and unknown is a dash', () => {
  expect([0, 512, 1024, 1023.96 * 1024, 1536 * 1024 ** 2, -1, Number.NaN].map(showBytes)).toEqual(['0 B', '512 B', '1.0 KiB', '1.0 MiB', '1.5 GiB', '-', '-']);
  expect([0, 0.42, 85, 999.7, 1200, 59_960, 185_000, 7_800_000, 356_400_000, -1].map(showDuration)).toEqual([
    '0 ms',
    '0.4 ms',
    '85 ms',
    '1 s',
    '1.2 s',
    '1m 00s',
    '3m 05s',
    '2h 10m',
    '4d 3h',
    '-',
  ]);
  expect([0, 999, 1000, 1_234_567, -1].map(showCount)).toEqual(['0', '999', '1,000', '1,234,567', '-']);
  expect([0, 0.4819, 0.9999, 1, -1].map(showPercent)).toEqual(['0.0 %', '48.1 %', '99.9 %', '100 %', '-']);
});
