/** What one shard of a job tells of itself. */
import { endpointName } from '../model/endpoint.ts';
import { versionName } from '../model/server-version.ts';
import type { ConnectionStatus, PipelineStatus } from '../observe/job-status.ts';
import type { SourceShard } from './source-shard.ts';

export function pipelineStatus(shard: SourceShard): PipelineStatus {
  const { pipeline, spool, control } = shard;
  const reached = pipeline?.applied;
  const { version } = control.server;
  const isIncremental = reached?.phase === 'incremental-sync';
  const link = pipeline?.link;
  return {
    name: shard.name,
    source: { address: endpointName(shard.endpoint), server: version === undefined ? 'unknown' : versionName(version) },
    phase: isIncremental ? 'incremental-sync' : 'full-sync',
    fullSync: fullSync(shard),
    incrementalSync: {
      replicationId: spool?.replicationId ?? '',
      offsetReceived: spool?.stream?.endOffset ?? 0,
      bytesReceived: spool?.stream === undefined ? 0 : spool.stream.endOffset - (spool.snapshot?.offset ?? spool.stream.startOffset),
      offsetApplied: isIncremental ? reached.offset : 0,
      offsetSource: shard.watch.offset,
      commandsApplied: pipeline?.commandsApplied ?? 0,
    },
    lagBytes: shard.lagBytes,
    lagMs: shard.lagMs,
    spool: { bytesInMemory: (spool?.rdb?.status().bytesInMemory ?? 0) + (spool?.stream?.status().bytesInMemory ?? 0) },
    backlog: shard.watch.backlog(spool?.stream?.endOffset ?? -1),
    checkpoint: { offset: pipeline?.mark.offset ?? 0, at: pipeline?.markAt ?? 0 },
    link: { state: link?.state ?? 'idle', sinceAt: link?.sinceAt ?? 0, reconnects: Math.max(0, link?.reconnects ?? 0), lastError: link?.lastError ?? null },
  };
}

function fullSync({ pipeline, spool }: SourceShard): PipelineStatus['fullSync'] {
  const reached = pipeline?.applied;
  const total = spool?.snapshot?.length ?? -1;
  const done = reached?.phase === 'incremental-sync';
  const applied = done ? Math.max(0, total) : (reached?.rdbOffset ?? 0);
  const bytesReceived = spool?.rdb?.endOffset ?? Math.max(0, total);
  return {
    bytesTotal: total,
    bytesReceived,
    bytesApplied: applied,
    keysApplied: pipeline?.keysApplied ?? 0,
    keysSkipped: pipeline?.keysSkipped ?? 0,
    progress: done ? 1 : total > 0 ? applied / total : -1,
    timeLeftMs: done ? 0 : -1,
    waitsFor: done || bytesReceived > 0 ? null : pipeline?.link.waitsForTurn === true ? 'turn' : 'snapshot',
  };
}

/** Undefined before the pipeline begins. */
export function linkStatus({ pipeline, name, endpoint }: SourceShard): ConnectionStatus | undefined {
  if (pipeline === undefined) return undefined;
  const { link } = pipeline;
  return {
    role: 'source replication',
    ...(name === '' ? {} : { pipeline: name }),
    address: endpointName(link.endpoint ?? endpoint),
    state: link.state,
    sinceAt: link.sinceAt,
    idleMs: Math.round(performance.now() - link.lastReceivedAtMs),
    keepaliveIntervalMs: 1000,
    keepaliveReason: 'replica-link',
    nodeTimeoutMs: 0,
    deadAfterMs: link.timeoutMs,
    roundTripLastMs: 0,
    roundTripSmoothedMs: 0,
    pingsSent: 0,
    pingsLost: 0,
    bytesSent: link.bytesSent,
    bytesReceived: link.bytesReceived,
    reconnects: Math.max(0, link.reconnects),
    unansweredReplies: 0,
    unansweredBytes: 0,
    lastError: link.lastError,
  };
}
