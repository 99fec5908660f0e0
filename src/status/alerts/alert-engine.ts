/**
 * Which alerts are firing, over time.
 *
 *   (nothing) -- condition --> pending -- it lasts --> firing -- well for a while --> (nothing)
 *                                 | it is over: nobody is told        | again each `repeat`
 *
 * Each is told once when it begins to fire, again if it gets worse (warning to critical), now and then while it goes on, and when it is over.
 */
import type { AlertsConfig } from '../../config/alerts-config.ts';
import type { AlertSeverity, AlertStatus } from '../../observe/job-status.ts';
import { AlertMemory } from './alert-memory.ts';
import { ALERT_RULES, type Condition, type WatchedStatus } from './alert-rules.ts';

export interface Notice {
  readonly state: 'firing' | 'resolved';
  readonly id: string;
  readonly severity: AlertSeverity;
  readonly what: string;
  /** Unix milliseconds: since when, and when it was over. */
  readonly sinceAt: number;
  readonly at: number;
}

interface Held {
  condition: Condition;
  sinceAt: number;
  /** When it was told last; 0 = it is pending. */
  toldAt: number;
  /** When it was seen last. */
  seenAt: number;
}

export interface AlertEngineOptions {
  readonly config: AlertsConfig;
  readonly onNotice: (notice: Notice) => void;
}

export class AlertEngine {
  private readonly options: AlertEngineOptions;
  private readonly memory = new AlertMemory();
  private readonly held = new Map<string, Held>();

  constructor(options: AlertEngineOptions) {
    this.options = options;
  }

  /** Those that are firing, the oldest first. */
  get firing(): readonly AlertStatus[] {
    return [...this.held.values()]
      .filter(({ toldAt }) => toldAt > 0)
      .map(({ condition: { id, severity, what }, sinceAt }) => ({ id, severity, what, sinceAt }))
      .toSorted((a, b) => a.sinceAt - b.sinceAt);
  }

  /** To be called about once a second. */
  look(status: WatchedStatus, nowMs: number): void {
    const { config } = this.options;
    const conditions = ALERT_RULES.flatMap(({ rule }) => rule({ status, config, memory: this.memory, nowMs }));
    for (const condition of conditions) this.met(condition, nowMs);
    const ids = new Set(conditions.map(({ id }) => id));
    for (const [id, held] of this.held) if (!ids.has(id)) this.missed(id, held, nowMs);
  }

  private met(condition: Condition, nowMs: number): void {
    const held = this.held.get(condition.id) ?? { condition, sinceAt: nowMs, toldAt: 0, seenAt: nowMs };
    const isWorse = held.toldAt > 0 && held.condition.severity === 'warning' && condition.severity === 'critical';
    this.held.set(condition.id, held);
    held.condition = condition;
    held.seenAt = nowMs;
    const { repeatMs } = this.options.config;
    const isDue = held.toldAt === 0 ? nowMs - held.sinceAt >= condition.afterMs : isWorse || (repeatMs > 0 && nowMs - held.toldAt >= repeatMs);
    if (!isDue) return;
    held.toldAt = nowMs;
    this.tell('firing', held, nowMs);
  }

  private missed(id: string, held: Held, nowMs: number): void {
    if (held.toldAt > 0 && nowMs - held.seenAt < this.options.config.recoverAfterMs) return;
    this.held.delete(id);
    if (held.toldAt > 0) this.tell('resolved', held, nowMs);
  }

  private tell(state: Notice['state'], { condition: { id, severity, what }, sinceAt }: Held, at: number): void {
    this.options.onNotice({ state, id, severity, what, sinceAt, at });
  }
}
