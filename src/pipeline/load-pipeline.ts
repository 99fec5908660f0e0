/**
 * One file to one target. As in a sync there is one recovery for whatever breaks at the target: wait until it is ready, read the mark, open the file where it
 * says, go on. Errors of the file are the end.
 *
 *   FileSource.next() -> rows of a snapshot -> ValueSender  -> BatchSender -> target
 *                     -> commands -> StreamTranslation ------^   each batch in a transaction with its mark
 *
 * Invariants: commands go in transactions alone, so that the mark says exactly which are applied, and none is ever sent twice; values of a snapshot may be. What
 * cannot be gone back in (standard input) is begun anew only by another run, and only while nothing but values of a snapshot was applied.
 */
import { CommandTally } from '../command/command-tally.ts';
import { Deferred } from '../async/deferred.ts';
import { type Mark, withRules } from '../checkpoint/mark.ts';
import type { MarkStore } from '../checkpoint/mark-store.ts';
import type { LoadConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { endpointName } from '../model/endpoint.ts';
import type { Connection } from '../net/connection.ts';
import type { Logger } from '../observe/log.ts';
import type { EndStep, FilePosition, FileProgress, FileSource } from '../source/file/file-source.ts';
import type { RestoreOptions } from '../target/batch-buffer.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import { BatchSender } from './batch-sender.ts';
import type { SentPosition } from './delivery.ts';
import { FileApplier } from './file-applier.ts';
import type { Edits } from './edits/edits.ts';
import { FileEdits } from './edits/file-edits.ts';
import { LettersOnce } from './edits/letters-once.ts';
import { AnsweredCounts, type LoadCounts, NOTHING_LOADED } from './load-counts.ts';
import { HeldKeys } from './held-keys.ts';
import { againAndAgain } from './again-and-again.ts';
import type { Pace } from './pace.ts';
import { Ownership } from './ownership.ts';
import { Refusals } from './refusals.ts';
import { StreamTranslation } from './stream-translation.ts';
import { settleInTime } from './settle-in-time.ts';

export interface LoadPipelineOptions {
  readonly config: LoadConfig;
  readonly connection: Connection;
  readonly store: MarkStore;
  readonly mark: Mark;
  /** Opens the file at a position. @throws GodwitError also when it cannot be opened again */
  openAt(from: FilePosition | null): Promise<FileSource>;
  /** Keys that the target holds, in all databases. */
  keyCount(): Promise<number>;
  readonly deadLetters: DeadLetterFile;
  /** What passes, and what is made of it; null = everything, as it is. */
  readonly edits: Edits | null;
  /** Of the rules that the edits are made of. */
  readonly rulesDigest: string | undefined;
  readonly restore: RestoreOptions;
  readonly valueBytesMax: number;
  readonly pace: Pace;
  /** Older owners are known to be cut off: what may be applied twice need not go in transactions. */
  readonly plainBatches: boolean;
  readonly log: Logger;
  onEvent(level: 'info' | 'warn' | 'error', kind: string, message: string, details?: Record<string, unknown>): void;
}

export class LoadPipeline {
  /** The mark that the target holds. */
  mark: Mark;
  markAt = 0;
  /** In this run, up to what is answered; after a break it goes back to the mark. */
  applied: LoadCounts = NOTHING_LOADED;
  phase: Mark['phase'];
  retried = 0;
  /** What the file ended with; null while it has not. */
  end: EndStep | null = null;
  readonly tally = new CommandTally();
  private readonly options: LoadPipelineOptions;
  private readonly ownership: Ownership;
  private readonly leftOut = new Set<string>();
  private readonly fileEdits: FileEdits | null;
  private readonly held = new HeldKeys(Date.now());
  private readonly ended = new Deferred<void>();
  private plainBatches: boolean;
  private stopping = false;
  private marked: LoadCounts = NOTHING_LOADED;
  private source: FileSource | undefined;
  private applier: FileApplier | undefined;

  constructor(options: LoadPipelineOptions) {
    this.options = options;
    this.ownership = new Ownership(options);
    this.plainBatches = options.plainBatches;
    this.mark = options.mark;
    this.phase = options.mark.phase;
    const { edits, restore, deadLetters, config } = options;
    this.fileEdits = edits && new FileEdits({ edits, restore, tally: this.tally, letters: new LettersOnce(deadLetters), onError: config.sync.onError });
  }

  get edits(): Edits | null {
    return this.options.edits;
  }

  /** Values of a snapshot that had expired before they were applied, and keys that were held and not renewed. */
  get expired(): number {
    return (this.applier?.expired ?? 0) + this.held.removed;
  }

  /** How far the file is read, and what kind of file it is. */
  get progress(): FileProgress {
    return this.source?.progress ?? { bytes: 0, bytesTotal: -1 };
  }

  get rdbVersion(): number {
    return this.source?.rdbVersion ?? 0;
  }

  /** Tells from now on whether the mark covers what is applied by now. */
  markGoal(): () => boolean {
    const { keys, commands } = this.applied;
    return () => this.marked.keys >= keys && this.marked.commands >= commands;
  }

  /** Runs to the end of the file, or until stop(). */
  async run(): Promise<'stopped' | 'loaded'> {
    const { config, log, onEvent } = this.options;
    return againAndAgain(() => this.loadOnce(), {
      address: endpointName(config.target),
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
    this.applier?.fail(new GodwitError('CONNECTION_LOST', 'the job is stopped'));
  }

  private async loadOnce(): Promise<'stopped' | 'loaded' | 'again'> {
    const { connection, config } = this.options;
    await Promise.race([connection.ready(), this.ended.promise]);
    const { gate } = this.options.pace;
    if (gate.isClosed) await gate.passage();
    if (this.stopping) return 'stopped';
    const { generation } = connection;
    if (connection.server.role === 'replica') {
      throw new GodwitError('TARGET_NOT_READY', `target ${endpointName(config.target)} is a replica now; it takes no writes`);
    }
    await connection.callAll([['DISCARD'], ['UNWATCH']]);
    const { found, othersCutOff } = await this.ownership.readMark(this.mark.epoch);
    if (!othersCutOff) this.plainBatches = false;
    if (found === undefined) {
      const { file } = this.mark;
      await this.mustBeEmpty();
      this.mark = await this.ownership.beginAnew({ ...this.mark, file: file && { ...file, position: '', done: false } });
      this.marked = NOTHING_LOADED;
      return 'again';
    }
    if (found.epoch < this.mark.epoch) {
      await this.ownership.takeOverAgain(this.mark.epoch);
      return 'again';
    }
    this.mark = withRules(found, this.options.rulesDigest);
    this.phase = found.phase;
    this.applied = this.marked;
    const position = found.file?.position ?? '';
    const source = await this.options.openAt(position === '' ? null : (JSON.parse(position) as FilePosition));
    this.source = source;
    try {
      return await this.send(source, this.mark, generation);
    } finally {
      await source.close().catch(() => {});
    }
  }

  /** Beginning anew applies all commands again: only a target that has lost everything may have that. @throws POSITION_LOST */
  private async mustBeEmpty(): Promise<void> {
    const keys = this.mark.phase === 'full-sync' ? 0 : await this.options.keyCount();
    if (keys === 0) return;
    throw new GodwitError(
      'POSITION_LOST',
      `the mark ${this.options.store.key} is gone from the target, and ${keys} keys are there: what is applied is not known`,
      {
        fix: 'Empty the target and load the file anew.',
        details: { keys },
      },
    );
  }

  private async send(source: FileSource, from: Mark, generation: number): Promise<'stopped' | 'loaded'> {
    const { connection } = this.options;
    const { applier, sender } = this.newApplier(source, from);
    this.applier = applier;
    const unlisten = connection.events.on('lost', ({ error }) => sender.fail(error));
    if (connection.generation !== generation || !connection.isReady) sender.fail(new GodwitError('CONNECTION_LOST', 'the target was connected anew'));
    try {
      this.end = await applier.apply(from);
      this.tellForgotten();
      return 'loaded';
    } catch (error) {
      if (!this.stopping) throw error;
      return 'stopped';
    } finally {
      unlisten();
      await settleInTime(sender);
      sender.close();
    }
  }

  private tellForgotten(): void {
    const { forgotten } = this.held;
    if (forgotten === 0) return;
    this.options.onEvent('warn', 'load.held', `${forgotten} keys that have expired will go from the target within an hour by themselves`, { forgotten });
  }

  private newApplier(source: FileSource, mark: Mark): { applier: FileApplier; sender: BatchSender } {
    const { connection, config, deadLetters, store, restore, valueBytesMax } = this.options;
    const { leftOut, plainBatches } = this;
    const { onError, onExisting, onUnsupported } = config.sync;
    const refusals = new Refusals({ address: endpointName(config.target), onError, onExisting, deadLetters, leftOut, replayUntil: () => 0 });
    const answered = new AnsweredCounts(this.applied);
    const sender = new BatchSender(
      {
        connection,
        markKey: store.key,
        refusals,
        pacer: this.options.pace.of(endpointName(config.target)),
        unansweredBytesMax: config.limits.unansweredBytesMax,
        fenced: (epoch) => store.fenced(epoch),
        onApplied: (position: SentPosition) => {
          this.applied = answered.reach(position);
          this.phase = position.mark.phase;
        },
        onMarked: ({ mark: reached }) => {
          this.mark = reached;
          this.markAt = Date.now();
          this.marked = answered.counts;
        },
        onFailed: (error) => applier.fail(error),
      },
      mark,
    );
    const applier = new FileApplier({
      source,
      sender,
      restore,
      leftOut,
      plainBatches,
      valueBytesMax,
      refusals,
      edits: this.fileEdits,
      wholeBytesMax: config.limits.valueBytesMax,
      translation: new StreamTranslation(connection.server.version, onUnsupported, restore.conversion.losses, { tally: this.tally }),
      stopping: () => this.stopping,
      held: this.held,
      connection,
      gate: this.options.pace.gate,
    });
    return { applier, sender };
  }
}
