/** The last events of a run, each with an id, for those who come later or come back. Ids of another run are told apart: `<run>-<number>`. */
import type { JobEvent } from '../../observe/job-api.ts';

const EVENTS_MAX = 256;

export interface NumberedEvent {
  readonly id: string;
  readonly event: JobEvent;
}

export class EventRing {
  private readonly run: string;
  private readonly events: NumberedEvent[] = [];
  private count = 0;
  private readonly listeners = new Set<(event: NumberedEvent) => void>();

  /** @param run of letters and digits, another one for each run */
  constructor(run: string) {
    this.run = run;
  }

  add(event: JobEvent): void {
    if (event.level === 'debug') return;
    const numbered = { id: `${this.run}-${++this.count}`, event };
    this.events.push(numbered);
    if (this.events.length > EVENTS_MAX) this.events.shift();
    for (const listener of this.listeners) listener(numbered);
  }

  /** All that are held behind this id; all that are held, if it is none of this run. */
  after(lastId: string | undefined): readonly NumberedEvent[] {
    const [run, number] = (lastId ?? '').split('-');
    const seen = run === this.run && /^\d+$/.test(number ?? '') ? Number(number) : 0;
    return this.events.filter((_event, i) => this.count - this.events.length + i + 1 > seen);
  }

  /** Returns how to end it. */
  listen(listener: (event: NumberedEvent) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}
