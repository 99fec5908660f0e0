/** What was done in a cut-over, step by step with its times: for the log, and for the status. */
import type { CutoverStep } from '../../observe/cutover-status.ts';
import type { JobEvent } from '../../observe/job-api.ts';
import type { CutoverEvent, CutoverStateName } from './cutover-state.ts';

/** Logs it, and tells whoever listens. */
export type Tell = (level: JobEvent['level'], kind: string, message: string, details?: Record<string, unknown>) => void;

export class CutoverRecord {
  readonly steps: CutoverStep[] = [];
  /** Of the state that it is in, Unix ms. */
  sinceAt = Date.now();
  private readonly onEvent: Tell;
  private startMs = performance.now();
  private facts: readonly string[] = [];

  constructor(onEvent: Tell) {
    this.onEvent = onEvent;
  }

  begin(state: CutoverStateName): void {
    this.sinceAt = Date.now();
    this.startMs = performance.now();
    this.facts = [];
    this.onEvent('info', 'cutover.state', `cut-over: ${state}`, { state });
  }

  found(facts: readonly string[]): void {
    this.facts = facts;
    for (const fact of facts) this.onEvent('info', 'cutover.found', fact);
  }

  end(name: CutoverStateName, event: CutoverEvent): void {
    const tookMs = Math.round(performance.now() - this.startMs);
    const found = event.type === 'done' ? this.facts : [...this.facts, event.reason];
    this.steps.push({ name, at: this.sinceAt, tookMs, found });
    if (event.type !== 'done') this.onEvent('warn', 'cutover.failed', `cut-over: ${name}: ${event.reason}`, { state: name, tookMs });
  }

  conclude(state: CutoverStateName, words: string, reason: string): void {
    this.sinceAt = Date.now();
    const isFine = reason === '' && (state === 'switched' || state === 'rehearsed');
    this.onEvent(isFine ? 'info' : 'warn', `cutover.${state}`, reason === '' ? words : `${words}: ${reason}`, { state });
  }
}
