/**
 * How long a full sync takes and what it lets grow meanwhile, before there is one to measure. Pure.
 *
 *   receive   the source saves and sends, the spool takes it: data / 50 MiB/s      the source keeps what is written meanwhile in the replica's output buffer
 *   apply     the target takes it: data / 25 MiB/s, or as --rate-bytes lets it     what is written meanwhile is in the spool, and in the backlog for a while
 *
 * Both speeds are for one server and lower than what bench/RESULTS.md has; data is counted as it is in memory, which a snapshot seldom exceeds.
 */
import type { LightScene } from './doctor-scene.ts';
import type { NodeSurvey } from './node-survey.ts';

const MIB = 1024 ** 2;
const RECEIVE_BYTES_PER_SECOND = 50 * MIB;
const APPLY_BYTES_PER_SECOND = 25 * MIB;
/** A break of the link, a failover, a new start of Godwit. */
const BREAK_MS = 120_000;

export interface Estimate {
  readonly receiveMs: number;
  readonly applyMs: number;
  /** What the backlog should bridge. */
  readonly bridgeMs: number;
}

/** Of one server of the source. */
export function fullSyncEstimate(source: Pick<NodeSurvey, 'dataBytes'>, { config, sources, targets, hasBegun }: LightScene): Estimate {
  const bytes = hasBegun ? 0 : Math.max(0, source.dataBytes);
  const all = hasBegun ? 0 : sources.reduce((sum, { dataBytes }) => sum + Math.max(0, dataBytes), 0);
  const nodes = Math.max(1, targets.length);
  const perNode = config.rate.bytes > 0 ? Math.min(config.rate.bytes, APPLY_BYTES_PER_SECOND) : APPLY_BYTES_PER_SECOND;
  const receiveMs = (bytes * 1000) / RECEIVE_BYTES_PER_SECOND;
  // Several sources go side by side; what one of them waits for is the whole.
  const applyMs = Math.max(receiveMs, (all * 1000) / (perNode * nodes));
  return { receiveMs, applyMs, bridgeMs: Math.max(BREAK_MS, applyMs) };
}
