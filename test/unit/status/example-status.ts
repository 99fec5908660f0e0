import type { ConnectionStatus, JobStatus, PipelineStatus } from '../../../src/observe/job-status.ts';

export const STARTED_AT = Date.UTC(2026, 0, 2, 3, 4, 5);

export function exampleConnection(over: Partial<ConnectionStatus> = {}): ConnectionStatus {
  return {
    role: 'target data',
    address: '10.0.0.2:6379',
    state: 'ready',
    sinceAt: STARTED_AT + 1000,
    idleMs: 20,
    keepaliveIntervalMs: 640,
    keepaliveReason: 'node-timeout',
    nodeTimeoutMs: 2000,
    deadAfterMs: 15_000,
    roundTripLastMs: 0.4,
    roundTripSmoothedMs: 0.31,
    pingsSent: 12,
    pingsLost: 0,
    bytesSent: 1_288_500_000,
    bytesReceived: 6_172_835,
    reconnects: 2,
    unansweredReplies: 1024,
    unansweredBytes: 65_536,
    lastError: { code: 'CONNECTION_LOST', message: 'closed by the other side', at: STARTED_AT + 900 },
    ...over,
  };
}

export function examplePipeline(over: Partial<PipelineStatus> = {}): PipelineStatus {
  return {
    name: '',
    source: { address: '10.0.0.1:6379', server: 'Redis 7.0.15' },
    phase: 'full-sync',
    fullSync: {
      bytesTotal: 2_684_354_560,
      bytesReceived: 1_610_612_736,
      bytesApplied: 1_288_490_189,
      keysApplied: 1_234_567,
      keysSkipped: 12,
      progress: 0.4819,
      timeLeftMs: -1,
      waitsFor: null,
    },
    incrementalSync: {
      replicationId: '8371b4fb1155b71f4a04d3e1bc3e18c4a990aeeb',
      bytesReceived: 54,
      offsetReceived: 12_399,
      offsetApplied: 0,
      offsetSource: 12_400,
      commandsApplied: 42,
    },
    lagBytes: 54,
    lagMs: 4,
    spool: { bytesInMemory: 1_048_576 },
    backlog: { bytesMax: 1_048_576, bytesLeft: 1_048_575, timeLeftMs: 52_000 },
    checkpoint: { offset: 12_345, at: STARTED_AT + 5000 },
    link: { state: 'streaming', sinceAt: STARTED_AT + 900, reconnects: 0, lastError: null },
    ...over,
  };
}

const VERIFICATION = {
  running: true,
  sinceAt: 1,
  keysChecked: 1,
  keysTotal: 2,
  suspects: 0,
  rounds: 0,
  lastRoundAt: 0,
  lastDifferences: -1,
  confirmed: 0,
  mended: 0,
  lastConfirmedAt: 0,
};

export function exampleStatus(over: Partial<JobStatus> = {}): JobStatus {
  return {
    job: '10.0.0.1-6379-to-10.0.0.2-6379',
    version: '0.1.0',
    phase: 'full-sync',
    paused: false,
    startedAt: STARTED_AT,
    phaseSinceAt: STARTED_AT + 2000,
    source: { address: '10.0.0.1:6379', server: 'Redis 7.0.15' },
    target: { address: '10.0.0.2:6379', server: 'Valkey 8.1.0' },
    fullSync: {
      bytesTotal: 2_684_354_560,
      bytesReceived: 1_610_612_736,
      bytesApplied: 1_288_490_189,
      keysApplied: 1_234_567,
      keysSkipped: 12,
      progress: 0.4819,
      timeLeftMs: 34_000,
    },
    incrementalSync: {
      replicationId: '8371b4fb1155b71f4a04d3e1bc3e18c4a990aeeb',
      offsetReceived: 12_399,
      offsetApplied: 12_345,
      offsetSource: 12_400,
      commandsApplied: 42,
    },
    pipelines: [examplePipeline()],
    commands: [
      { name: 'SET', read: 40, sent: 40 },
      { name: 'XGROUP-CREATE', read: 2, sent: 2 },
    ],
    conversion: { encoded: 5, degraded: 1, skipped: 0, first: [{ outcome: 'degraded', db: 0, key: '"h"', what: 'hash', reason: 'lost' }], report: '' },
    lagBytes: 54,
    lagMs: 4,
    rate: { keysPerSecond: 83_210, commandsPerSecond: 1500, bytesPerSecond: 61_300_000 },
    spool: { dir: '/var/lib/godwit', bytesOnDisk: 12_582_912, bytesInMemory: 1_048_576, bytesMax: 10_737_418_240, diskFreeBytes: 85_899_345_920, full: null },
    checkpoint: { epoch: 3, offset: 12_345, at: STARTED_AT + 5000 },
    verification: VERIFICATION,
    errors: { retried: 0, deadLetters: 0, last: null },
    findings: [
      {
        check: 'eviction',
        severity: 'warn',
        where: 'target 10.0.0.2:6379',
        measured: 'allkeys-lru at 1 GiB',
        why: 'Keys that the target evicts are gone.',
        mends: [{ kind: 'server', at: 'target 10.0.0.2:6379', command: 'CONFIG SET maxmemory-policy noeviction' }],
        sinceAt: 1_700_000_000_000,
      },
    ],
    connections: [
      exampleConnection(),
      exampleConnection({
        role: 'source replication',
        address: '10.0.0.1:6379',
        state: 'streaming',
        keepaliveIntervalMs: 1000,
        keepaliveReason: 'replica-link',
        reconnects: 0,
        unansweredReplies: 0,
        unansweredBytes: 0,
        roundTripSmoothedMs: 0,
        lastError: null,
      }),
    ],
    alerts: [{ id: 'lag', severity: 'warning', what: 'the target is 2 GB behind the source', sinceAt: STARTED_AT + 3000 }],
    ...over,
  };
}
