/** What the process uses, for its metrics. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ProcessFacts } from '../status/metrics/process-metrics.ts';

const RESOLUTION_MS = 20;
const NS = 1e9;

export interface ProcessMeter {
  facts(): ProcessFacts;
  close(): void;
}

/** Begins to measure; close() ends it. */
export function measureProcess(): ProcessMeter {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const late = (ns: number): number => Math.max(0, ns / NS - RESOLUTION_MS / 1000);
  return {
    facts() {
      const { rss, heapUsed } = process.memoryUsage();
      const { user, system } = process.cpuUsage();
      const of = (ns: number): number => (delay.count > 0 ? late(ns) : -1);
      const eventLoopDelay = { medianSeconds: of(delay.percentile(50)), p99Seconds: of(delay.percentile(99)), maxSeconds: of(delay.max) };
      delay.reset();
      return { residentBytes: rss, heapUsedBytes: heapUsed, cpuSeconds: (user + system) / 1e6, eventLoopDelay };
    },
    close: () => void delay.disable(),
  };
}
