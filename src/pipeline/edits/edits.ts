/**
 * What a job's rules make of the rows of one pipeline: filter, then plain transforms, then the function. Synchronous, and knows nothing of how rows are sent.
 *
 *   values   batch of a snapshot --> filter --> transform --> values, or with a function: commands that make them --> function --> commands
 *   stream   batch of commands   --> filter --> transform --> function --> commands
 *
 * Lives as long as the pipeline, over all its attempts: it counts, and the function may remember.
 */
import { GodwitError } from '../../errors/errors.ts';
import { Filter } from '../../filter/filter.ts';
import type { FilterRules } from '../../filter/filter-rules.ts';
import { type Batch, EntryKind } from '../../model/batch.ts';
import type { LargeEntry } from '../../rdb/large-entry.ts';
import type { RestoreOptions } from '../../target/batch-buffer.ts';
import type { DeadLetter } from '../../target/dead-letter.ts';
import { Transform } from '../../transform/transform.ts';
import type { Expansion, TransformEngine } from '../../transform/transform-engine.ts';
import type { TransformRules } from '../../transform/transform-rules.ts';
import type { ValueForm } from '../delivery.ts';
import { FunctionStage } from './function-stage.ts';
import { ValueRows } from './value-rows.ts';

export interface EditsOptions {
  readonly filter: FilterRules;
  readonly transform: TransformRules;
  /** Of this pipeline alone. */
  readonly engine: TransformEngine | null;
  /** The function is given values of a snapshot as the commands that make them. */
  readonly expands: boolean;
  /** A command for which the function fails: an error, or it is written down and left out. */
  readonly onError: 'stop' | 'dead-letter';
  /** No value of a snapshot passes. */
  readonly dropsValues: boolean;
}

export interface Edited {
  readonly batch: Batch;
  /** To be written down before a mark stands behind the batch. */
  readonly letters: readonly DeadLetter[];
  /** Rows before it are in `batch`; the job is to stop there. */
  readonly failure: { readonly row: number; readonly error: GodwitError } | undefined;
}

export class Edits {
  readonly filter: Filter;
  readonly transform: Transform;
  /** Commands that the function failed for. */
  failures = 0;
  private readonly options: EditsOptions;
  private readonly stage: FunctionStage | undefined;
  private valueRows: ValueRows | undefined;

  /** @throws GodwitError CONFIG_INVALID for a rule that cannot be */
  constructor(options: EditsOptions) {
    this.options = options;
    this.filter = new Filter(options.filter);
    this.transform = new Transform(options.transform);
    this.stage = options.engine === null ? undefined : new FunctionStage(options.engine, options.onError);
  }

  /** Values become commands. */
  get hasFunction(): boolean {
    return this.stage !== undefined;
  }

  get expands(): boolean {
    return this.options.expands;
  }

  /** Values of a snapshot. The rows that come back are commands if hasFunction. @throws GodwitError COMMAND_UNDECIDED, VALUE_NOT_REPRESENTABLE */
  values(batch: Batch, form: ValueForm, restore: RestoreOptions, nowMs: number): Edited {
    const { filter, transform, options } = this;
    if (options.dropsValues) batch.count = 0;
    filter.entries.apply(batch, nowMs);
    const left = transform.isActive ? transform.entries.apply(batch, nowMs) : batch;
    if (this.stage === undefined || left.count === 0) return { batch: left, letters: [], failure: undefined };
    return this.call(this.rowsOf(restore).ofBatch(left, form, nowMs), true);
  }

  /** Commands of the stream. @throws GodwitError COMMAND_UNDECIDED before anything of the batch is handed on */
  commands(batch: Batch, nowMs: number): Edited {
    const { filter, transform } = this;
    const passed = filter.stream.apply(batch);
    const renamed = transform.isActive ? transform.stream.apply(passed, nowMs) : passed;
    const letters = [...filter.stream.takeLeftOut(), ...transform.stream.takeUntold()];
    if (this.stage === undefined || renamed.count === 0) return { batch: renamed, letters, failure: undefined };
    const called = this.call(renamed, false);
    return { ...called, letters: [...letters, ...called.letters] };
  }

  /** True: wantsLarge() wants the head of a value of this type. */
  moduleNameMatters(type: number): boolean {
    return this.filter.entries.moduleNameMatters(type);
  }

  /** A value that is larger than the window and whose end is known. Null: it is left out. @param head its first nine bytes, if moduleNameMatters */
  large(entry: LargeEntry, nowMs: number, head?: Uint8Array): LargeEntry | null {
    if (entry.kind === EntryKind.RdbValue && this.options.dropsValues) return null;
    if (!this.filter.entries.wantsLarge(entry, entry.valueEnd - entry.valueStart, nowMs, head)) return null;
    if (!this.transform.isActive || entry.kind !== EntryKind.RdbValue) return entry;
    const changed = this.transform.entries.applyLarge(entry, nowMs);
    return changed === null ? null : entry.as(changed);
  }

  /** Rows that stand for values, given to the function. */
  call(rows: Batch, areValues: boolean): Edited {
    const { stage } = this;
    if (stage === undefined) throw new GodwitError('INTERNAL', 'there is no function');
    const { batch, failures } = stage.run(rows, areValues);
    this.failures += failures.length;
    if (this.options.onError === 'dead-letter') return { batch, letters: failures.map(({ letter }) => letter), failure: undefined };
    const [first] = failures;
    return { batch, letters: [], failure: first && { row: first.row, error: failed(first.letter) } };
  }

  /** The same object as long as `restore` is. */
  rowsOf(restore: RestoreOptions): ValueRows {
    if (this.valueRows?.restore !== restore) this.valueRows = new ValueRows(restore, this.options.expands);
    return this.valueRows;
  }
}

/** What is to be checked before a job begins. @throws GodwitError CONFIG_INVALID */
export function checkExpansion(expansion: Expansion, onExisting: 'fail' | 'replace' | 'skip'): void {
  if (!expansion.wanted || onExisting !== 'skip') return;
  throw new GodwitError('CONFIG_INVALID', `on_existing is skip, and the function is given values as commands (${expansion.because}), which replace keys`, {
    fix: 'Give --expand off: it gets SET and RESTORE then; or another --on-existing.',
  });
}

function failed({ error, offset, database }: DeadLetter): GodwitError {
  return new GodwitError('TRANSFORM_FAILED', `${error}; the command at offset ${offset} (database ${database}) and what follows it are not applied`, {
    details: { offset, database },
  });
}
