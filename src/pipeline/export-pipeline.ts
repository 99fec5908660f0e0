/**
 * One export: every step of the source through the filter into the taker of the format, and its buffer to the file. The file gets its name only when all is
 * written; whatever ends the export before leaves nothing behind.
 */
import { GodwitError } from '../errors/errors.ts';
import type { KeyFilter } from '../filter/key-filter.ts';
import { EntryKind } from '../model/batch.ts';
import { kindOfType } from '../rdb/kind-of-type.ts';
import type { EndStep, FileSource, FileStep, LargeStep, RowsStep } from '../source/file/file-source.ts';
import type { OutputPlace } from '../target/file/output-file.ts';
import type { ExportTaker } from './export-taker.ts';

/** The buffer is emptied when it holds this much. */
const FLUSH_BYTES = 1024 * 1024;

export interface ExportPipelineOptions {
  readonly source: FileSource;
  readonly filter: KeyFilter;
  readonly output: OutputPlace;
  /** Makes the taker when what the source says of itself is known. */
  makeTaker(source: FileSource): ExportTaker;
}

export class ExportPipeline {
  keys = 0;
  commands = 0;
  /** Keys that the filter does not want. */
  filtered = 0;
  /** Given to the output, before it is compressed. */
  bytesWritten = 0;
  private readonly options: ExportPipelineOptions;
  private taker: ExportTaker | null = null;
  private isStopped = false;

  constructor(options: ExportPipelineOptions) {
    this.options = options;
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
    for (let row = 0; row < batch.count; row++) {
      const kind = batch.kind[row];
      if (kind === EntryKind.RdbValue) {
        const isWanted = filter.wants(batch.database[row], kindOfType(batch.type[row]), batch.bytes, batch.keyStart[row], batch.keyEnd[row]);
        if (!isWanted) this.filtered++;
        else if (taker.row(batch, row)) this.keys++;
      } else if (kind === EntryKind.Command) {
        if (filter.asksForKeys) throw cannotFilter();
        if (filter.wantsDatabase(batch.database[row]) && taker.row(batch, row)) this.commands++;
      } else if (!filter.isActive) taker.row(batch, row);
      if (taker.buffer.length >= FLUSH_BYTES) await this.empty(taker, FLUSH_BYTES);
    }
  }

  private async takeLarge(step: LargeStep, taker: ExportTaker): Promise<void> {
    const { filter } = this.options;
    const { kind, database, type, key } = step.entry;
    if (kind !== EntryKind.RdbValue) {
      if (!filter.isActive) await taker.large(step, () => this.empty(taker, FLUSH_BYTES));
    } else if (!filter.wants(database, kindOfType(type), key, 0, key.length)) this.filtered++;
    else if (await taker.large(step, () => this.empty(taker, FLUSH_BYTES))) this.keys++;
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

function cannotFilter(): GodwitError {
  return new GodwitError('COMMANDS_NOT_EXPORTABLE', 'the file holds commands, which cannot be chosen by the prefix or type of a key', {
    fix: 'Leave --prefix and --type out; --db works for commands too.',
  });
}
