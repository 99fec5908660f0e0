/**
 * One file to a target that is more than one address: a cluster, or the primary that sentinels name. There is one recovery for whatever breaks at the target, as in a
 * sync: wait until it is ready, read the marks, open the file where the least of them says, go on; what is known to be applied behind that is left out by slot.
 *
 *   FileSource.next() -> FileFeed -> Delivery -> target
 *
 * Invariant: rows are known by offsets that grow over all parts of the file (file-feed.ts), and that are the same in every attempt and run.
 */
import { Deferred } from '../async/deferred.ts';
import { type Mark, withRules } from '../checkpoint/mark.ts';
import { builtInCommands } from '../command/built-in-commands.ts';
import { CommandTally } from '../command/command-tally.ts';
import type { LoadConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import type { Logger } from '../observe/log.ts';
import type { EndStep, FilePosition, FileProgress, FileSource } from '../source/file/file-source.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import { againAndAgain } from './again-and-again.ts';
import type { Delivery, SentPosition } from './delivery.ts';
import { EditedDelivery } from './edits/edited-delivery.ts';
import type { Edits } from './edits/edits.ts';
import { LettersOnce } from './edits/letters-once.ts';
import { FileFeed, positionOfMark } from './file-feed.ts';
import { AnsweredCounts, type LoadCounts, NOTHING_LOADED } from './load-counts.ts';
import type { Pace } from './pace.ts';
import { PacedDelivery } from './paced-delivery.ts';
import type { TargetSide } from './target-side.ts';
import { settleInTime } from './settle-in-time.ts';

/** A run before this one can have sent no more than this behind its mark. */
const SENT_BEHIND_MARK_MAX = 256 * 1024 * 1024;
const HISTORY = 'file';

export interface PlacedLoadPipelineOptions {
  readonly config: LoadConfig;
  readonly target: TargetSide;
  readonly mark: Mark;
  /** Opens the file at a position. @throws GodwitError also when it cannot be opened again */
  openAt(from: FilePosition | null): Promise<FileSource>;
  readonly deadLetters: DeadLetterFile;
  /** What passes, and what is made of it; null = everything, as it is. */
  readonly edits: Edits | null;
  /** Of the rules that the edits are made of. */
  readonly rulesDigest: string | undefined;
  readonly pace: Pace;
  readonly log: Logger;
  onEvent(level: 'info' | 'warn' | 'error', kind: string, message: string, details?: Record<string, unknown>): void;
}

export class PlacedLoadPipeline {
  /** The mark that the target holds. */
  mark: Mark;
  markAt = 0;
  applied: LoadCounts = NOTHING_LOADED;
  phase: Mark['phase'];
  retried = 0;
  end: EndStep | null = null;
  readonly tally = new CommandTally();
  private readonly options: PlacedLoadPipelineOptions;
  private readonly leftOut = new Set<string>();
  private readonly ended = new Deferred<void>();
  private readonly letters: LettersOnce;
  private marked: LoadCounts = NOTHING_LOADED;
  private sentOffset: number;
  private stopping = false;
  private source: FileSource | undefined;
  private feed: FileFeed | undefined;

  constructor(options: PlacedLoadPipelineOptions) {
    const { mark, deadLetters } = options;
    this.options = options;
    this.mark = mark;
    this.phase = mark.phase;
    this.letters = new LettersOnce(deadLetters);
    this.sentOffset = mark.phase === 'incremental-sync' ? mark.offset + SENT_BEHIND_MARK_MAX : 0;
  }

  get edits(): Edits | null {
    return this.options.edits;
  }

  /** Values of a snapshot that had expired before they were applied. */
  get expired(): number {
    return this.feed?.expired ?? 0;
  }

  get progress(): FileProgress {
    return this.source?.progress ?? { bytes: 0, bytesTotal: -1 };
  }

  get rdbVersion(): number {
    return this.source?.rdbVersion ?? 0;
  }

  /** True once all that is applied now is marked. */
  markGoal(): () => boolean {
    const { keys, commands } = this.applied;
    return () => this.marked.keys >= keys && this.marked.commands >= commands;
  }

  /** Runs to the end of the file, or until stop(). */
  run(): Promise<'stopped' | 'loaded'> {
    const { target, log, onEvent } = this.options;
    return againAndAgain(() => this.attempt(), {
      address: target.address,
      log,
      isStopping: () => this.stopping,
      onRetry: () => this.retried++,
      onEvent,
    });
  }

  /** Ends between two batches: what is in flight is answered and its mark is written. */
  stop(): void {
    this.stopping = true;
    this.ended.resolve();
    this.feed?.fail(new GodwitError('CONNECTION_LOST', 'the job is stopped'));
  }

  private async attempt(): Promise<'stopped' | 'loaded' | 'again'> {
    const { target, rulesDigest } = this.options;
    await Promise.race([target.ready(), this.ended.promise]);
    if (this.stopping) return 'stopped';
    let found = await target.readMark(this.mark.epoch);
    if (found === undefined) {
      this.mark = await this.beginAnew();
      return 'again';
    }
    if (found.epoch < this.mark.epoch) {
      await target.takeOverAgain(this.mark.epoch);
      return 'again';
    }
    const file = found.file ?? this.mark.file;
    found = withRules({ ...found, file }, rulesDigest);
    if (found.snapshotId === 0) {
      const fresh = { ...found, file: file && { ...file, position: '', done: false } };
      found = await target.beginFullSync(fresh, { replicationId: HISTORY, offset: 0, length: -1, complete: true, startedAt: Date.now() });
      this.marked = NOTHING_LOADED;
    }
    this.mark = found;
    this.phase = found.phase;
    this.applied = this.marked;
    const source = await this.options.openAt(positionOfMark(found));
    this.source = source;
    try {
      return await this.bring(source, found);
    } finally {
      await source.close().catch(() => {});
    }
  }

  /** What commands have made is made once more only of nothing. @throws POSITION_LOST */
  private beginAnew(): Promise<Mark> {
    const { target } = this.options;
    const { owned, phase, file } = this.mark;
    if (owned || phase === 'full-sync') return target.beginAnew({ ...this.mark, file: file && { ...file, position: '', done: false } });
    throw new GodwitError('POSITION_LOST', `marks are gone from target ${target.address}, which held keys before the load: what is applied is not known`, {
      fix: 'Empty the target and load the file anew.',
    });
  }

  private async bring(source: FileSource, from: Mark): Promise<'stopped' | 'loaded'> {
    const delivery = this.open(from);
    const feed = new FileFeed({ source, delivery, stopping: () => this.stopping }, from);
    this.feed = feed;
    try {
      this.end = await feed.bring();
      if (feed.held > 0) {
        const { held } = feed;
        this.options.onEvent('warn', 'load.held', `${held} keys that have expired will go from the target within an hour by themselves`, { held });
      }
      return 'loaded';
    } catch (error) {
      if (!this.stopping) throw error;
      return 'stopped';
    } finally {
      if (this.phase === 'incremental-sync') this.sentOffset = Math.max(this.sentOffset, delivery.sentOffset);
      await settleInTime(delivery);
      delivery.close();
    }
  }

  private open(from: Mark): Delivery {
    const { target, edits, pace, config } = this.options;
    const answered = new AnsweredCounts(this.applied);
    const opened = target.open(from, {
      leftOut: this.leftOut,
      replayUntil: this.sentOffset,
      table: builtInCommands,
      tally: this.tally,
      replaceFunctions: false,
      stopping: () => this.stopping,
      onApplied: (position: SentPosition) => {
        this.applied = answered.reach(position);
        this.phase = position.mark.phase;
      },
      onMarked: ({ mark }: SentPosition) => {
        this.mark = mark;
        this.markAt = Date.now();
        this.marked = answered.counts;
      },
      onFailed: (error) => this.feed?.fail(error),
    });
    const { onError } = config.sync;
    const edited =
      edits === null ? opened : new EditedDelivery({ delivery: opened, edits, restore: target.restore, tally: this.tally, letters: this.letters, onError });
    return new PacedDelivery(edited, pace);
  }
}
