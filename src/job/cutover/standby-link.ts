/**
 * Follows one server of the new side from before the switch on, into the spool of the sync that goes back: what clients write there is kept from the first byte on,
 * however long the switch takes and however small the server's backlog is. It takes no snapshot: a server that has no backlog yet makes one when it is first asked,
 * and is left again before it sends anything.
 */
import type { SyncConfig } from '../../config/sync-config.ts';
import { GodwitError, toGodwitError } from '../../errors/errors.ts';
import type { Connection } from '../../net/connection.ts';
import type { Logger } from '../../observe/log.ts';
import { SyncSpool } from '../../pipeline/sync-spool.ts';
import { psyncNames } from '../../source/replica/psync-names.ts';
import { ReplicaLink, type ReplicaLinkOwner } from '../../source/replica/replica-link.ts';
import { SnapshotTurns } from '../../source/replica/snapshot-turns.ts';
import type { SpoolBudget } from '../../source/replica/spool/disk-space.ts';
import type { SpoolLog } from '../../source/replica/spool/spool-log.ts';
import type { SourcePlace } from '../job-source.ts';
import type { StreamPlace } from './write-pause.ts';

const TIMEOUT_MS = 60_000;
const LOOK_EVERY_MS = 10;
const STREAMING_WITHIN_MS = 15_000;

export interface StandbyOptions {
  readonly config: SyncConfig;
  readonly place: SourcePlace;
  readonly control: Connection;
  /** Of the folder in the spool. */
  readonly epoch: number;
  readonly budget: SpoolBudget;
  readonly log: Logger;
}

export class StandbyLink implements ReplicaLinkOwner {
  readonly place: SourcePlace;
  readonly control: Connection;
  private readonly spool: SyncSpool;
  private readonly link: ReplicaLink;
  private at: StreamPlace | undefined;
  private failure: unknown;

  constructor({ config, place, control, epoch, budget, log }: StandbyOptions) {
    this.place = place;
    this.control = control;
    this.spool = new SyncSpool({ config: config.spool, job: config.job.name, pipeline: place.id, epoch, budget, log });
    this.link = new ReplicaLink({
      locate: () => place.locate(),
      turns: new SnapshotTurns(Number.POSITIVE_INFINITY),
      reconnect: config.reconnect,
      owner: this,
      // The first answer of a server without a backlog is the snapshot that is not wanted: nobody is to be frightened by it.
      log: {
        ...log,
        debug: () => {},
        info: (fields, message) => log.debug(fields, message),
        warn: (fields, message) => log.debug(fields, message),
        error: (fields, message) => log.error(fields, message),
      },
      psyncName: psyncNames(config.psyncCommands),
      serverVersion: () => control.server.version?.text ?? '',
      timeoutMs: () => TIMEOUT_MS,
    });
  }

  /** Resolves when the stream comes. @throws GodwitError of the server, CUTOVER_REFUSED when it takes too long */
  async begin(): Promise<void> {
    const info = String(await this.control.call('INFO', 'replication'));
    if (/^repl_backlog_active:1/m.test(info)) {
      this.at = { replicationId: /^master_replid:(\w+)/m.exec(info)?.[1] ?? '', offset: Number(/^master_repl_offset:(\d+)/m.exec(info)?.[1]) };
    }
    this.link.run().catch((error: unknown) => (this.failure = error));
    const startMs = performance.now();
    while (this.link.state !== 'streaming') {
      if (this.failure !== undefined) throw toGodwitError(this.failure);
      if (performance.now() - startMs > STREAMING_WITHIN_MS) {
        const why = this.link.lastError?.message ?? 'it does not answer';
        throw new GodwitError('CUTOVER_REFUSED', `the new side cannot be followed for the way back: ${why}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      // A small backlog does not hold what is written in the time that it is usually waited between two attempts.
      this.link.hurry();
    }
  }

  /** Ends it; the spool keeps what has come. */
  async end(): Promise<void> {
    this.link.stop();
    await this.spool.close(true);
  }

  position(): StreamPlace | undefined {
    const { stream, replicationId } = this.spool;
    return stream === undefined ? this.at : { replicationId, offset: stream.endOffset };
  }

  onFullResync(replicationId: string, offset: number): Promise<SpoolLog> {
    this.at = { replicationId, offset };
    // The next attempt goes on there: the backlog is made by now.
    return Promise.reject(new GodwitError('SOURCE_NOT_READY', 'the server has made its backlog; its snapshot is not wanted', { retryable: true }));
  }

  onSnapshotEnd(): Promise<SpoolLog> {
    return Promise.reject(new GodwitError('INTERNAL', 'a snapshot has come that was not asked for'));
  }

  onContinue(replicationId: string, offset: number): Promise<SpoolLog> {
    return this.spool.beginStream(replicationId, offset);
  }

  appliedOffset(): number {
    return this.spool.stream?.endOffset ?? 0;
  }

  onSnapshotSize(): void {}
}
