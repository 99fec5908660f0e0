/** One server of a source that is scanned, and what belongs to it alone: its connections, its pipeline. Of a job there is one for each place of the source. */
import type { Edits } from '../pipeline/edits/edits.ts';
import type { Pace } from '../pipeline/pace.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { Mark } from '../checkpoint/mark.ts';
import type { SyncConfig } from '../config/sync-config.ts';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import { slotOf } from '../model/slot.ts';
import type { Connection } from '../net/connection.ts';
import type { Logger } from '../observe/log.ts';
import { ScanPipeline, type ScanPipelineOptions } from '../pipeline/scan-pipeline.ts';
import type { TargetSide } from '../pipeline/target-side.ts';
import type { AskLine } from '../source/scan/ask-line.ts';
import type { ScanOptions } from '../source/scan/scan-options.ts';
import { type ConnectionHooks, ScanSource } from '../source/scan/scan-source.ts';
import { LagMeter } from './lag-meter.ts';
import type { SourcePlace } from './job-source.ts';
import type { JobTarget } from './job-target.ts';
import { checkSource } from './preflight.ts';
import { SourceWatch } from './source-watch.ts';

export interface ScanShardOptions {
  readonly place: SourcePlace;
  readonly config: SyncConfig;
  readonly scan: ScanOptions;
  readonly control: Connection;
  readonly log: Logger;
  open(role: string, endpoint: Endpoint, pipeline: string, hooks: ConnectionHooks): Connection;
  readonly onEvent: ScanPipelineOptions['onEvent'];
}

export interface ScanShardStart {
  readonly mark: Mark;
  readonly side: TargetSide;
  readonly valueBytesMax: number;
  readonly evictsBy: 'lru' | 'lfu' | undefined;
  targetLines(): Promise<readonly AskLine[]>;
  readonly edits: Edits | null;
  readonly deadLetters: DeadLetterFile;
  readonly pace: Pace;
}

export class ScanShard {
  readonly place: SourcePlace;
  readonly control: Connection;
  readonly watch: SourceWatch;
  readonly lag = new LagMeter();
  /** Of the pipeline; that of the place until the target knows better. */
  name: string;
  source: ScanSource | undefined;
  pipeline: ScanPipeline | undefined;
  private readonly options: ScanShardOptions;

  constructor(options: ScanShardOptions) {
    this.options = options;
    this.place = options.place;
    this.control = options.control;
    this.name = options.place.id;
    this.watch = new SourceWatch(options.control);
    options.place.onMoved((reason) => this.moved(reason));
  }

  /** @throws WRONG_TOPOLOGY, SAME_SERVER */
  check(target: JobTarget): void {
    checkSource(this.control, this.place.isClusterNode, target);
  }

  prepare({ mark, side, valueBytesMax, evictsBy, targetLines, edits, deadLetters, pace }: ScanShardStart): void {
    const { config, scan, log, onEvent, place, open } = this.options;
    const wantsKey = keysBut(config.checkpoint.prefix);
    this.source = new ScanSource({
      scan,
      open: (role, hooks) => this.followed(open(role, place.endpoint, this.name, hooks)),
      isClusterNode: place.isClusterNode,
      evictsBy,
      wantsKey,
      onEvent,
    });
    const { share } = place;
    this.pipeline = new ScanPipeline({
      config,
      scan,
      source: this.source,
      address: endpointName(place.endpoint),
      target: side,
      mark,
      valueBytesMax,
      edits,
      deadLetters,
      pace,
      log,
      targetLines,
      slots: () => place.note(),
      ownsKey:
        share.kind === 'unknown'
          ? undefined
          : (_database, bytes, start, end) => wantsKey(_database, bytes, start, end) && (share.kind === 'all' || share.owns(slotOf(bytes, start, end))),
      onEvent,
    });
  }

  stop(): void {
    this.pipeline?.stop();
    if (!this.control.isReady) void this.control.close();
  }

  async close(): Promise<void> {
    await Promise.all([this.control.close(), this.source?.close()]);
  }

  /** Whoever is lost may have gone elsewhere. */
  private followed(connection: Connection): Connection {
    connection.events.on('lost', () => {
      this.place
        .locate()
        .then((endpoint) => this.source?.pointTo(endpoint))
        .catch(() => {});
    });
    return connection;
  }

  private moved(reason: string): void {
    this.options.onEvent('warn', 'source.moved', reason);
    this.control.pointTo(this.place.endpoint);
    this.source?.pointTo(this.place.endpoint);
  }
}

/** All keys but those that begin with the prefix: ours, of another job perhaps. */
function keysBut(prefix: string): (database: number, bytes: Uint8Array, start: number, end: number) => boolean {
  const own = Buffer.from(prefix);
  return (_database, bytes, start, end) => {
    if (end - start < own.length) return true;
    for (let i = 0; i < own.length; i++) if (bytes[start + i] !== own[i]) return true;
    return false;
  };
}
