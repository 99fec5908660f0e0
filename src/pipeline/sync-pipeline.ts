/**
 * One source, one target, end to end. Two loops run beside each other: the replica link receives into the spool, and the applier brings it from there to
 * the target. There is one recovery for whatever breaks at the target: wait until it is ready, read the mark, go back to where it says, go on.
 *
 *   source -> ReplicaLink -> SyncSpool (rdb, stream) -> Applier -> TransactionSender -> target
 *                 ^                                        ^ mark: where to begin
 *                 +---- restart(): PSYNC from the mark ----+
 */
import { Deferred } from '../async/deferred.ts';
import type { Mark } from '../checkpoint/mark.ts';
import type { MarkStore } from '../checkpoint/mark-store.ts';
import type { SyncConfig } from '../config/sync-config.ts';
import { GodwitError, toGodwitError } from '../errors/errors.ts';
import { endpointName } from '../model/endpoint.ts';
import type { Connection } from '../net/connection.ts';
import { replyFailure } from '../net/reply-errors.ts';
import type { Logger } from '../observe/log.ts';
import { ReplyError } from '../resp/reply.ts';
import { ReplicaLink, type ReplicaLinkOwner } from '../source/replica/replica-link.ts';
import type { SpoolLog } from '../source/replica/spool/spool-log.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { RestoreOptions } from '../target/transaction-buffer.ts';
import { Applier } from './applier.ts';
import type { Snapshot, SyncSpool } from './sync-spool.ts';
import { TransactionSender } from './transaction-sender.ts';

const RETRY_MS = 200;

export interface SyncPipelineOptions {
  readonly config: SyncConfig;
  readonly connection: Connection;
  readonly store: MarkStore;
  readonly spool: SyncSpool;
  readonly mark: Mark;
  readonly deadLetters: DeadLetterFile;
  readonly restore: RestoreOptions;
  readonly valueBytesMax: number;
  readonly log: Logger;
  readonly sourceVersion: () => string;
  readonly sourceTimeoutMs: () => number;
  onEvent(level: 'info' | 'warn' | 'error', kind: string, message: string, details?: Record<string, unknown>): void;
}

export class SyncPipeline implements ReplicaLinkOwner {
  readonly link: ReplicaLink;
  /** The last mark that the target has acknowledged. */
  mark: Mark;
  markAt = 0;
  keysApplied = 0;
  keysSkipped = 0;
  commandsApplied = 0;
  unitsApplied = 0;
  retried = 0;
  private readonly options: SyncPipelineOptions;
  private readonly leftOut = new Set<string>();
  private readonly ended = new Deferred<void>();
  private stopping = false;
  /** Set when the link has to ask from the mark instead of from the end of the stream log. */
  private fromMark = false;
  private synced = new Deferred<void>();
  private received = new Deferred<void>();
  /** The target is being prepared for another snapshot than the mark speaks of. */
  private needFullSync: boolean;

  constructor(options: SyncPipelineOptions) {
    this.options = options;
    this.mark = options.mark;
    this.needFullSync = options.mark.replicationId === '' || (options.mark.phase === 'full-sync' && options.spool.rdb === undefined);
    if (options.spool.snapshot?.complete === true) this.received.resolve();
    this.link = new ReplicaLink({
      endpoint: options.config.source,
      reconnect: options.config.reconnect,
      owner: this,
      log: options.log,
      serverVersion: options.sourceVersion,
      timeoutMs: options.sourceTimeoutMs,
    });
  }

  /** Runs until stop(), or until the full sync is applied when that is asked for. */
  async run(): Promise<'stopped' | 'full-sync-done'> {
    const link = this.link.run();
    link.catch(() => {});
    const apply = this.applyLoop();
    apply.catch(() => {});
    try {
      const stopped = this.ended.promise.then((): 'stopped' => 'stopped');
      return await Promise.race([apply, link.then(() => stopped)]);
    } finally {
      // All of it, whatever the end was: the applier must not wait for an answer of the source that will not come any more.
      this.stop();
      await link.catch(() => {});
      await this.options.spool.close(true);
      await apply.catch(() => {});
    }
  }

  /** Ends between two transactions. */
  stop(): void {
    this.stopping = true;
    this.link.stop();
    const over = new GodwitError('CONNECTION_LOST', 'the job is stopped');
    this.synced.reject(over);
    this.received.reject(over);
    this.options.spool.rdb?.fail(over);
    this.options.spool.stream?.fail(over);
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
    return this.mark.offset;
  }

  onSnapshotSize(bytes: number): void {
    if (this.options.spool.snapshot !== undefined) this.options.spool.snapshot.length = bytes;
  }

  private async applyLoop(): Promise<'stopped' | 'full-sync-done'> {
    for (;;) {
      try {
        const outcome = await this.applyOnce();
        if (outcome !== 'again') return outcome;
      } catch (caught) {
        const error = caught instanceof ReplyError ? replyFailure(caught, this.node()) : toGodwitError(caught);
        if (this.stopping) return 'stopped';
        if (!error.retryable) throw error;
        this.retried++;
        this.options.log.debug({ code: error.code, error: error.message }, 'the target is looked at again');
        if (error.code === 'TARGET_NOT_READY') this.options.onEvent('warn', 'target.not-ready', error.message);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  private node(): { role: string; address: string } {
    return { role: 'target data', address: endpointName(this.options.config.target) };
  }

  private async applyOnce(): Promise<'stopped' | 'full-sync-done' | 'again'> {
    const { connection, store, spool, config } = this.options;
    await connection.ready();
    const { generation } = connection;
    const role = connection.server.role;
    if (role === 'replica') throw new GodwitError('TARGET_NOT_READY', `target ${endpointName(config.target)} is a replica now; it takes no writes`);
    await connection.callAll([['DISCARD'], ['UNWATCH']]);
    const found = await store.watch(connection, this.mark.epoch);
    if (found === undefined) return this.targetLostData();
    if (found.epoch < this.mark.epoch) return this.takeOverAgain();
    this.mark = found;
    await this.synced.promise;
    const { snapshot } = spool;
    const mark = snapshot !== undefined && this.isOlder(found, snapshot) ? await this.beginFullSync(found, snapshot) : found;
    const applier = new Applier({
      sender: this.newSender(generation),
      restore: this.options.restore,
      prefix: config.checkpoint.prefix,
      valueBytesMax: this.options.valueBytesMax,
      stopping: () => this.stopping,
    });
    const lost = new Deferred<never>();
    const unlisten = connection.events.on('lost', ({ error }) => lost.reject(error));
    if (connection.generation !== generation || !connection.isReady) lost.reject(new GodwitError('CONNECTION_LOST', 'the target is connected anew'));
    // A quiet stream sends nothing that could fail, and a target that comes back may have lost what the mark stood for.
    return Promise.race([lost.promise, this.apply(applier, mark)]).finally(unlisten);
  }

  private async apply(applier: Applier, mark: Mark): Promise<'stopped' | 'full-sync-done' | 'again'> {
    const { spool, config } = this.options;
    let from = mark;
    if (from.phase === 'full-sync') {
      if (spool.rdb === undefined) return this.askAgain('the snapshot is no longer held', true);
      from = await applier.fullSync(spool.rdb, from, this.received.promise);
      if (this.stopping) return 'stopped';
      this.options.onEvent('info', 'full-sync.done', 'the full sync is applied', { keys: this.keysApplied });
      if (config.sync.stopAfter === 'full-sync') return 'full-sync-done';
    }
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

  /** The target has lost the take-over of this run: while its mark has the epoch of an older one, that is not fenced. */
  private async takeOverAgain(): Promise<'again'> {
    const { store, connection, onEvent } = this.options;
    const { epoch } = this.mark;
    onEvent('warn', 'target.lost-tail', 'the target has lost the take-over of this run; it is written again', { epoch });
    await store.takeOver(connection, (now) => {
      if (now === undefined) throw new GodwitError('TARGET_NOT_READY', `the mark ${store.key} has just gone from the target`);
      return this.own(now, { ...now, epoch });
    });
    return 'again';
  }

  /** The mark stands on another snapshot than the one at hand. */
  private isOlder(mark: Mark, snapshot: Snapshot): boolean {
    return mark.snapshotId !== snapshot.startedAt;
  }

  /** Prepares the target for a snapshot from its beginning. What an earlier one brought is removed as a replica does: the target was ours. */
  private async beginFullSync(before: Mark, snapshot: Snapshot): Promise<Mark> {
    const { store, connection, restore, config } = this.options;
    const flush = before.owned && before.replicationId !== '';
    if (flush) this.options.onEvent('warn', 'target.flushed', 'the target is emptied for the new full sync');
    if (!before.owned && before.replicationId !== '' && config.sync.onExisting === 'skip') restore.replace = true;
    const { replicationId, offset, startedAt: snapshotId } = snapshot;
    const fresh = (): Mark => ({ ...before, phase: 'full-sync', replicationId, offset, database: 0, snapshotId, rdbOffset: 0, rdbState: null });
    const mark = await store.takeOver(connection, (now) => this.own(now, fresh()), flush);
    this.mark = (await store.watch(connection, mark.epoch)) ?? mark;
    this.keysApplied = 0;
    return this.mark;
  }

  private own(now: Mark | undefined, mark: Mark): Mark {
    if (now !== undefined && now.epoch > mark.epoch) throw this.options.store.fenced(now.epoch);
    return mark;
  }

  private async targetLostData(): Promise<'again'> {
    const { config, store, connection, onEvent } = this.options;
    if (config.sync.onLostPosition === 'stop') {
      throw new GodwitError('POSITION_LOST', `the mark is gone from target ${endpointName(config.target)}: it has lost its data`);
    }
    onEvent('warn', 'target.lost-data', 'the mark is gone from the target: it has lost its data, a new full sync begins');
    const empty: Mark = { ...this.mark, phase: 'full-sync', replicationId: '', offset: 0, database: 0, snapshotId: 0, rdbOffset: 0, rdbState: null };
    this.mark = await store.takeOver(connection, (now) => this.own(now, empty));
    return this.askAgain('the target has lost its data', true);
  }

  private newSender(generation: number): TransactionSender {
    const { connection, config, deadLetters, store } = this.options;
    return new TransactionSender({
      connection,
      generation,
      markKey: store.key,
      address: endpointName(config.target),
      onError: config.sync.onError,
      onExisting: config.sync.onExisting,
      deadLetters,
      leftOut: this.leftOut,
      fenced: (epoch) => store.fenced(epoch),
      onApplied: (mark, rows, skipped) => this.onApplied(mark, rows, skipped),
    });
  }

  private onApplied(mark: Mark, rows: number, skipped: number): void {
    const { spool } = this.options;
    const wasFull = this.mark.phase === 'full-sync';
    this.mark = mark;
    this.markAt = Date.now();
    if (mark.phase === 'full-sync' || wasFull) {
      this.keysApplied += rows - skipped;
      this.keysSkipped += skipped;
    } else {
      this.commandsApplied += rows;
      this.unitsApplied++;
    }
    if (mark.phase === 'full-sync') return;
    if (spool.stream !== undefined && mark.offset <= spool.stream.endOffset) spool.stream.acknowledge(mark.offset);
    if (spool.rdb !== undefined && !wasFull)
      spool.dropSnapshot().catch((error: unknown) => this.options.log.warn({ error: String(error) }, 'the snapshot could not be removed'));
  }
}
