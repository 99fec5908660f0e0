/**
 * One place of the source and the target, end to end. Two loops run beside each other: the replica link receives into the spool, and the applier brings it from there to
 * the target. There is one recovery for whatever breaks at the target: wait until it is ready, read the mark, go back to where it says, go on.
 *
 *   source -> ReplicaLink -> SyncSpool (rdb, stream) -> Applier -> Delivery -> target
 *                 ^                                        ^ mark: where to begin
 *                 +---- restart(): PSYNC from the mark ----+
 */
import { type Clock, systemClock } from '../async/clock.ts';
import { CommandTally } from '../command/command-tally.ts';
import { Deferred } from '../async/deferred.ts';
import type { CommandTable } from '../command/command-table.ts';
import { type Mark, withRules } from '../checkpoint/mark.ts';
import type { SyncConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { KeyShare } from '../model/key-share.ts';
import type { Logger } from '../observe/log.ts';
import { ReplicaLink, type ReplicaLinkOwner } from '../source/replica/replica-link.ts';
import type { SnapshotTurns } from '../source/replica/snapshot-turns.ts';
import type { SpoolLog } from '../source/replica/spool/spool-log.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import { psyncNames } from '../source/replica/psync-names.ts';
import { Applier } from './applier.ts';
import { againAndAgain } from './again-and-again.ts';
import type { Delivery, SentPosition } from './delivery.ts';
import { EditedDelivery } from './edits/edited-delivery.ts';
import type { Edits } from './edits/edits.ts';
import { LettersOnce } from './edits/letters-once.ts';
import { LastCall } from './last-call.ts';
import { lesserLimit } from './lesser-limit.ts';
import type { MendLine } from './mending/mend-line.ts';
import type { Pace } from './pace.ts';
import { PacedDelivery } from './paced-delivery.ts';
import { RecentHolds } from './recent-holds.ts';
import { SharedDelivery } from './shared-delivery.ts';
import type { Snapshot, SyncSpool } from './sync-spool.ts';
import type { TargetSide } from './target-side.ts';

/** The time that the target has for its last answers when the job ends. */
const SETTLE_MS = 5000;
const FLUSHED_LOOK_MS = 20;

export interface SyncPipelineOptions {
  readonly config: SyncConfig;
  /** Where the source is now. */
  readonly locate: () => Promise<Endpoint>;
  readonly turns: SnapshotTurns;
  /** Of the keys at the target; others of the job bring the rest. */
  readonly share: KeyShare;
  readonly target: TargetSide;
  /** What passes, and what is made of it; null = everything, as it is. */
  readonly edits: Edits | null;
  /** Of the rules that the edits are made of. */
  readonly rulesDigest: string | undefined;
  readonly deadLetters: DeadLetterFile;
  /** Of the job. */
  readonly pace: Pace;
  readonly spool: SyncSpool;
  readonly mark: Mark;
  readonly valueBytesMax: number;
  /** The commands that the source knows. */
  readonly table: CommandTable;
  /** Where the source stood when this run began: no earlier run has sent anything behind it. */
  readonly sourceOffset: number;
  /** Keys that are brought anew within the stream. */
  readonly mends: MendLine;
  readonly log: Logger;
  readonly sourceVersion: () => string;
  readonly sourceTimeoutMs: () => number;
  readonly clock?: Clock;
  onEvent(level: 'info' | 'warn' | 'error', kind: string, message: string, details?: Record<string, unknown>): void;
}

export class SyncPipeline implements ReplicaLinkOwner {
  readonly link: ReplicaLink;
  /** The mark that the target holds. */
  mark: Mark;
  markAt = 0;
  /** Everything up to here is applied; after a break it goes back to the mark. */
  applied: Mark;
  keysApplied = 0;
  keysSkipped = 0;
  commandsApplied = 0;
  retried = 0;
  readonly holds = new RecentHolds();
  /** At the end of a run: the target's mark tells all that is applied. */
  isSettled = false;
  private readonly options: SyncPipelineOptions;
  private readonly leftOut = new Set<string>();
  private readonly letters: LettersOnce;
  /** keysApplied as of the mark, and when the present sender began. */
  private keysMarked = 0;
  private keysBefore = { applied: 0, skipped: 0, commands: 0 };
  private replayUntil: number;
  private readonly ended = new Deferred<void>();
  private stopping = false;
  /** When waiting for the target's last answers ends. */
  private readonly lastCall: LastCall;
  private applier: Applier | undefined;
  private shared: SharedDelivery | undefined;
  /** Set when the link has to ask from the mark instead of from the end of the stream log. */
  private fromMark = false;
  readonly tally = new CommandTally();
  private synced = new Deferred<void>();
  private received = new Deferred<void>();
  /** The target is being prepared for another snapshot than the mark speaks of. */
  private needFullSync: boolean;

  constructor(options: SyncPipelineOptions) {
    this.options = options;
    this.lastCall = new LastCall(options.clock ?? systemClock, SETTLE_MS);
    this.mark = options.mark;
    this.applied = options.mark;
    this.letters = new LettersOnce(options.deadLetters);
    this.replayUntil = options.sourceOffset;
    this.needFullSync = options.mark.replicationId === '' || (options.mark.phase === 'full-sync' && options.spool.rdb === undefined);
    if (options.spool.snapshot?.complete === true) this.received.resolve();
    this.link = new ReplicaLink({
      locate: options.locate,
      turns: options.turns,
      reconnect: options.config.reconnect,
      owner: this,
      log: options.log,
      psyncName: psyncNames(options.config.psyncCommands),
      serverVersion: options.sourceVersion,
      timeoutMs: options.sourceTimeoutMs,
    });
  }

  get edits(): Edits | null {
    return this.options.edits;
  }

  /** Runs until stop(), or until the full sync is applied when that is asked for. */
  async run(): Promise<'stopped' | 'full-sync-done'> {
    const link = this.link.run();
    const linkFailed = new Promise<never>((_resolve, reject) => link.catch(reject));
    const apply = this.applyLoop();
    apply.catch(() => {});
    try {
      return await Promise.race([apply, linkFailed, this.ended.promise.then(() => this.lastCall.inTime(apply, 'stopped' as const))]);
    } catch (error) {
      // An owner that came later may have taken the spool away before this run has met its mark: that is the reason then, whatever failed.
      throw (await this.lastCall.inTime(this.options.target.takenOver(this.mark.epoch), undefined).catch(() => undefined)) ?? error;
    } finally {
      this.stop();
      await link.catch(() => {});
      await this.lastCall.inTime(
        apply.catch(() => {}),
        undefined,
      );
      await this.options.spool.close(true);
    }
  }

  /** Ends between two batches: what is in flight is answered and its mark is written. */
  stop(): void {
    this.stopping = true;
    this.link.stop();
    const over = new GodwitError('CONNECTION_LOST', 'the job is stopped');
    this.synced.reject(over);
    this.received.reject(over);
    this.applier?.fail(over);
    this.ended.resolve();
  }

  /** All that comes from here on is another one's by now, or was: a new full sync begins, whatever the source could go on from. */
  beginAnew(reason: string): void {
    if (!this.stopping) this.askAgain(reason, true);
  }

  /** The mark is to tell soon all that is applied by now. */
  markNow(): void {
    this.applier?.markNow();
  }

  /** Resolves when what was handed on by now is applied, or will not be any more: an attempt that has ended sends nothing. */
  async flushed(): Promise<void> {
    const { shared } = this;
    if (shared === undefined) return;
    const { sent } = shared;
    const isThere = ({ phase, offset, rdbOffset }: Mark): boolean =>
      phase === 'full-sync' ? sent.phase === 'full-sync' && rdbOffset >= sent.rdbOffset : sent.phase === 'full-sync' || offset >= sent.offset;
    while (!this.stopping && this.shared === shared && !isThere(this.applied)) await new Promise((resolve) => setTimeout(resolve, FLUSHED_LOOK_MS));
  }

  position(): { replicationId: string; offset: number } | undefined {
    const { spool } = this.options;
    if (this.needFullSync) return undefined;
    if (spool.snapshot !== undefined && !spool.snapshot.complete) return undefined;
    if (this.fromMark || spool.stream === undefined) return this.mark.replicationId === '' ? undefined : this.mark;
    return { replicationId: spool.replicationId, offset: spool.stream.endOffset };
  }

  async onFullResync(replicationId: string, offset: number): Promise<SpoolLog> {
    const { config, spool, onEvent } = this.options;
    if (this.mark.phase === 'incremental-sync' && !this.needFullSync) {
      if (config.sync.onLostPosition === 'stop') {
        throw new GodwitError('POSITION_LOST', `the source cannot continue from offset ${this.mark.offset}: its backlog no longer reaches back to it`);
      }
      onEvent('warn', 'position.lost', 'the source cannot continue from the mark: a new full sync begins', { offset: this.mark.offset });
    }
    this.needFullSync = false;
    this.fromMark = false;
    this.received.reject(new GodwitError('POSITION_LOST', 'a new full sync has begun', { retryable: true }));
    this.received = new Deferred();
    const log = await spool.beginSnapshot(replicationId, offset);
    this.synced.resolve();
    return log;
  }

  async onSnapshotEnd(bytes: number, checksumOk: boolean): Promise<SpoolLog> {
    if (!checksumOk) throw new GodwitError('RDB_CHECKSUM', `the checksum of the snapshot (${bytes} bytes) is wrong`);
    const stream = await this.options.spool.endSnapshot(bytes);
    this.received.resolve();
    return stream;
  }

  async onContinue(replicationId: string, offset: number): Promise<SpoolLog> {
    this.fromMark = false;
    const log = await this.options.spool.beginStream(replicationId, offset);
    this.synced.resolve();
    return log;
  }

  appliedOffset(): number {
    return this.applied.offset;
  }

  onSnapshotSize(bytes: number): void {
    if (this.options.spool.snapshot !== undefined) this.options.spool.snapshot.length = bytes;
  }

  private async applyLoop(): Promise<'stopped' | 'full-sync-done'> {
    const { target, log, onEvent } = this.options;
    return againAndAgain(() => this.applyOnce(), {
      address: target.address,
      log,
      isStopping: () => this.stopping,
      onRetry: () => this.retried++,
      onEvent,
    });
  }

  private async applyOnce(): Promise<'stopped' | 'full-sync-done' | 'again'> {
    const { target, spool, pace } = this.options;
    const { gate } = pace;
    await Promise.race([target.ready(), this.ended.promise]);
    if (gate.isClosed) await gate.passage();
    if (this.stopping) return 'stopped';
    const found = withRules(await target.readMark(this.mark.epoch), this.options.rulesDigest);
    if (found === undefined) {
      this.mark = await target.beginAnew(this.mark);
      return this.askAgain('the target has lost its data', true);
    }
    if (found.epoch < this.mark.epoch) {
      await target.takeOverAgain(this.mark.epoch);
      return 'again';
    }
    this.mark = found;
    this.applied = found;
    this.keysApplied = this.keysMarked;
    await this.synced.promise;
    if (gate.isClosed) await gate.passage();
    const { snapshot } = spool;
    // The mark can stand on another snapshot than the one at hand.
    const mark = snapshot !== undefined && found.snapshotId !== snapshot.startedAt ? await this.beginFullSync(found, snapshot) : found;
    // Another one has begun meanwhile: its bytes do not stand for this mark.
    if (spool.snapshot !== snapshot) return 'again';
    const { applier, delivery } = this.begin(mark);
    this.applier = applier;
    try {
      return await this.apply(applier, mark);
    } catch (error) {
      if (!this.stopping) throw error;
      return 'stopped';
    } finally {
      if (this.stopping) await delivery.settled().catch(() => {});
      this.isSettled = delivery.isSettled;
      this.replayUntil = Math.max(this.replayUntil, delivery.sentOffset);
      delivery.close();
    }
  }

  private async apply(applier: Applier, mark: Mark): Promise<'stopped' | 'full-sync-done' | 'again'> {
    const { spool, config } = this.options;
    let from = mark;
    if (from.phase === 'full-sync') {
      if (spool.rdb === undefined || from.rdbOffset < spool.rdb.startOffset) return this.askAgain('the snapshot is no longer held', true);
      from = await applier.fullSync(spool.rdb, from, this.received.promise);
      if (this.stopping) return 'stopped';
      this.options.onEvent('info', 'full-sync.done', 'the full sync is applied', { keys: this.keysApplied });
    }
    if (config.sync.stopAfter === 'full-sync') return 'full-sync-done';
    return this.follow(applier, from);
  }

  private async follow(applier: Applier, from: Mark): Promise<'stopped' | 'again'> {
    const { stream } = this.options.spool;
    if (stream === undefined) return this.askAgain('there is no stream yet', false);
    if (from.offset < stream.startOffset || from.offset > stream.endOffset) return this.askAgain('the stream is needed from the mark on', false);
    stream.acknowledge(from.offset);
    await applier.incrementalSync(stream, { ...from, replicationId: this.options.spool.replicationId || from.replicationId });
    return 'stopped';
  }

  /** Makes the link go to the source again: from the mark, or for a new snapshot. */
  private askAgain(reason: string, full: boolean): 'again' {
    this.synced = new Deferred();
    if (full) this.needFullSync = true;
    else this.fromMark = true;
    this.link.restart(reason);
    return 'again';
  }

  private async beginFullSync(before: Mark, snapshot: Snapshot): Promise<Mark> {
    this.mark = await this.options.target.beginFullSync(before, snapshot);
    this.applied = this.mark;
    this.keysApplied = 0;
    this.keysMarked = 0;
    return this.mark;
  }

  private begin(mark: Mark): { applier: Applier; delivery: Delivery } {
    const { target, config, valueBytesMax } = this.options;
    this.keysBefore = { applied: this.keysApplied, skipped: this.keysSkipped, commands: this.commandsApplied };
    const stopping = (): boolean => this.stopping;
    const attempt: { error?: GodwitError; applier?: Applier } = {};
    const opened = target.open(mark, {
      leftOut: this.leftOut,
      replayUntil: this.replayUntil,
      table: this.options.table,
      tally: this.tally,
      replaceFunctions: this.options.share.kind !== 'all',
      stopping,
      onHeld: (database, key, expiryMs, heldMs) => this.holds.add(database, key, expiryMs, heldMs),
      onApplied: (position) => this.onApplied(position),
      onMarked: (position) => this.onMarked(position),
      onFailed: (error) => {
        attempt.error = error;
        attempt.applier?.fail(error);
      },
    });
    const { share, edits } = this.options;
    this.shared = share.kind === 'all' ? undefined : new SharedDelivery({ delivery: opened, target, from: mark, share });
    const shared = this.shared ?? opened;
    const [{ letters, tally }, { onError }] = [this, config.sync];
    const edited = edits === null ? shared : new EditedDelivery({ delivery: shared, edits, restore: target.restore, tally, letters, onError });
    const delivery = new PacedDelivery(edited, this.options.pace);
    const applier = new Applier({
      delivery,
      prefix: `${config.checkpoint.prefix}:`,
      valueBytesMax: lesserLimit(valueBytesMax, config.limits.valueBytesMax),
      roundTripMs: target.roundTripMs,
      stopping,
      mends: this.options.mends,
      mendTarget: { delivery: new PacedDelivery(shared, this.options.pace), edits, restore: target.restore, valueBytesMax },
    });
    attempt.applier = applier;
    if (attempt.error !== undefined) applier.fail(attempt.error);
    return { applier, delivery };
  }

  private onApplied({ mark, rows, skipped }: SentPosition): void {
    this.applied = mark;
    if (mark.phase === 'full-sync') {
      this.keysApplied = this.keysBefore.applied + rows;
      this.keysSkipped = this.keysBefore.skipped + skipped;
    } else this.commandsApplied = this.keysBefore.commands + rows - (this.keysApplied - this.keysBefore.applied);
  }

  private onMarked({ mark, rows }: SentPosition): void {
    const { spool } = this.options;
    const wasFull = this.mark.phase === 'full-sync';
    this.mark = mark;
    this.markAt = Date.now();
    this.keysMarked = mark.phase === 'full-sync' ? this.keysBefore.applied + rows : this.keysApplied;
    // What was in flight when a new full sync began speaks of other logs than those at hand.
    if (spool.snapshot !== undefined && mark.snapshotId !== spool.snapshot.startedAt) return;
    if (mark.phase === 'full-sync') {
      spool.rdb?.acknowledge(mark.rdbOffset);
      return;
    }
    const { stream } = spool;
    if (stream !== undefined && mark.offset >= stream.startOffset && mark.offset <= stream.endOffset) stream.acknowledge(mark.offset);
    if (spool.rdb !== undefined && !wasFull)
      spool.dropSnapshot().catch((error: unknown) => this.options.log.warn({ error: String(error) }, 'the snapshot could not be removed'));
  }
}
