/** A standalone target: one mark in one key, one connection, and the owner's fence around both (mark-store.ts). */
import type { Mark } from '../checkpoint/mark.ts';
import type { MarkStore } from '../checkpoint/mark-store.ts';
import type { JobConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { endpointName } from '../model/endpoint.ts';
import type { Connection } from '../net/connection.ts';
import type { RestoreOptions } from '../target/batch-buffer.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import { BatchSender } from './batch-sender.ts';
import type { Pace } from './pace.ts';
import { Ownership, type Sharing } from './ownership.ts';
import { Refusals } from './refusals.ts';
import { StandaloneDelivery } from './standalone-delivery.ts';
import { StreamTranslation } from './stream-translation.ts';
import type { Snapshot } from './sync-spool.ts';
import type { AttemptOptions, TargetSide } from './target-side.ts';

export interface StandaloneSideOptions {
  readonly config: JobConfig;
  readonly connection: Connection;
  readonly store: MarkStore;
  readonly sharing: Sharing | undefined;
  readonly deadLetters: DeadLetterFile;
  readonly restore: RestoreOptions;
  readonly valueBytesMax: number;
  readonly pace: Pace;
  /** Older owners are known to be cut off: what may be applied twice need not go in transactions. */
  readonly plainBatches: boolean;
  /** Points the connection to where the target is now. */
  locate(): Promise<void>;
  onEvent(level: 'info' | 'warn' | 'error', kind: string, message: string, details?: Record<string, unknown>): void;
}

export class StandaloneSide implements TargetSide {
  private readonly options: StandaloneSideOptions;
  private readonly ownership: Ownership;
  /** False once nothing can keep late ones away. */
  private plainBatches: boolean;
  /** Of the connection that the mark was read on. */
  private generation = -1;

  constructor(options: StandaloneSideOptions) {
    this.options = options;
    this.ownership = new Ownership(options);
    this.plainBatches = options.plainBatches;
  }

  get address(): string {
    return endpointName(this.options.connection.endpoint);
  }

  get restore(): RestoreOptions {
    return this.options.restore;
  }

  async ready(): Promise<void> {
    await this.options.locate();
    await this.options.connection.ready();
  }

  async readMark(epoch: number): Promise<Mark | undefined> {
    const { connection } = this.options;
    this.generation = connection.generation;
    if (connection.server.role === 'replica') throw new GodwitError('TARGET_NOT_READY', `target ${this.address} is a replica now; it takes no writes`);
    await connection.callAll([['DISCARD'], ['UNWATCH']]);
    const { found, othersCutOff } = await this.ownership.readMark(epoch);
    if (!othersCutOff) this.plainBatches = false;
    return found;
  }

  get roundTripMs(): number {
    return this.options.connection.status().roundTripSmoothedMs;
  }

  takenOver(epoch: number): Promise<GodwitError | undefined> {
    return this.ownership.takenOver(epoch);
  }

  takeOverAgain(epoch: number): Promise<void> {
    return this.ownership.takeOverAgain(epoch);
  }

  beginAnew(last: Mark): Promise<Mark> {
    return this.ownership.beginAnew(last);
  }

  beginFullSync(before: Mark, snapshot: Snapshot): Promise<Mark> {
    const { restore, config } = this.options;
    // Keys that are there now were brought by the full sync before.
    if (!before.owned && before.replicationId !== '' && config.sync.onExisting === 'skip') restore.replace = true;
    return this.ownership.beginFullSync(before, snapshot);
  }

  clear(mark: Mark, database: number | undefined): Promise<number> {
    return this.ownership.clear(mark.epoch, database);
  }

  open(mark: Mark, attempt: AttemptOptions): StandaloneDelivery {
    const { connection, config, deadLetters, store, restore, valueBytesMax } = this.options;
    const { plainBatches } = this;
    const { onError, onExisting, onUnsupported } = config.sync;
    const { leftOut } = attempt;
    const translation = new StreamTranslation(connection.server.version, onUnsupported, restore.conversion.losses, attempt);
    const replayUntil = (): number => Math.min(attempt.replayUntil, translation.repeatableUntil);
    const refusals = new Refusals({ address: this.address, onError, onExisting, deadLetters, leftOut, replayUntil });
    const sender = new BatchSender(
      {
        connection,
        markKey: store.key,
        refusals,
        pacer: this.options.pace.of(this.address),
        unansweredBytesMax: config.limits.unansweredBytesMax,
        fenced: (epoch) => store.fenced(epoch),
        onApplied: (position) => attempt.onApplied(position),
        onMarked: (position) => attempt.onMarked(position),
        onFailed: (error) => attempt.onFailed(error),
      },
      mark,
    );
    // A quiet stream sends nothing that could fail, and a target that comes back may have lost what the mark stood for.
    const onClose = connection.events.on('lost', ({ error }) => sender.fail(error));
    if (connection.generation !== this.generation || !connection.isReady) {
      sender.fail(new GodwitError('CONNECTION_LOST', 'the target was connected anew'));
    }
    return new StandaloneDelivery({
      sender,
      restore,
      plainBatches,
      translation,
      refusals,
      leftOut,
      valueBytesMax,
      wholeBytesMax: config.limits.valueBytesMax,
      onClose,
    });
  }
}
