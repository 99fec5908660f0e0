/**
 * One export: every step of the source through the filter into the taker of the format, and its buffer to the file. The file gets its name only when all is
 * written; whatever ends the export before leaves nothing behind.
 */
import { GodwitError } from '../errors/errors.ts';
import type { Filter } from '../filter/filter.ts';
import { type Batch, EntryKind } from '../model/batch.ts';
import type { EndStep, FileSource, FileStep, LargeStep, RowsStep } from '../source/file/file-source.ts';
import { withoutHold } from '../target/held-expiry.ts';
import type { OutputPlace } from '../target/file/output-file.ts';
import type { ExportTaker } from './export-taker.ts';
import type { FileEdits } from './edits/file-edits.ts';
import { unitCount } from './unit-count.ts';
import { wantsLarge } from './wants-large.ts';

/** The buffer is emptied when it holds this much. */
const FLUSH_BYTES = 1024 * 1024;

export interface ExportPipelineOptions {
  readonly source: FileSource;
  readonly filter: Filter;
  /** Transforms and function, behind the filter, which is among them then; null = there are none. */
  readonly edits?: ((source: FileSource) => FileEdits) | null;
  readonly output: OutputPlace;
  /** Makes the taker when what the source says of itself is known. */
  makeTaker(source: FileSource): ExportTaker;
  /** What times to live count from, Unix ms; now unless told. */
  readonly nowMs?: number;
}

export class ExportPipeline {
  keys = 0;
  commands = 0;
  /** Keys that the filter does not want. */
  filtered = 0;
  /** Commands that it does not want. */
  filteredCommands = 0;
  /** Given to the output, before it is compressed. */
  bytesWritten = 0;
  private readonly options: ExportPipelineOptions;
  private taker: ExportTaker | null = null;
  private edits: FileEdits | null = null;
  private isStopped = false;
  private readonly nowMs: number;

  constructor(options: ExportPipelineOptions) {
    this.options = options;
    this.nowMs = options.nowMs ?? Date.now();
  }

  get skipped(): number {
    return this.taker?.skipped ?? 0;
  }

  get degraded(): number {
    return this.taker?.degraded ?? 0;
  }

  /** run() rejects at its next step. */
  stop(): void {
    this.isStopped = true;
  }

  /** @returns how the source ended. @throws GodwitError of the source, the format or the output; nothing is left of the output then */
  async run(): Promise<EndStep> {
    const { source, output } = this.options;
    try {
      const end = await this.readAll();
      await output.finish();
      return end;
    } catch (error) {
      await output.discard();
      throw error;
    } finally {
      await source.close();
    }
  }

  private async readAll(): Promise<EndStep> {
    const { source } = this.options;
    let step = await this.next();
    const taker = this.options.makeTaker(source);
    this.taker = taker;
    this.edits = this.options.edits?.(source) ?? null;
    taker.open();
    for (; step.kind !== 'end'; step = await this.next()) {
      taker.begin(source.snapshot);
      if (step.kind === 'rows') await this.takeRows(step, taker);
      else await this.takeLarge(step, taker);
    }
    taker.close();
    await this.empty(taker, 1);
    return step;
  }

  private async next(): Promise<FileStep> {
    const step = await this.options.source.next();
    this.checkStopped();
    return step;
  }

  private async takeRows({ batch }: RowsStep, taker: ExportTaker): Promise<void> {
    const { filter } = this.options;
    if (this.edits !== null) return this.takeEdited(batch, taker, this.edits);
    if (batch.kind[0] === EntryKind.Command) return this.takeCommands(batch, taker);
    for (let row = 0; row < batch.count; row++) {
      if (batch.kind[row] === EntryKind.RdbValue) {
        if (!filter.entries.wants(batch, row, this.nowMs)) this.filtered++;
        else if (taker.row(batch, row)) this.keys++;
      } else if (!filter.isActive) taker.row(batch, row);
      if (taker.buffer.length >= FLUSH_BYTES) await this.empty(taker, FLUSH_BYTES);
    }
  }

  private async takeEdited(read: Batch, taker: ExportTaker, edits: FileEdits): Promise<void> {
    const { source } = this.options;
    const areCommands = read.kind[0] === EntryKind.Command;
    const { count } = read;
    const batch = areCommands ? await edits.commands(read, source, this.nowMs) : await edits.values(read, source, withoutHold(this.nowMs));
    await this.takeAll(batch, taker);
    const left = areCommands || !edits.hasFunction ? batch.count : unitCount(batch);
    if (areCommands) this.filteredCommands += Math.max(0, count - left);
    else this.filtered += Math.max(0, count - left);
  }

  private async takeAll(batch: Batch, taker: ExportTaker): Promise<void> {
    for (let row = 0; row < batch.count; row++) {
      const isCommand = batch.kind[row] === EntryKind.Command;
      if (taker.row(batch, row) && isCommand) this.commands++;
      else if (batch.kind[row] === EntryKind.RdbValue) this.keys++;
      if (taker.buffer.length >= FLUSH_BYTES) await this.empty(taker, FLUSH_BYTES);
    }
  }

  private async takeCommands(batch: Batch, taker: ExportTaker): Promise<void> {
    const { filter } = this.options;
    const [told] = filter.snapshotOnly;
    if (told !== undefined) throw cannotFilter(told);
    const { count } = batch;
    const wanted = filter.stream.apply(batch);
    this.filteredCommands += Math.max(0, count - wanted.count);
    for (let row = 0; row < wanted.count; row++) {
      if (taker.row(wanted, row)) this.commands++;
      if (taker.buffer.length >= FLUSH_BYTES) await this.empty(taker, FLUSH_BYTES);
    }
  }

  private async takeLarge(step: LargeStep, taker: ExportTaker): Promise<void> {
    const { filter } = this.options;
    const { entry } = step;
    if (this.edits !== null && entry.kind === EntryKind.RdbValue) return this.takeEditedLarge(step, taker, this.edits);
    if (entry.kind !== EntryKind.RdbValue) {
      if (!filter.isActive) await taker.large(step, () => this.empty(taker, FLUSH_BYTES));
    } else if (!(await wantsLarge(filter, step, this.nowMs))) this.filtered++;
    else if (await taker.large(step, () => this.empty(taker, FLUSH_BYTES))) this.keys++;
  }

  private async takeEditedLarge(step: LargeStep, taker: ExportTaker, edits: FileEdits): Promise<void> {
    const edited = await edits.large(step, this.options.source, withoutHold(this.nowMs));
    if (edited.kind === 'commands') return this.takeAll(edited.batch, taker);
    if (edited.kind === 'nothing') this.filtered++;
    else if (await taker.large({ ...step, entry: edited.entry, value: () => step.value() }, () => this.empty(taker, FLUSH_BYTES))) this.keys++;
  }

  /** @param bytesMin less than that stays where it is */
  private async empty(taker: ExportTaker, bytesMin: number): Promise<void> {
    this.checkStopped();
    const { buffer } = taker;
    if (buffer.length < bytesMin) return;
    taker.emptying();
    await this.options.output.write(buffer.bytes.subarray(0, buffer.length));
    this.bytesWritten += buffer.length;
    taker.emptied();
  }

  private checkStopped(): void {
    if (this.isStopped) throw new GodwitError('CONNECTION_LOST', 'the export was stopped');
  }
}

function cannotFilter(told: string): GodwitError {
  return new GodwitError('COMMANDS_NOT_EXPORTABLE', `the file holds commands, which cannot be chosen by the ${told} of a value`, {
    fix: 'Leave --size-..., --ttl-..., --expiring and names of module types out; keys, databases, types and groups work for commands too.',
  });
}
