/** What this run does to the mark apart from moving it on: begins a full sync, and takes over again what the target has lost. All of it is fenced by the epoch. */
import type { Mark } from '../checkpoint/mark.ts';
import type { MarkStore } from '../checkpoint/mark-store.ts';
import type { JobConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { endpointName } from '../model/endpoint.ts';
import { ALL_KEYS, type KeyShare } from '../model/key-share.ts';
import type { Connection } from '../net/connection.ts';
import { clearSlots } from './clear-slots.ts';
import type { Snapshot } from './sync-spool.ts';

/** Of a pipeline that shares the target with others of its job. */
export interface Sharing {
  readonly share: KeyShare;
  /** Runs before this one may have left keys of this share, whatever the mark says. */
  readonly mayHoldKeys: boolean;
  /** The mark was written anew to a target that may have lost all else that the job has noted there. */
  onMarkWritten(): Promise<void>;
}

export interface OwnershipOptions {
  readonly store: MarkStore;
  readonly connection: Connection;
  readonly config: JobConfig;
  /** undefined: the pipeline has the target for itself. */
  readonly sharing?: Sharing | undefined;
  onEvent(level: 'info' | 'warn' | 'error', kind: string, message: string, details?: Record<string, unknown>): void;
}

export class Ownership {
  private readonly options: OwnershipOptions;
  private mayHoldKeys: boolean;

  constructor(options: OwnershipOptions) {
    this.options = options;
    this.mayHoldKeys = options.sharing?.mayHoldKeys ?? false;
  }

  /**
   * What this run, or one before it, sent over connections that it has given up may still arrive: they are ended before the mark is read that counts.
   * `othersCutOff` is false where that is not allowed.
   */
  async readMark(epoch: number): Promise<{ readonly found: Mark | undefined; readonly othersCutOff: boolean }> {
    const { connection, store } = this.options;
    await store.watch(connection, epoch);
    const othersCutOff = (await store.killOthers(connection)) >= 0;
    return { found: await store.watch(connection, epoch), othersCutOff };
  }

  /** FENCED, when an owner that came later has written the mark. Waits for the target. */
  async takenOver(epoch: number): Promise<GodwitError | undefined> {
    const { store, connection } = this.options;
    await connection.ready();
    const found = await store.read(connection);
    return found !== undefined && found.epoch > epoch ? store.fenced(found.epoch) : undefined;
  }

  /** The target has lost the take-over of this run: while its mark has the epoch of an older one, that is not fenced. */
  async takeOverAgain(epoch: number): Promise<void> {
    const { store, connection, onEvent } = this.options;
    onEvent('warn', 'target.lost-tail', 'the target has lost the take-over of this run; it is written again', { epoch });
    await store.takeOver(connection, (now) => {
      if (now === undefined) throw new GodwitError('TARGET_NOT_READY', `the mark ${store.key} has just gone from the target`);
      return this.own(now, { ...now, epoch });
    });
    await store.killOthers(connection);
    await this.options.sharing?.onMarkWritten();
  }

  /** The target has lost its data and the mark with it. @returns a mark that asks for a full sync. @throws POSITION_LOST where that is not wanted */
  async beginAnew(last: Mark): Promise<Mark> {
    const { config, store, connection, onEvent } = this.options;
    if (config.sync.onLostPosition === 'stop') {
      throw new GodwitError('POSITION_LOST', `the mark is gone from target ${endpointName(config.target)}: it has lost its data`);
    }
    onEvent('warn', 'target.lost-data', 'the mark is gone from the target: it has lost its data, a new full sync begins');
    const empty: Mark = { ...last, phase: 'full-sync', replicationId: '', offset: 0, database: 0, snapshotId: 0, rdbOffset: 0, rdbState: null };
    const mark = await store.takeOver(connection, (now) => this.own(now, empty));
    await store.killOthers(connection);
    await this.options.sharing?.onMarkWritten();
    this.mayHoldKeys = false;
    return mark;
  }

  /** Prepares the target for a snapshot from its beginning. What an earlier one brought is removed as a replica does: the target was ours. */
  async beginFullSync(before: Mark, snapshot: Snapshot): Promise<Mark> {
    const { store, connection, onEvent } = this.options;
    const again = before.replicationId !== '';
    const flush = this.share.kind === 'all' && before.owned && again;
    if (flush) onEvent('warn', 'target.flushed', 'the target is emptied for the new full sync');
    if (this.share.kind === 'slots' && before.owned && (again || this.mayHoldKeys)) await this.clearForFullSync(before);
    if (this.share.kind === 'unknown' && again) {
      onEvent('warn', 'target.keys-remain', 'several sources share the target: keys that this one has deleted since the last full sync remain there');
    }
    const { replicationId, offset, startedAt: snapshotId } = snapshot;
    const fresh: Mark = { ...before, phase: 'full-sync', replicationId, offset, database: 0, snapshotId, rdbOffset: 0, rdbState: null };
    const mark = await store.takeOver(connection, (now) => this.own(now, fresh), flush);
    return (await store.watch(connection, mark.epoch)) ?? mark;
  }

  /** Removes the keys of this share alone. @param database undefined = all. @throws SHARED_FLUSH where it cannot be told which they are */
  async clear(epoch: number, database: number | undefined): Promise<number> {
    const { store, connection, config } = this.options;
    const { share } = this;
    if (share.kind !== 'slots') {
      throw new GodwitError('SHARED_FLUSH', 'one of several sources was emptied (FLUSHALL, FLUSHDB): which keys of the target are its own is not known');
    }
    return clearSlots({ connection, store, epoch, prefix: config.checkpoint.prefix, database, owns: (slot) => share.owns(slot) });
  }

  /** The mark asks for a full sync first: were it to stand where it was, a run after this one could go on there without the keys that are gone by then. */
  private async clearForFullSync(before: Mark): Promise<void> {
    const { store, connection, onEvent } = this.options;
    this.mayHoldKeys = true;
    const empty: Mark = { ...before, phase: 'full-sync', replicationId: '', offset: 0, database: 0, snapshotId: 0, rdbOffset: 0, rdbState: null };
    await store.takeOver(connection, (now) => this.own(now, empty));
    const keys = await this.clear(before.epoch, undefined);
    onEvent('warn', 'target.cleared', `${keys} keys of the slots of this shard are removed from the target for its new full sync`, { keys });
    this.mayHoldKeys = false;
  }

  private get share(): KeyShare {
    return this.options.sharing?.share ?? ALL_KEYS;
  }

  private own(now: Mark | undefined, mark: Mark): Mark {
    if (now !== undefined && now.epoch > mark.epoch) throw this.options.store.fenced(now.epoch);
    return mark;
  }
}
