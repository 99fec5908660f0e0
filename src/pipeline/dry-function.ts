/** What a function would make of what passes the filter and the transforms, counted and not done. It is called as in a run; what it fails for is kept in words. */
import { findCommand } from '../command/built-in-commands.ts';
import type { Batch } from '../model/batch.ts';
import type { LargeEntry } from '../rdb/large-entry.ts';
import type { ValueCursor } from '../rdb/value-cursor.ts';
import { ValueConversion } from '../target/value-conversion.ts';
import type { ValueForm } from './delivery.ts';
import type { Edits } from './edits/edits.ts';
import { unitCount } from './unit-count.ts';

export interface DryFunctionReport {
  /** Keys of a snapshot and commands that it was given, those that it made nothing of, and the commands that it made. */
  readonly given: number;
  readonly dropped: number;
  readonly made: number;
  /** By name, the most frequent first. */
  readonly commands: readonly { readonly name: string; readonly count: number }[];
  readonly failures: { readonly count: number; readonly samples: readonly string[] };
}

const SAMPLES_MAX = 5;

export class DryFunction {
  private given = 0;
  private dropped = 0;
  private made = 0;
  private failed = 0;
  private readonly samples: string[] = [];
  private readonly names = new Map<string, number>();
  private readonly edits: Edits;
  private readonly restore = {
    conversion: new ValueConversion(undefined, 'degrade'),
    replace: true,
    setPxat: true,
    absttl: true,
    keepIdle: false,
    keepFreq: false,
  };

  /** @param edits with a function, and whose failures are letters */
  constructor(edits: Edits) {
    this.edits = edits;
  }

  /** Values that have passed. */
  values(rows: Batch, form: ValueForm, nowMs: number): void {
    if (rows.count > 0) this.call(this.edits.rowsOf(this.restore).ofBatch(rows, form, nowMs), true);
  }

  /** One that has passed, larger than the window. */
  async large(entry: LargeEntry, form: ValueForm, cursor: ValueCursor, nowMs: number): Promise<void> {
    try {
      const rows = await this.edits.rowsOf(this.restore).ofLarge(entry, form, cursor, nowMs);
      if (rows !== null) this.call(rows, true);
    } catch (error) {
      this.given++;
      this.fail(error instanceof Error ? error.message : String(error));
    }
  }

  /** Commands that have passed. */
  commands(rows: Batch): void {
    if (rows.count > 0) this.call(rows, false);
  }

  report(): DryFunctionReport {
    const commands = [...this.names].toSorted((a, b) => b[1] - a[1]).map(([name, count]) => ({ name, count }));
    return { given: this.given, dropped: this.dropped, made: this.made, commands, failures: { count: this.failed, samples: this.samples } };
  }

  private call(rows: Batch, areValues: boolean): void {
    const given = unitCount(rows);
    const { batch, letters } = this.edits.call(rows, areValues);
    this.given += given;
    this.made += batch.count;
    this.dropped += Math.max(0, given - unitCount(batch) - letters.length);
    for (const { error } of letters) this.fail(error);
    for (let row = 0; row < batch.count; row++) {
      const name = findCommand(batch.bytes, batch.start[row], batch.end[row])?.name.replace('|', ' ').toUpperCase() ?? 'UNKNOWN';
      this.names.set(name, (this.names.get(name) ?? 0) + 1);
    }
  }

  private fail(words: string): void {
    this.failed++;
    if (this.samples.length < SAMPLES_MAX) this.samples.push(words);
  }
}
