import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Loss, LossReport } from '../../../src/target/loss-report.ts';

const folder = mkdtempSync(join(tmpdir(), 'godwit-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

const loss = (key: Uint8Array | string | null, over: Partial<Loss> = {}): Loss => ({
  outcome: 'degraded',
  database: 0,
  key: key === null ? null : Buffer.from(key),
  type: 'hash',
  reason: 'why',
  offset: 7,
  ...over,
});
const linesOf = (file: string): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the file', () => {
  test('names each loss in a line, keys that are no text in base64', () => {
    const report = new LossReport(join(folder, 'report.jsonl'));
    report.add(loss('ключ'));
    report.add(loss(Uint8Array.of(0xff, 0x00), { outcome: 'left-out', database: 3 }));
    report.add(loss(null, { type: 'functions', library: 'lib' }));
    report.add(loss('k', { type: undefined, command: 'HPEXPIREAT' }));
    report.close();
    expect(linesOf(report.file)).toEqual([
      { at: expect.any(String), outcome: 'degraded', db: 0, key: 'ключ', type: 'hash', reason: 'why', offset: 7 },
      { at: expect.any(String), outcome: 'left-out', db: 3, key: { base64: '/wA=' }, type: 'hash', reason: 'why', offset: 7 },
      { at: expect.any(String), outcome: 'degraded', db: 0, key: null, library: 'lib', type: 'functions', reason: 'why', offset: 7 },
      { at: expect.any(String), outcome: 'degraded', db: 0, key: 'k', command: 'HPEXPIREAT', reason: 'why', offset: 7 },
    ]);
    expect(report.counts).toEqual({ encoded: 0, degraded: 3, skipped: 1 });
  });

  test('has what was added before flush() returned', () => {
    const report = new LossReport(join(folder, 'flushed'));
    report.add(loss('a'));
    report.flush();
    expect(linesOf(report.file)).toHaveLength(1);
    report.close();
  });

  test('is written as losses come, so that any number of them is bounded in memory', () => {
    const report = new LossReport(join(folder, 'many'));
    for (let i = 0; i < 5_000; i++) report.add(loss(`key:${i}`));
    expect(linesOf(report.file.toString()).length).toBeGreaterThan(4_000);
    expect(report.first).toHaveLength(10);
    report.close();
    expect(linesOf(report.file)).toHaveLength(5_000);
  });

  test('is there when nothing was lost, and goes on where a run before it ended, unless it replaces', () => {
    const file = join(folder, 'again');
    writeFileSync(file, '{"key":"before"}\n');
    const report = new LossReport(file);
    report.open();
    report.close();
    expect(linesOf(file)).toHaveLength(1);
    const other = new LossReport(file, true);
    other.open();
    other.close();
    expect(linesOf(file)).toEqual([]);
  });

  test('that cannot be written is named, with the option', () => {
    const report = new LossReport(join(folder, 'flushed', 'below-a-file'));
    expect(() => report.open()).toThrow(expect.objectContaining({ code: 'OUTPUT_FAILED', fix: expect.stringContaining('--report') }));
  });
});

test('a key that is lost again and again is held once', () => {
  const report = new LossReport();
  report.add(loss('k'));
  report.add(loss('k'));
  report.add(loss('k', { database: 1 }));
  expect(report.first.map(({ db, key }) => [db, key])).toEqual([
    [0, '"k"'],
    [1, '"k"'],
  ]);
  expect(report.counts.degraded).toBe(3);
});
