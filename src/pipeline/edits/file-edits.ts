/** The rules of a job on what is read of a file: what a step of it becomes before it is sent. Letters are written down here, before a mark stands behind the step. */
import type { CommandTally } from '../../command/command-tally.ts';
import { toGodwitError } from '../../errors/errors.ts';
import type { Batch } from '../../model/batch.ts';
import type { FileSource, LargeStep } from '../../source/file/file-source.ts';
import type { LargeEntry } from '../../rdb/large-entry.ts';
import type { RestoreOptions } from '../../target/batch-buffer.ts';
import { headOfLarge } from '../large-value.ts';
import { countRead } from './count-read.ts';
import type { Edited, Edits } from './edits.ts';
import type { LettersOnce } from './letters-once.ts';

export interface FileEditsOptions {
  readonly edits: Edits;
  readonly restore: RestoreOptions;
  readonly letters: LettersOnce;
  /** What of the stream is read is counted there. */
  readonly tally: CommandTally;
  /** The function fails for a value, or is not given it: an error, or a letter. */
  readonly onError: 'stop' | 'dead-letter';
}

/** What a large value becomes: itself under its new name, commands, or nothing. */
export type EditedLarge =
  | { readonly kind: 'value'; readonly entry: LargeEntry }
  | { readonly kind: 'commands'; readonly batch: Batch }
  | { readonly kind: 'nothing' };

export class FileEdits {
  private readonly options: FileEditsOptions;

  constructor(options: FileEditsOptions) {
    this.options = options;
  }

  /** Values become commands. */
  get hasFunction(): boolean {
    return this.options.edits.hasFunction;
  }

  /** @param nowMs what expiries are held against, too. The rows are valid until the next call. */
  async values(batch: Batch, source: FileSource, nowMs: number): Promise<Batch> {
    const { edits, restore } = this.options;
    return this.kept(source, edits.values(batch, source, restore, nowMs));
  }

  async commands(batch: Batch, source: FileSource, nowMs: number): Promise<Batch> {
    countRead(batch, this.options.tally);
    return this.kept(source, this.options.edits.commands(batch, nowMs));
  }

  async large({ entry, cursor }: LargeStep, source: FileSource, nowMs: number): Promise<EditedLarge> {
    const { edits, restore, onError } = this.options;
    const head = edits.moduleNameMatters(entry.type) ? await headOfLarge(entry, cursor) : undefined;
    const left = edits.large(entry, nowMs, head);
    if (left === null) return { kind: 'nothing' };
    if (!edits.hasFunction) return { kind: 'value', entry: left };
    try {
      const rows = await edits.rowsOf(restore).ofLarge(left, source, cursor, nowMs);
      if (rows === null) return { kind: 'nothing' };
      return { kind: 'commands', batch: await this.kept(source, edits.call(rows, true)) };
    } catch (caught) {
      const error = toGodwitError(caught);
      if (error.code !== 'TRANSFORM_FAILED' || onError === 'stop') throw error;
      const letter = { offset: entry.valueEnd, database: entry.database, error: error.message, command: new Uint8Array(0) };
      await this.options.letters.write(source.position.part, [letter]);
      return { kind: 'nothing' };
    }
  }

  /** Nothing of a step is sent for which the function fails: the mark can only stand before it. */
  private async kept(source: FileSource, { batch, letters, failure }: Edited): Promise<Batch> {
    await this.options.letters.write(source.position.part, letters);
    if (failure !== undefined) throw failure.error;
    return batch;
  }
}
