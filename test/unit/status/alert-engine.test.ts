import { beforeEach, describe, expect, test } from 'vitest';
import type { AlertsConfig } from '../../../src/config/alerts-config.ts';
import { AlertEngine, type Notice } from '../../../src/status/alerts/alert-engine.ts';
import { ALERT_RULES, type WatchedStatus } from '../../../src/status/alerts/alert-rules.ts';
import { exampleConnection, examplePipeline, exampleStatus, STARTED_AT } from './example-status.ts';

const CONFIG: AlertsConfig = {
  webhooks: [],
  awayMs: 30_000,
  reconnectsMax: 6,
  roundTripMs: 500,
  lagMs: 60_000,
  lagBytes: 1_000_000,
  spoolPercent: 80,
  backlogLeftMs: 60_000,
  recoverAfterMs: 10_000,
  repeatMs: 3_600_000,
};

let told: string[] = [];
let notices: Notice[] = [];
let nowMs = STARTED_AT;
let engine: AlertEngine;

function begin(config: Partial<AlertsConfig> = {}): void {
  told = [];
  notices = [];
  nowMs = STARTED_AT + 3_600_000;
  const onNotice = (notice: Notice): void => {
    notices.push(notice);
    told.push(`${notice.state} ${notice.severity} ${notice.id}`);
  };
  engine = new AlertEngine({ config: { ...CONFIG, ...config }, onNotice });
}

beforeEach(() => begin());

const WELL: WatchedStatus = exampleStatus({ phase: 'incremental-sync', connections: [exampleConnection({ reconnects: 0, nodeTimeoutMs: 0 })] });

/** Looks once a second, for so long. */
function pass(seconds: number, over: Partial<WatchedStatus> = {}): void {
  for (let i = 0; i < seconds; i++) {
    nowMs += 1000;
    engine.look({ ...WELL, ...over }, nowMs);
  }
}

const lost = [exampleConnection({ state: 'backing-off', nodeTimeoutMs: 0 })];
const link = { state: 'backing-off', sinceAt: 0, reconnects: 3, lastError: null };

/** Each rule with the state that it fires in, and what it is called then. */
const CAUSES: readonly (readonly [string, Partial<WatchedStatus>, string])[] = [
  ['job-stopped', { phase: 'failed', errors: { retried: 0, deadLetters: 0, last: { code: 'X', message: 'it broke', at: 1 } } }, 'critical job-stopped'],
  ['connection-away', { connections: lost }, 'critical connection-away:target 10.0.0.2:6379'],
  ['round-trip', { connections: [exampleConnection({ roundTripSmoothedMs: 900, nodeTimeoutMs: 0 })] }, 'warning round-trip:target data 10.0.0.2:6379'],
  ['timeout-short', { connections: [exampleConnection({ roundTripSmoothedMs: 400, nodeTimeoutMs: 1000 })] }, 'warning timeout-short:target data 10.0.0.2:6379'],
  [
    'target-not-ready',
    { errors: { retried: 0, deadLetters: 0, last: { code: 'TARGET_NOT_READY', message: 'OOM', at: STARTED_AT + 3_600_000 } } },
    'critical target-not-ready',
  ],
  ['spool', { spool: { ...WELL.spool, bytesOnDisk: 9e9, bytesMax: 10e9 } }, 'warning spool'],
  ['spool', { spool: { ...WELL.spool, full: 'disk' } }, 'critical spool'],
  ['backlog', { pipelines: [examplePipeline({ link, backlog: { bytesMax: 1e6, bytesLeft: 1e5, timeLeftMs: 20_000 } })] }, 'critical backlog:10.0.0.1:6379'],
  ['backlog', { pipelines: [examplePipeline({ link, backlog: { bytesMax: 1e6, bytesLeft: 0, timeLeftMs: -1 } })] }, 'critical backlog:10.0.0.1:6379'],
  ['lag', { lagMs: 61_000 }, 'warning lag'],
  ['lag', { lagBytes: 2_000_000 }, 'warning lag'],
  ['verification', { verification: { lastDifferences: 3, confirmed: 3, mended: 0, lastConfirmedAt: 1 } }, 'critical verification'],
];

describe('the rules of alerts', () => {
  test.each(CAUSES)('%s fires, and is over', (_rule, cause, wanted) => {
    pass(20);
    expect(told).toEqual([]);
    pass(40, cause);
    expect(told).toEqual([`firing ${wanted}`]);
    expect(engine.firing).toHaveLength(1);
    pass(30);
    expect(told).toEqual([`firing ${wanted}`, `resolved ${wanted}`]);
    expect(engine.firing).toEqual([]);
  });

  test('connection-unstable and dead-letters count what is new, not what there was', () => {
    const with_ = (reconnects: number, deadLetters: number): Partial<WatchedStatus> => ({
      connections: [exampleConnection({ reconnects, nodeTimeoutMs: 0 })],
      errors: { retried: 0, deadLetters, last: null },
    });
    pass(5, with_(50, 9));
    expect(told).toEqual([]);
    for (let i = 1; i <= 5; i++) pass(1, with_(50 + i, 9));
    expect(told).toEqual([]);
    pass(1, with_(56, 12));
    expect(told).toEqual(['firing warning connection-unstable:target data 10.0.0.2:6379', 'firing warning dead-letters']);
    expect(notices[1]?.what).toContain('3 commands');
    pass(400, with_(56, 12));
    expect(told.slice(2)).toEqual(['resolved warning connection-unstable:target data 10.0.0.2:6379', 'resolved warning dead-letters']);
  });

  test('every rule has a cause here', () => {
    const covered = new Set([...CAUSES.map(([name]) => name), 'connection-unstable', 'dead-letters']);
    expect(ALERT_RULES.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([]);
  });

  test('one that is turned off never fires', () => {
    begin({ awayMs: 0, reconnectsMax: 0, roundTripMs: 0, lagMs: 0, lagBytes: 0, spoolPercent: 0, backlogLeftMs: 0 });
    for (const [rule, cause] of CAUSES) if (!['job-stopped', 'timeout-short', 'verification'].includes(rule) && cause.spool?.full !== 'disk') pass(60, cause);
    expect(told).toEqual([]);
  });

  test('of a job that has ended nobody is told that its connections are gone', () => {
    pass(100, { phase: 'stopped', connections: lost });
    expect(told).toEqual([]);
  });

  test('a small backlog is no alert while the link streams', () => {
    pass(100, { pipelines: [examplePipeline({ backlog: { bytesMax: 16_384, bytesLeft: 100, timeLeftMs: 5 } })] });
    expect(told).toEqual([]);
  });
});

describe('an alert', () => {
  test('that is over before its time is told to nobody; the time begins anew', () => {
    for (let i = 0; i < 5; i++) {
      pass(29, { connections: lost });
      pass(1);
    }
    expect(told).toEqual([]);
  });

  test('is told once, though its words change; again when it gets worse, and after the time of repetition', () => {
    pass(3, { spool: { ...WELL.spool, bytesOnDisk: 8e9, bytesMax: 10e9 } });
    pass(3, { spool: { ...WELL.spool, bytesOnDisk: 9e9, bytesMax: 10e9 } });
    expect(told).toEqual(['firing warning spool']);
    pass(3, { spool: { ...WELL.spool, full: 'limit' } });
    expect(told).toEqual(['firing warning spool', 'firing critical spool']);
    pass(3601, { spool: { ...WELL.spool, full: 'limit' } });
    expect(told).toHaveLength(3);
    expect(engine.firing).toMatchObject([{ id: 'spool', severity: 'critical', sinceAt: STARTED_AT + 3_600_000 + 1000 }]);
  });

  test('that flaps is one alert: it is over when it was well for a while', () => {
    for (let i = 0; i < 20; i++) {
      pass(2, { lagMs: 99_000 });
      pass(5);
    }
    expect(told).toEqual(['firing warning lag']);
    pass(10);
    expect(told).toEqual(['firing warning lag', 'resolved warning lag']);
  });
});
