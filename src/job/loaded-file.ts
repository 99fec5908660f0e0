/**
 * The file of a load: opened once to see what it is, and again wherever a mark says; compared with the one that a mark speaks of. Standard input can be opened
 * once, and an earlier run that read it can be followed only from the begin, while nothing but values of a snapshot was applied.
 */
import type { Readable } from 'node:stream';
import type { FileMark, Mark } from '../checkpoint/mark.ts';
import type { LoadConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { differenceOf, type FileIdentity } from '../source/file/file-identity.ts';
import { Pace } from '../pipeline/pace.ts';
import { type BadLine, type FilePosition, type FileSource, WINDOW_BYTES } from '../source/file/file-source.ts';
import { openFileSource } from '../source/open-file-source.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';

const SAVE_FIRST = 'Save it as a file, empty the target, and load the file: that can be gone on with.';

/** Where a limit of the rate wants little at once. */
const WINDOW_BYTES_MIN = 1024;

export class LoadedFile {
  /** For people. */
  name: string;
  /** Known behind look(). */
  kind: FileSource['kind'] = 'rdb';
  private readonly config: LoadConfig;
  private readonly stdin: Readable;
  private identity: FileIdentity | undefined;
  private opened: FileSource | undefined;
  private readonly deadLetters: DeadLetterFile;
  /** Offsets of those that are written down: after a break they are met again. */
  private readonly badLines = new Set<number>();

  constructor(config: LoadConfig, stdin: Readable, deadLetters: DeadLetterFile) {
    this.deadLetters = deadLetters;
    this.config = config;
    this.stdin = stdin;
    this.name = config.load.file === '-' ? 'standard input' : '';
  }

  get canBeReadAgain(): boolean {
    return this.config.load.file !== '-';
  }

  /** Finds out what it is. @throws GodwitError of the file; CONFIG_INVALID for a point in time in a snapshot */
  async look(): Promise<void> {
    const source = await this.open(null);
    this.opened = source;
    this.name = source.name;
    this.kind = source.kind;
    if (source.kind !== 'aof' && this.config.load.untilMs >= 0) {
      throw new GodwitError(
        'CONFIG_INVALID',
        `load.until is given, and ${source.name} is ${source.kind === 'rdb' ? 'a snapshot' : 'JSON'}, which has no points in time`,
        {
          fix: 'Leave it out, or load the AOF.',
        },
      );
    }
    this.identity = await source.identity();
  }

  /** @throws FILE_CHANGED, MARK_INVALID, POSITION_LOST if the job of the mark cannot go on with this file */
  checkMark(mark: Mark, key: string): void {
    const { job } = this.config;
    if (mark.file === undefined) {
      throw new GodwitError('MARK_INVALID', `the mark ${key} at the target is of a sync of a running source`, { fix: 'Give this load another name (--job).' });
    }
    const difference = differenceOf(JSON.parse(mark.file.identity) as FileIdentity, this.identity as FileIdentity);
    if (difference !== undefined) {
      throw new GodwitError('FILE_CHANGED', `the job ${job.name} loads another file: this one ${difference}`, {
        fix: 'Give the file that it began with; or another name (--job); or end that job first: `godwit load FILE --target URL --finish`.',
        details: { job: job.name, file: this.name },
      });
    }
    if (this.canBeReadAgain) return;
    if (mark.file.done)
      throw new GodwitError('POSITION_LOST', `the job ${job.name} has loaded this already`, { fix: 'To load more, give another name (--job).' });
    // What a function makes of values is no less a command.
    if (mark.phase === 'full-sync' && (this.config.rules?.function ?? null) === null) return;
    throw new GodwitError('POSITION_LOST', `commands from standard input were applied by an earlier run of the job ${job.name}, and would be applied twice`, {
      fix: SAVE_FIRST,
    });
  }

  /** What the mark says of the file when this run takes over. */
  markAfter(before: Mark | undefined): FileMark {
    const position = this.canBeReadAgain ? (before?.file?.position ?? '') : '';
    return { identity: JSON.stringify(this.identity), position, done: before?.file?.done ?? false };
  }

  /** @throws GodwitError of the file; POSITION_LOST where it was read already and can be read only once */
  async openAt(from: FilePosition | null): Promise<FileSource> {
    const { opened } = this;
    this.opened = undefined;
    if (from === null && opened !== undefined) return opened;
    await opened?.close();
    if (!this.canBeReadAgain) {
      throw new GodwitError('POSITION_LOST', 'the target has to be brought more of what was read from standard input, which cannot be read again', {
        fix: SAVE_FIRST,
      });
    }
    const source = await this.openAgain(from);
    const difference = differenceOf(this.identity as FileIdentity, await source.identity());
    if (difference === undefined) return source;
    await source.close();
    throw new GodwitError('FILE_CHANGED', `the file has become another one while it was loaded: it ${difference}`);
  }

  async close(): Promise<void> {
    await this.opened?.close();
    this.opened = undefined;
  }

  /** Waiting does not help where a file is concerned: its readers have tried again already. */
  private async openAgain(from: FilePosition | null): Promise<FileSource> {
    try {
      return await this.open(from);
    } catch (caught) {
      if (!(caught instanceof GodwitError) || !caught.retryable) throw caught;
      throw new GodwitError(caught.code, caught.message, { retryable: false, fix: caught.fix, details: caught.details, cause: caught });
    }
  }

  private open(from: FilePosition | null): Promise<FileSource> {
    const { load, checkpoint } = this.config;
    return openFileSource(load.file, {
      stdin: this.stdin,
      windowBytes: new Pace(this.config.rate).windowBytes(WINDOW_BYTES, WINDOW_BYTES_MIN),
      from,
      hiddenKeyPrefix: Buffer.from(`${checkpoint.prefix}:`),
      ...(load.format === 'auto' ? {} : { format: load.format }),
      ...(this.config.sync.onError === 'stop' ? {} : { onBadLine: (line: BadLine) => this.leaveOut(line) }),
      onTruncated: load.onTruncated === 'error' ? 'error' : 'stop',
      ...(load.untilMs < 0 ? {} : { untilMs: load.untilMs }),
    });
  }

  private async leaveOut({ offset, line, error, text }: BadLine): Promise<void> {
    if (this.badLines.has(offset)) return;
    this.badLines.add(offset);
    await this.deadLetters.write([{ offset, line, database: -1, error: error.message, command: text }]);
  }
}
