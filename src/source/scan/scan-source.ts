/**
 * One server of the source as a scan sees it: connections for keys and for values, and, where changes are followed, one that listens, with the queue of keys that
 * have changed. It lives as long as the job; attempts at the target come and go.
 */
import type { ServerVersion } from '../../model/server-version.ts';
import { atLeast } from '../../model/server-version.ts';
import { endpointName, type Endpoint } from '../../model/endpoint.ts';
import type { Connection } from '../../net/connection.ts';
import type { ConnectionOptions, OpenConnection } from '../../net/connection-options.ts';
import type { ConnectionStatus } from '../../observe/job-status.ts';
import { AskLine } from './ask-line.ts';
import { EventQueue } from './event-queue.ts';
import { FlushWatch } from './flush-watch.ts';
import { HugeString } from './huge-string.ts';
import type { KeyChunk } from './key-chunk.ts';
import { KeyEvents } from './key-events.ts';
import { KeyPages } from './key-pages.ts';
import { NotifySetting } from './notify-setting.ts';
import { ScanFeed } from './scan-feed.ts';
import type { ScanOptions } from './scan-options.ts';
import { ScanPace } from './scan-pace.ts';
import type { ScanPosition } from './scan-position.ts';
import { SizeSurvey } from './size-survey.ts';
import type { ReadValues, ValuePart } from './value-part.ts';
import { ValueReader } from './value-reader.ts';

const CONNECTIONS_DEFAULT = 2;

export type ConnectionHooks = Pick<ConnectionOptions, 'onRestore' | 'onMessage'>;

export interface ScanSourceOptions {
  readonly scan: ScanOptions;
  /** @param role `source scan`, `source values`, `source events` */
  open(role: string, hooks: ConnectionHooks): Connection;
  readonly isClusterNode: boolean;
  /** What the target evicts by. */
  readonly evictsBy: 'lru' | 'lfu' | undefined;
  /** Keys that are not brought, ours among them, are not even read. */
  wantsKey(database: number, bytes: Uint8Array, start: number, end: number): boolean;
  onEvent(level: 'info' | 'warn' | 'error', kind: string, message: string, details?: Record<string, unknown>): void;
}

export class ScanSource {
  /** Keys that have changed; undefined: nobody listens. */
  readonly queue: EventQueue | undefined;
  readonly pace: ScanPace;
  /** Asks for keys and sizes. */
  readonly keys: AskLine;
  /** Called when changes may have been missed. */
  onGap: (reason: string) => void = () => {};
  private readonly options: ScanSourceOptions;
  private readonly values: readonly AskLine[];
  private readonly survey: SizeSurvey;
  private readonly reader: ValueReader;
  private events: KeyEvents | undefined;
  private listener: Connection | undefined;
  private setting: NotifySetting | undefined;
  private watch: FlushWatch | undefined;

  constructor(options: ScanSourceOptions) {
    const { scan } = options;
    this.options = options;
    const hooks: ConnectionHooks = { onRestore: (connection) => this.restore(connection) };
    this.keys = new AskLine(options.open('source scan', hooks));
    this.values = Array.from({ length: scan.connections || CONNECTIONS_DEFAULT }, () => new AskLine(options.open('source values', hooks)));
    this.queue = scan.notifications ? new EventQueue(scan.queueKeysMax) : undefined;
    this.pace = new ScanPace(scan.keysPerSecondMax, scan.bytesPerSecondMax);
    this.survey = new SizeSurvey(this.keys, scan, scan.skipTypes.length > 0 || scan.types.length > 1);
    this.reader = new ValueReader({ lines: this.values, version: () => this.version, evictsBy: options.evictsBy });
  }

  get version(): ServerVersion | undefined {
    return this.keys.connection.server.version;
  }

  /** What notify-keyspace-events was before; null = it was not set. */
  get notifyBefore(): string | null {
    return this.setting?.before ?? null;
  }

  get eventCount(): number {
    return this.events?.count ?? 0;
  }

  /** It listens when this resolves. @param noted what notify-keyspace-events was before an earlier run has set it */
  async start(noted: string | null): Promise<void> {
    await Promise.all(this.all().map((connection) => connection.connect()));
    const { scan, onEvent } = this.options;
    const { queue } = this;
    const address = endpointName(this.keys.connection.endpoint);
    this.setting = new NotifySetting({ maySet: scan.setNotifications, address, noted });
    if (queue === undefined) return;
    const events = new KeyEvents(this.setting, {
      onKey: (database, key) => this.changed(queue, database, key),
      onGap: (reason) => this.onGap(reason),
      onNotifySet: (before) => onEvent('info', 'scan.notify-set', `notify-keyspace-events of ${address} is set for this job`, { before }),
    });
    this.events = events;
    this.listener = this.options.open('source events', { onMessage: events.onMessage, onRestore: events.onRestore });
    await this.listener.connect();
    this.watch = new FlushWatch(this.keys.connection, events, (reason) => this.onGap(reason));
    await this.watch.begin();
  }

  pages(from: ScanPosition): KeyPages {
    const { scan, wantsKey } = this.options;
    const type = scan.types.length === 1 && this.version !== undefined && atLeast(this.version, 6) ? scan.types[0] : '';
    return new KeyPages({ line: this.keys, count: scan.count, databases: scan.databases, type, wantsKey }, from);
  }

  feed(nextChunk: () => Promise<KeyChunk | undefined>): ScanFeed {
    return new ScanFeed({ survey: this.survey, reader: this.reader, pace: this.pace, nextChunk });
  }

  /** A part that is huge, as if it were not. */
  readWhole(part: ValuePart): Promise<ReadValues> {
    return this.reader.read(part);
  }

  /** The value of a part that is huge, if it is a string. Until it is read, nothing else watches a key on that line. */
  openString({ chunk, keys }: ValuePart): Promise<HugeString | undefined> {
    const [i] = keys;
    return HugeString.open(this.values[0], chunk.database, chunk.bytes.subarray(chunk.start[i], chunk.end[i]));
  }

  giveBack(values: ReadValues): void {
    this.reader.giveBack(values);
  }

  /** It is elsewhere now. */
  pointTo(endpoint: Endpoint): void {
    for (const connection of this.all()) connection.pointTo(endpoint);
  }

  status(): ConnectionStatus[] {
    return this.all().map((connection) => connection.status());
  }

  /** Waits for nothing: connections that are away are closed. */
  stopWaiting(): void {
    for (const connection of this.all()) if (!connection.isReady) void connection.close();
  }

  /** Sets back what was set at the source, where it can be reached. */
  async close(): Promise<void> {
    this.watch?.end();
    const { connection } = this.keys;
    const { setting } = this;
    if (connection.isReady && setting !== undefined && (await setting.restore(connection).catch(() => false))) {
      this.options.onEvent('info', 'scan.notify-restored', 'notify-keyspace-events of the source is what it was');
    }
    await Promise.all(this.all().map((one) => one.close()));
  }

  private all(): Connection[] {
    return [this.keys.connection, ...this.values.map(({ connection }) => connection), ...(this.listener === undefined ? [] : [this.listener])];
  }

  private changed(queue: EventQueue, database: number, key: string): void {
    const { scan, wantsKey } = this.options;
    if (scan.databases.length > 0 && !scan.databases.includes(database)) return;
    const bytes = Buffer.from(key, 'latin1');
    if (!wantsKey(database, bytes, 0, bytes.length)) return;
    if (!queue.add(database, key)) this.onGap('more keys have changed than can wait');
  }

  /** A replica in a cluster answers for its slots when told so; reading is not to count as use. */
  private async restore(connection: OpenConnection): Promise<void> {
    const { version } = connection.server;
    const knowsNoTouch = version !== undefined && (version.product === 'valkey' || atLeast(version, 7, 2));
    const words = [...(this.options.isClusterNode ? [['READONLY']] : []), ...(knowsNoTouch ? [['CLIENT', 'NO-TOUCH', 'ON']] : [])];
    if (words.length > 0) await connection.callAll(words);
  }
}
