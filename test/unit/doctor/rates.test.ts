/** The arithmetic of the doctor: rates, estimates and sizes. */
import { describe, expect, test } from 'vitest';
import type { SyncConfig } from '../../../src/config/sync-config.ts';
import { activityBetween, activitySample } from '../../../src/job/doctor/activity.ts';
import { replicaLimit, roomOf } from '../../../src/job/doctor/checks/replica-buffer.ts';
import type { LightScene } from '../../../src/job/doctor/doctor-scene.ts';
import { fullSyncEstimate } from '../../../src/job/doctor/full-sync-estimate.ts';
import { countWords, settingClose, settingUp, sizeWords, timeWords } from '../../../src/job/doctor/in-words.ts';
import { InfoFields } from '../../../src/job/doctor/info-fields.ts';

const MIB = 1024 ** 2;

const info = (lines: Record<string, string | number>): InfoFields =>
  new InfoFields(
    Object.entries(lines)
      .map(([name, value]) => `${name}:${value}\r\n`)
      .join(''),
  );
const stats = (calls: Record<string, number>): InfoFields =>
  info(Object.fromEntries(Object.entries(calls).map(([name, count]) => [`cmdstat_${name}`, `calls=${count},usec=1`])));

describe('how busy a server is', () => {
  const base = { run_id: 'a', repl_backlog_active: 1, total_net_input_bytes: 0, used_cpu_user_main_thread: 1, used_cpu_sys_main_thread: 1 };

  test('is what its offset grows by, where it keeps a stream', () => {
    const before = activitySample(info({ ...base, master_repl_offset: 1000 }), stats({ set: 10 }), 0);
    const after = activitySample(
      info({ ...base, master_repl_offset: 5000, used_cpu_user_main_thread: 1.5, total_net_input_bytes: 9_999 }),
      stats({ set: 30 }),
      2000,
    );
    expect(activityBetween(before, after)).toEqual({ overMs: 2000, writeBytesPerSecond: 2000, measuredBy: 'offset', commandsPerSecond: 10, busyShare: 0.25 });
  });

  test('is what comes in, in the share of writes, where it keeps none', () => {
    const none = { ...base, repl_backlog_active: 0, master_repl_offset: 7 };
    const before = activitySample(info(none), stats({ get: 0, set: 0 }), 0);
    const after = activitySample(info({ ...none, master_repl_offset: 9, total_net_input_bytes: 8000 }), stats({ get: 75, set: 25 }), 1000);
    expect(activityBetween(before, after)).toMatchObject({ writeBytesPerSecond: 2000, measuredBy: 'input' });
  });

  test('is unknown of another process, and where nothing is told', () => {
    const one = activitySample(info({ ...base, master_repl_offset: 1 }), stats({ set: 1 }), 0);
    const other = activitySample(info({ ...base, run_id: 'b', master_repl_offset: 2 }), stats({ set: 2 }), 1000);
    expect(activityBetween(one, other).writeBytesPerSecond).toBe(-1);
    const hidden = activitySample(new InfoFields(undefined), new InfoFields(undefined), 0);
    expect(activityBetween(hidden, { ...hidden, atMs: 1000 })).toMatchObject({ writeBytesPerSecond: -1, commandsPerSecond: -1, busyShare: -1 });
  });
});

describe('the estimate of a full sync', () => {
  const scene = (more: Partial<LightScene> = {}, bytes = 0): LightScene =>
    ({ config: { rate: { commands: 0, bytes } } as SyncConfig, sources: [{ dataBytes: 500 * MIB }], targets: [{}], hasBegun: false, ...more }) as LightScene;

  test('goes by what is in memory, and by what the target takes', () => {
    expect(fullSyncEstimate({ dataBytes: 500 * MIB }, scene())).toEqual({ receiveMs: 10_000, applyMs: 20_000, bridgeMs: 120_000 });
    expect(fullSyncEstimate({ dataBytes: 500 * MIB }, scene({}, MIB)).bridgeMs).toBe(500_000);
    expect(fullSyncEstimate({ dataBytes: 500 * MIB }, scene({ targets: [{}, {}] as never }, MIB)).applyMs).toBe(250_000);
  });

  test('is nothing once the job has begun, but for a break', () => {
    expect(fullSyncEstimate({ dataBytes: 500 * MIB }, scene({ hasBegun: true }))).toEqual({ receiveMs: 0, applyMs: 0, bridgeMs: 120_000 });
  });
});

describe('the output buffer of a replica', () => {
  test('is read from what servers of all versions say', () => {
    expect(replicaLimit('normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60')).toEqual({
      hardBytes: 268_435_456,
      softBytes: 67_108_864,
      softSeconds: 60,
    });
    expect(replicaLimit('normal 0 0 0 replica 1 2 3 pubsub 4 5 6')).toEqual({ hardBytes: 1, softBytes: 2, softSeconds: 3 });
    expect(replicaLimit('')).toBeUndefined();
  });

  test('may grow to the hard limit, or past the soft one for so long', () => {
    expect(roomOf({ hardBytes: 0, softBytes: 0, softSeconds: 0 }, 1000)).toBe(Number.POSITIVE_INFINITY);
    expect(roomOf({ hardBytes: 100, softBytes: 50, softSeconds: 60 }, 60_000)).toBe(100);
    // It grows evenly for two minutes: it may be at 25 after half of them, and is at 50 after all.
    expect(roomOf({ hardBytes: 100, softBytes: 25, softSeconds: 60 }, 120_000)).toBe(50);
    expect(roomOf({ hardBytes: 40, softBytes: 25, softSeconds: 60 }, 120_000)).toBe(40);
  });
});

test('quantities read well, and settings are what servers take', () => {
  expect([0, 512, 1536, 10 * MIB, 1.5 * 1024 ** 3].map(sizeWords)).toEqual(['0 B', '512 B', '1.5 KiB', '10 MiB', '1.5 GiB']);
  expect([0.25, 350, 12_500, 240_000, 3 * 3_600_000].map(timeWords)).toEqual(['0.3 ms', '350 ms', '12.5 s', '4 min', '3 h']);
  expect([1, 1234].map((count) => countWords(count, 'key'))).toEqual(['1 key', '1,234 keys']);
  expect([1, 3 * MIB, 257 * MIB, 1500 * MIB].map(settingUp)).toEqual(['1mb', '3mb', '384mb', '1536mb']);
  expect([1, 3 * MIB, 2048 * MIB].map(settingClose)).toEqual(['1mb', '3mb', '2gb']);
});
