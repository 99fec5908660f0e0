/** `godwit export` as an object: opens the source, a server or a file, and the output; runs the pipeline; tells how far it is. */
import type { Writable } from 'node:stream';
import { Deferred } from '../async/deferred.ts';
import type { SourceConfig } from '../config/load-source-config.ts';
import type { OnUnsupported } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import type { RulesConfig } from '../config/rules-config.ts';
import type { ScanConfig } from '../config/scan-config.ts';
import { CommandTally } from '../command/command-tally.ts';
import { Filter } from '../filter/filter.ts';
import type { FilterRules } from '../filter/filter-rules.ts';
import { atLeast, parseServerVersion, type ServerVersion } from '../model/server-version.ts';
import { ValueKind } from '../model/value-kind.ts';
import type { NamedLoss } from '../observe/job-status.ts';
import type { Logger } from '../observe/log.ts';
import type { Edits } from '../pipeline/edits/edits.ts';
import { FileEdits } from '../pipeline/edits/file-edits.ts';
import { LettersOnce } from '../pipeline/edits/letters-once.ts';
import { ContentTaker } from '../pipeline/content-taker.ts';
import { ExportPipeline } from '../pipeline/export-pipeline.ts';
import type { ExportTaker } from '../pipeline/export-taker.ts';
import { RdbTaker } from '../pipeline/rdb-taker.ts';
import type { FileSource, FileSourceOptions, TruncatedTail } from '../source/file/file-source.ts';
import { openFileSource } from '../source/open-file-source.ts';
import { DeadLetterFile } from '../target/dead-letter.ts';
import { ValueConversion } from '../target/value-conversion.ts';
import { LossReport } from '../target/loss-report.ts';
import { CommandFileWriter } from '../target/file/command-file-writer.ts';
import { CsvWriter } from '../target/file/csv-writer.ts';
import type { ContentWriter } from '../target/file/export-writer.ts';
import type { ExportFormat } from '../target/file/export-format.ts';
import { JsonWriter } from '../target/file/json-writer.ts';
import { openOutputFile, type OutputPlace, StreamOutput } from '../target/file/output-file.ts';
import { RdbFileWriter, type RdbFileVersion } from '../target/file/rdb-file-writer.ts';
import { type JobRules, NO_RULES, openRules } from './open-edits.ts';
import { openServerContent } from './server-content.ts';

export interface ExportConfig {
  readonly from:
    | { readonly kind: 'server'; readonly server: SourceConfig; /** null: by its snapshot. */ readonly scan?: ScanConfig | null }
    | { readonly kind: 'file'; readonly place: string; readonly options: FileSourceOptions };
  /** A path, or the stream that standard output is. */
  readonly to: string | Writable;
  readonly format: ExportFormat;
  readonly rdbVersion: RdbFileVersion;
  readonly onUnsupported: OnUnsupported;
  /** File that names what is lost; '' = none. */
  readonly report: string;
  readonly filter: FilterRules;
  /** Transforms and function, with the filter among them; null = the filter alone. */
  readonly rules?: RulesConfig | null;
}

export interface ExportProgress {
  readonly keys: number;
  readonly commands: number;
  /** Of the source, as it is stored. */
  readonly bytesRead: number;
  /** -1 = not known. */
  readonly bytesTotal: number;
}

export interface ExportResult extends ExportProgress {
  readonly filtered: number;
  readonly filteredCommands: number;
  /** Keys that the format cannot say. */
  readonly skipped: number;
  /** Keys that were written without all that they had. */
  readonly degraded: number;
  /** The first losses by name, and the file that has all. */
  readonly first: readonly NamedLoss[];
  readonly report: string;
  /** Pending entries of streams that commands cannot make. */
  readonly pendingLost: number;
  /** Before compression. */
  readonly bytesWritten: number;
  /** What an AOF ends with that was left out. */
  readonly tail: TruncatedTail | null;
}

/** Values that no command of the versions that are written for makes. */
const NOT_IN_COMMANDS: ReadonlySet<ValueKind> = new Set([ValueKind.Array, ValueKind.Module]);
/** Nothing is refused by a file, and all of it is new. */
const EXPORTED = { fullSync: true, onError: 'stop', onExisting: 'replace' } as const;
const COMMAND_FORMATS: ReadonlySet<ExportFormat> = new Set(['aof', 'resp', 'cmd']);
const NONE: ReadonlySet<ValueKind> = new Set();

export class ExportJob {
  private readonly config: ExportConfig;
  private readonly log: Logger;
  private source: FileSource | undefined;
  private pipeline: ExportPipeline | undefined;
  private commandWriter: CommandFileWriter | undefined;
  private liveVersion: ServerVersion | undefined;
  private rules: JobRules = NO_RULES;
  private readonly losses: LossReport;
  private readonly stopped = new Deferred<never>();
  private isStopped = false;

  constructor(config: ExportConfig, log: Logger) {
    this.config = config;
    this.losses = new LossReport(config.report, true);
    this.log = log;
  }

  get progress(): ExportProgress {
    const { bytes = 0, bytesTotal = -1 } = this.source?.progress ?? {};
    return { keys: this.pipeline?.keys ?? 0, commands: this.pipeline?.commands ?? 0, bytesRead: bytes, bytesTotal };
  }

  /** run() rejects soon, and leaves no file. */
  stop(): void {
    this.isStopped = true;
    this.stopped.reject(new GodwitError('CONNECTION_LOST', 'the export was stopped'));
    this.pipeline?.stop();
    // Whoever waits for bytes of a silent source waits no longer.
    void this.source?.close().catch(() => {});
  }

  /** @throws GodwitError of the source, the format or the output; no file is left then */
  async run(): Promise<ExportResult> {
    this.losses.open();
    await this.openRules();
    const loaded = await this.loadWriter();
    const output = typeof this.config.to === 'string' ? await openOutputFile(this.config.to) : new StreamOutput(this.config.to);
    const opening = this.openSource();
    const { source, close } = await Promise.race([opening, this.stopped.promise]).catch(async (error: unknown) => {
      opening.then((late) => late.close()).catch(() => {});
      await output.discard();
      throw error;
    });
    try {
      return await this.export(source, output, loaded);
    } finally {
      this.losses.close();
      await close();
    }
  }

  private async openSource(): Promise<{ source: FileSource; close: () => Promise<void> }> {
    const { from } = this.config;
    if (from.kind === 'file') return { source: await openFileSource(from.place, from.options), close: async () => {} };
    const live = await openServerContent({ ...from.server, scan: from.scan ?? null }, this.log, 'godwit:export');
    this.liveVersion = live.version;
    return live;
  }

  private async export(source: FileSource, output: OutputPlace, loaded: ContentWriter | undefined): Promise<ExportResult> {
    this.source = source;
    const filter = new Filter(this.config.filter);
    const edits = this.rules.newEdits();
    const pipeline = new ExportPipeline({
      source,
      filter,
      output,
      edits: edits === null ? null : () => this.fileEdits(edits, source),
      makeTaker: () => this.makeTaker(source, loaded),
    });
    this.pipeline = pipeline;
    if (this.isStopped) this.stop();
    const { tail } = await pipeline.run();
    const { filtered, filteredCommands, skipped, degraded, bytesWritten } = pipeline;
    return {
      ...this.progress,
      filtered,
      filteredCommands,
      skipped,
      degraded,
      bytesWritten,
      pendingLost: this.commandWriter?.pendingLost ?? 0,
      tail,
      first: this.losses.first,
      report: this.losses.file,
    };
  }

  /** @throws CONFIG_INVALID, TRANSFORM_INVALID, FILE_NOT_FOUND */
  private async openRules(): Promise<void> {
    const { rules = null, format } = this.config;
    if (rules === null) return;
    this.rules = await openRules({ rules, sync: EXPORTED }, this.log);
    for (const warning of this.rules.warnings) this.log.warn({}, warning);
    if (rules.function === null || COMMAND_FORMATS.has(format)) return;
    throw new GodwitError('CONFIG_INVALID', `a function makes commands, and ${format} holds keys`, { fix: 'Take the format aof, resp or cmd.' });
  }

  private fileEdits(edits: Edits, source: FileSource): FileEdits {
    const version = this.liveVersion ?? versionIn(source.aux);
    const [setPxat, absttl] = [version === undefined || atLeast(version, 6, 2), version === undefined || atLeast(version, 5)];
    const conversion = new ValueConversion(version, this.config.onUnsupported, this.losses);
    const restore = { conversion, replace: true, setPxat, absttl, keepIdle: false, keepFreq: false };
    return new FileEdits({ edits, restore, letters: new LettersOnce(new DeadLetterFile('')), onError: 'stop', tally: new CommandTally() });
  }

  /** The one writer that brings a library, which nobody else has to wait for. */
  private async loadWriter(): Promise<ContentWriter | undefined> {
    if (this.config.format !== 'parquet') return undefined;
    const { ParquetFileWriter } = await import('../target/file/parquet-file-writer.ts');
    return new ParquetFileWriter();
  }

  private makeTaker(source: FileSource, loaded: ContentWriter | undefined): ExportTaker {
    const { losses } = this;
    const { format, rdbVersion, onUnsupported } = this.config;
    if (format === 'rdb') return new RdbTaker(new RdbFileWriter(rdbVersion, onUnsupported, losses), Math.floor(Date.now() / 1000));
    const skipRefused = onUnsupported !== 'stop';
    const taker = (writer: ContentWriter, refused = NONE): ContentTaker => new ContentTaker({ writer, refused, skipRefused, losses });
    if (format === 'jsonl' || format === 'json') return taker(new JsonWriter(format));
    if (format === 'parquet') return taker(loaded as ContentWriter);
    if (format === 'csv') return taker(new CsvWriter());
    const writer = new CommandFileWriter(format, this.liveVersion ?? versionIn(source.aux));
    this.commandWriter = writer;
    return taker(writer, NOT_IN_COMMANDS);
  }
}

/** The server that wrote the snapshot, as it says itself. */
function versionIn(aux: ReadonlyMap<string, string>): ServerVersion | undefined {
  const valkey = aux.get('valkey-ver');
  const redis = aux.get('redis-ver');
  if (valkey === undefined && redis === undefined) return undefined;
  return parseServerVersion(valkey === undefined ? `redis_version:${redis}` : `valkey_version:${valkey}`);
}
