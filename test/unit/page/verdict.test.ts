import { describe, expect, test } from 'vitest';
import { TROUBLE_KINDS, type TroubleKind, verdictKey, verdictOf } from '../../../web/judge/verdict.ts';
import { en } from '../../../web/words/en.ts';
import { zh } from '../../../web/words/zh.ts';
import { copying, finding, following, manyShards, scanning, troubled, verifying } from '../../support/page/page-states.ts';
import type { StandInStatus } from '../../support/page/stand-in.ts';

const LAST_ERROR = { code: 'TARGET_NOT_READY', message: 'OOM command not allowed', at: Date.now() };

function kindsOf(status: StandInStatus): TroubleKind[] {
  return verdictOf(status, Date.now()).troubles.map(({ kind }) => kind);
}

describe('the verdict on a job', () => {
  test('is good only while it follows and nothing is wrong', () => {
    expect(verdictOf(following(), Date.now())).toEqual({ level: 'good', troubles: [] });
    expect(verdictOf(copying(), Date.now())).toEqual({ level: 'busy', troubles: [] });
    expect(verdictOf({ ...scanning(), findings: [] }, Date.now()).level).toBe('good');
    expect(verdictOf(following({ phase: 'stopped' }), Date.now()).level).toBe('ended');
    expect(verdictOf(troubled(), Date.now()).level).toBe('bad');
  });

  const { spool, errors, checkpoint, conversion } = following();
  const now = Date.now();
  const cases: readonly (readonly [TroubleKind, Partial<StandInStatus>, 'bad' | 'warn'])[] = [
    ['failed', { phase: 'failed' }, 'bad'],
    ['spool-full', { spool: { ...spool, full: 'limit' } }, 'bad'],
    ['disk-full', { spool: { ...spool, full: 'disk' } }, 'bad'],
    ['spool-filling', { spool: { ...spool, bytesOnDisk: spool.bytesMax * 0.9 } }, 'warn'],
    ['target-not-ready', { errors: { ...errors, last: LAST_ERROR }, checkpoint: { ...checkpoint, at: LAST_ERROR.at - 1 } }, 'bad'],
    ['differences', { verification: verifying({ confirmed: 2, lastDifferences: 2, lastConfirmedAt: now - 70_000 }) }, 'bad'],
    ['differences', { verification: verifying({ confirmed: 2, lastConfirmedAt: now }) }, 'bad'],
    ['differences-past', { verification: verifying({ confirmed: 2, mended: 2, lastDifferences: 2, lastConfirmedAt: now - 70_000 }) }, 'warn'],
    ['differences-past', { verification: verifying({ confirmed: 2, lastConfirmedAt: now - 400_000 }) }, 'warn'],
    ['alert', { alerts: [{ id: 'some-rule', severity: 'warning', what: 'look', sinceAt: now }] }, 'warn'],
    ['alert', { alerts: [{ id: 'some-rule', severity: 'critical', what: 'look', sinceAt: now }] }, 'bad'],
    ['finding', { findings: [finding('warn'), finding('info')] }, 'warn'],
    ['paused', { paused: true, lagMs: 60_000 }, 'warn'],
    ['lag-high', { lagMs: 60_000 }, 'warn'],
    ['mark-old', { checkpoint: { ...checkpoint, at: now - 60_000 }, lagBytes: 5 }, 'warn'],
    ['dead-letters', { errors: { ...errors, deadLetters: 3 } }, 'warn'],
    ['left-out', { conversion: { ...conversion, skipped: 3 } }, 'warn'],
    ['gaps', { scan: { ...scanning().scan!, gaps: 1 } }, 'warn'],
  ];
  test.each(cases)('%s is told, and nothing else', (kind, over, level) => {
    const verdict = verdictOf(following(over), now);
    expect(verdict.troubles.map((trouble) => [trouble.kind, trouble.severity])).toEqual([[kind, level]]);
    expect(verdict.level).toBe(level);
  });

  test('every kind of trouble has a case here, or one of connections', () => {
    expect(new Set([...cases.map(([kind]) => kind), 'connection-lost', 'connection-back', 'backlog-short'])).toEqual(new Set(TROUBLE_KINDS));
  });

  test('a connection that is lost is bad, one that was is told for a minute, one that is made for the first time is neither', () => {
    const [wire] = following().connections;
    const withWire = (over: object): TroubleKind[] => kindsOf(following({ connections: [{ ...wire, ...over }] }));
    expect(withWire({ state: 'backing-off' })).toEqual(['connection-lost']);
    expect(withWire({ state: 'connecting', reconnects: 1 })).toEqual(['connection-lost']);
    expect(withWire({ state: 'connecting', reconnects: 0 })).toEqual([]);
    expect(withWire({ reconnects: 1, sinceAt: Date.now() - 5_000 })).toEqual(['connection-back']);
    expect(withWire({ reconnects: 1, sinceAt: Date.now() - 90_000 })).toEqual([]);
    expect(withWire({ state: 'idle' })).toEqual([]);
  });

  test('while the link to the source is away, what its backlog still covers is told', () => {
    const { troubles } = verdictOf(manyShards(), Date.now());
    expect(troubles.filter(({ kind }) => kind === 'backlog-short')).toMatchObject([{ address: '10.0.0.9:7000 (shard-09)', forMs: 52_000 }]);
  });

  test('what a job no longer does is no trouble when it has ended', () => {
    const { connections } = troubled();
    expect(kindsOf(following({ phase: 'stopped', connections, paused: true, lagMs: 60_000 }))).toEqual([]);
  });

  test('the worst comes first, and the key is the same while only numbers move', () => {
    const status = manyShards();
    const verdict = verdictOf(status, Date.now());
    expect(verdict.troubles.map(({ severity }) => severity)).toEqual(['bad', 'bad', 'bad', 'warn']);
    expect(verdictKey(verdictOf({ ...status, lagMs: 99_000 }, Date.now() + 5_000))).toBe(verdictKey(verdict));
    expect(verdictKey(verdictOf(following(), Date.now()))).not.toBe(verdictKey(verdict));
  });
});

describe('the words', () => {
  test('say every trouble in both languages', () => {
    const trouble = { severity: 'bad', what: 'WHAT', address: 'ADDRESS', forMs: 1000, amount: 5 } as const;
    for (const words of [en, zh]) {
      for (const kind of TROUBLE_KINDS) expect(words.troubles[kind]({ ...trouble, kind }, words.duration(1000))).toMatch(/\S{3}/);
    }
  });

  test('durations are said in Chinese', () => {
    const said = [0.4, 85, 1_200, 185_000, 7_800_000, 356_400_000, -1].map(zh.duration);
    expect(said).toEqual(['0.4 毫秒', '85 毫秒', '1.2 秒', '3 分 05 秒', '2 小时 10 分', '4 天 3 小时', '-']);
  });

  test('both languages have the same words', () => {
    const namesOf = (value: object, path = ''): string[] =>
      Object.entries(value).flatMap(([name, one]) =>
        typeof one === 'object' && one !== null ? namesOf(one as object, `${path}${name}.`) : [`${path}${name}`],
      );
    const free = (names: string[]): string[] => names.filter((name) => !name.startsWith('roles.')).toSorted();
    expect(free(namesOf(zh))).toEqual(free(namesOf(en)));
  });
});
