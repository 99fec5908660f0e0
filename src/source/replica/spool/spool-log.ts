/**
 * An append-only log of bytes, addressed by absolute offsets (whole numbers below 2^53), of which [startOffset, endOffset) is held. It takes the bytes
 * of a source as fast as they come and gives them to readers at any held offset, from memory when they are there, else from disk.
 *
 *      startOffset                    written                endOffset
 *   disk    [--------------------------)
 *   memory                   [---------------------------------)   <- reserve/commit
 *                  ^ floor       ^ acknowledged       ^ reader
 *
 * Invariants: memory reaches to the end without a hole, disk to `written`, and `written` lies in memory or at its start, so together they have no hole.
 * A slab leaves memory only when it is on disk or below the floor, and never while it is being written. What is below the floor (the
 * acknowledged offset less the retention) may go. On a full disk the retention is given up where it would stop the receiver: unacknowledged bytes never are.
 *
 * Modes: `always` writes everything (the snapshot); `when-behind` writes when more than the spill threshold is neither acknowledged nor on disk, or when
 * memory fills with bytes that the retention still wants (the stream).
 */
import path from 'node:path';
import { type Clock, systemClock } from '../../../async/clock.ts';
import { GodwitError } from '../../../errors/errors.ts';
import { OffsetWaiters } from './offset-waiters.ts';
import { RetentionWindow } from './retention-window.ts';
import { SegmentFiles } from './segment-files.ts';
import { clearFolder, contiguousRun, listSegments, type SpoolLogName } from './segment-survey.ts';
import { SlabWindow } from './slab-window.ts';
import { SpillWriter } from './spill-writer.ts';
import { nodeSpoolFiles } from './spool-files.ts';
import type { SpoolLogOptions, SpoolLogStatus } from './spool-log-options.ts';

const MIB = 1024 * 1024;

export class SpoolLog {
  readonly name: SpoolLogName;
  readonly #clock: Clock;
  readonly #window: SlabWindow;
  readonly #segments: SegmentFiles;
  readonly #writer: SpillWriter;
  readonly #retention: RetentionWindow;
  readonly #beyond = new OffsetWaiters();
  readonly #flushed = new OffsetWaiters();
  readonly #relieved = new OffsetWaiters();
  readonly #always: boolean;
  readonly #spillBytes: number;
  readonly #slabsMax: number;
  #acknowledged: number;
  #congested = false;
  #finished = false;
  #closing: Promise<void> | null = null;
  #error: GodwitError | null = null;

  private constructor(options: SpoolLogOptions, endOffset: number) {
    const { budget, log, name, slabBytes = MIB / 2, memoryBytesMax = 16 * MIB, retain = { ms: 60_000, bytes: 256 * MIB } } = options;
    const diskMax = budget.bytesMaxConfigured > 0 ? budget.bytesMaxConfigured : Number.POSITIVE_INFINITY;
    const segmentBytes = Math.min(options.segmentBytes ?? 64 * MIB, Math.max(slabBytes, Math.floor(diskMax / 8)));
    this.name = name;
    this.#clock = options.clock ?? systemClock;
    this.#always = options.mode === 'always';
    this.#spillBytes = options.spillThresholdBytes ?? MIB / 4;
    this.#slabsMax = Math.max(2, Math.floor(memoryBytesMax / slabBytes));
    this.#acknowledged = options.startOffset;
    this.#window = new SlabWindow(slabBytes, endOffset);
    this.#retention = new RetentionWindow({ ms: retain.ms, bytes: Math.min(retain.bytes, diskMax / 4) }, options.startOffset);
    const files = options.files ?? nodeSpoolFiles;
    this.#segments = new SegmentFiles({ dir: path.resolve(options.dir), name, segmentBytes, files, budget, log, onFreed: () => this.#writer.retryNow() });
    this.#writer = new SpillWriter(
      {
        logName: `${options.dir}/${name}`,
        window: this.#window,
        segments: this.#segments,
        budget,
        clock: this.#clock,
        onWritten: () => this.#onWritten(),
        onStalled: () => this.#release(),
        onFailed: (error) => this.fail(error),
      },
      endOffset,
    );
  }

  /** Makes an empty log at startOffset. What else of this name lies in its folder is deleted. */
  static async create(options: SpoolLogOptions): Promise<SpoolLog> {
    await clearFolder(options.files ?? nodeSpoolFiles, options.name, options.dir, []);
    await options.budget.refresh();
    return new SpoolLog(options, options.startOffset);
  }

  /**
   * Opens what earlier runs left: the contiguous run of bytes in these folders that covers the wanted offset, else an empty log at that offset.
   * `startOffset` of the options is not used; everything below the wanted offset counts as acknowledged. The caller chooses folders of the same
   * replication history (spool-manifest.ts), because equal offsets of two histories are different bytes.
   */
  static async adopt(options: Omit<SpoolLogOptions, 'startOffset'>, dirs: readonly string[], wantedOffset: number): Promise<SpoolLog> {
    const files = options.files ?? nodeSpoolFiles;
    const run = contiguousRun(await listSegments(files, options.name, dirs), wantedOffset);
    await clearFolder(files, options.name, options.dir, run);
    await options.budget.refresh();
    const startOffset = run.length > 0 ? run[0].start : wantedOffset;
    const log = new SpoolLog({ ...options, startOffset }, run.length > 0 ? run[run.length - 1].end : wantedOffset);
    log.#segments.adopt(run);
    log.acknowledge(wantedOffset);
    return log;
  }

  get startOffset(): number {
    return this.#segments.empty ? this.#window.start : Math.min(this.#segments.start, this.#window.start);
  }

  get endOffset(): number {
    return this.#window.end;
  }

  /** True after finish(): the end will not move any more. */
  get finished(): boolean {
    return this.#finished;
  }

  /** Folders of earlier runs that this log still reads from. */
  get adoptedDirs(): string[] {
    return this.#segments.adoptedDirs;
  }

  /** True when the receiver should pause: memory is full of bytes that are neither on disk nor acknowledged. */
  get congested(): boolean {
    return this.#congested;
  }

  /** Writable room behind the end, at least 64 KiB: part of a slab, to be given to the socket. The same room until commit(). */
  reserve(): Uint8Array {
    if (this.#window.tailClosed) this.#roll();
    return this.#window.reserve();
  }

  /** The first `count` bytes of the reserved room are filled, and readable from now on. */
  commit(count: number): void {
    this.#checkOpen();
    this.#window.commit(count);
    this.#onAppended();
  }

  /** Copies the bytes to the end. Voids a reservation. */
  append(bytes: Uint8Array): void {
    this.#checkOpen();
    for (let from = 0; from < bytes.length;) {
      const count = this.#window.append(bytes, from);
      if (count === 0) this.#roll();
      from += count;
    }
    this.#onAppended();
  }

  /**
   * Everything below the offset is durably applied (the mark). A lower offset than before is right after a target has lost its tail: it protects what lies
   * above it, and must come before the reading from there. @throws SPOOL_FAILED if it is no longer held
   */
  acknowledge(offset: number): void {
    const { end } = this.#window;
    if (offset > end) throw new GodwitError('INTERNAL', `offset ${offset} was acknowledged, but the ${this.name} spool ends at ${end}`);
    if (offset < this.#acknowledged && offset < this.startOffset) throw this.#notHeld(offset);
    this.#acknowledged = offset;
    this.#retention.acknowledge(offset, this.#clock.nowMs());
    this.#release();
    this.#drive();
  }

  /**
   * Copies up to `room` (> 0) bytes at `offset` into out[at..]. Returns the count at once if they are in memory, 0 at the end, else a promise of
   * the count (> 0) from disk, until which `out` belongs to the log. @throws SPOOL_FAILED if the offset is not held, or the disk cannot be read; of a closed
   * log what it failed with before
   */
  read(offset: number, out: Uint8Array, at: number, room: number): number | Promise<number> {
    if (this.#closing !== null) throw this.#error ?? this.#closedError();
    if (offset >= this.#window.start && offset <= this.#window.end) {
      return offset === this.#window.end ? 0 : this.#window.copyOut(offset, out, at, room);
    }
    if (offset > this.#window.end || offset < this.startOffset) throw this.#notHeld(offset);
    return this.#segments.read(offset, out, at, room);
  }

  /** Resolves when endOffset > offset; rejects when that cannot come to be any more: the log has failed, is closed, or was finished before. */
  waitBeyond(offset: number): Promise<void> {
    if (this.#window.end > offset) return Promise.resolve();
    const error = this.#error ?? (this.#closing === null ? null : this.#closedError()) ?? (this.#finished ? this.#endError(offset) : null);
    return error === null ? this.#beyond.wait(offset) : Promise.reject(error);
  }

  /** Resolves when the log is not congested; rejects when it has failed or is closed. */
  whenRelieved(): Promise<void> {
    if (this.#error !== null) return Promise.reject(this.#error);
    return this.#congested ? this.#relieved.wait(0) : Promise.resolve();
  }

  /** No more bytes will come. Mode `always`: resolves when all are on disk. */
  async finish(): Promise<void> {
    this.#checkOpen();
    this.#finished = true;
    this.#beyond.rejectAll(this.#endError(this.#window.end));
    if (this.#always) await this.flush();
  }

  /** Resolves when everything received so far is on disk (or no longer needed); on a full disk that is when there is room again. */
  flush(): Promise<void> {
    if (this.#error !== null) return Promise.reject(this.#error);
    if (this.#closing !== null) return Promise.reject(this.#closedError());
    const end = this.#window.end;
    if (this.#writer.written >= end) return Promise.resolve();
    const flushed = this.#flushed.wait(end - 1);
    this.#writer.want(end);
    return flushed;
  }

  /** Ends the log with an error that all who wait get. What is held stays readable. */
  fail(error: GodwitError): void {
    if (this.#error !== null) return;
    this.#error = error;
    this.#rejectAll(error);
  }

  /** Ends all use; the files stay for the next run. Does not flush. */
  close(): Promise<void> {
    this.#closing ??= this.#end(false);
    return this.#closing;
  }

  /** Ends all use and deletes the files of this log, adopted ones too. */
  remove(): Promise<void> {
    this.#closing ??= this.#end(true);
    return this.#closing;
  }

  status(): SpoolLogStatus {
    return {
      name: this.name,
      startOffset: this.startOffset,
      endOffset: this.#window.end,
      acknowledgedOffset: this.#acknowledged,
      writtenOffset: this.#writer.written,
      bytesOnDisk: this.#segments.bytes,
      bytesInMemory: this.#window.bytes,
      segments: this.#segments.count,
      congested: this.#congested,
      diskFull: this.#writer.stalled,
      finished: this.#finished,
    };
  }

  #roll(): void {
    this.#checkOpen();
    this.#makeRoom();
    this.#window.roll();
  }

  #onAppended(): void {
    this.#beyond.wake(this.#window.end);
    this.#drive();
    if (this.#window.tailClosed) this.#makeRoom();
  }

  /** Asks for writes where a rule of the mode wants them. All rules ask for everything: fewer and larger writes. */
  #drive(): void {
    const { end } = this.#window;
    const unwritten = end - this.#writer.written;
    if (unwritten <= 0) return;
    const due = this.#always
      ? unwritten >= Math.min(MIB / 4, this.#window.slabBytes)
      : end - Math.max(this.#writer.written, this.#acknowledged) > this.#spillBytes || unwritten > (this.#slabsMax * this.#window.slabBytes) / 2;
    if (due) this.#writer.want(end);
  }

  #onWritten(): void {
    this.#flushed.wake(this.#writer.written);
    this.#release();
    this.#drive();
  }

  /** Lets go what is below the floor, in memory and on disk. */
  #release(): void {
    const floor = this.#retention.floor;
    while (this.#window.count > 1 && this.#window.headEnd <= floor && this.#evict(floor));
    this.#makeRoom();
    const diskFloor = this.#writer.stalled ? this.#acknowledged : floor;
    this.#segments.dropBelow(Math.min(diskFloor, this.#window.start), this.#writer.inFlight);
  }

  /** Empties the oldest slabs until one more can be had within the bound, and says by `congested` whether that succeeded. */
  #makeRoom(): void {
    const floor = this.#writer.stalled ? this.#acknowledged : this.#retention.floor;
    while (this.#window.count >= this.#slabsMax && this.#evict(floor));
    const { count, tailClosed } = this.#window;
    const congested = count > this.#slabsMax || (count === this.#slabsMax && tailClosed);
    if (congested === this.#congested) return;
    this.#congested = congested;
    if (!congested) this.#relieved.wake(1);
  }

  #evict(floor: number): boolean {
    const end = this.#window.headEnd;
    if (end > this.#writer.written) {
      if (end > floor || this.#writer.inFlight) return false;
      this.#window.evictHead();
      this.#writer.skipTo(end);
      this.#flushed.wake(end);
      return true;
    }
    this.#window.evictHead();
    return true;
  }

  async #end(remove: boolean): Promise<void> {
    await this.#writer.stop();
    this.#rejectAll(this.#error ?? this.#closedError());
    if (remove) this.#segments.dropAll();
    await this.#segments.close();
    this.#window.clear();
  }

  #rejectAll(error: GodwitError): void {
    for (const waiters of [this.#beyond, this.#flushed, this.#relieved]) waiters.rejectAll(error);
  }

  #checkOpen(): void {
    if (this.#error !== null) throw this.#error;
    if (this.#closing !== null) throw this.#closedError();
    if (this.#finished) throw new GodwitError('INTERNAL', `bytes came for the ${this.name} spool after its end`);
  }

  #notHeld(offset: number): GodwitError {
    const { startOffset, endOffset } = this;
    return new GodwitError('SPOOL_FAILED', `offset ${offset} is not in the ${this.name} spool, which holds ${startOffset} to ${endOffset}`, {
      details: { offset, startOffset, endOffset },
      fix: 'These bytes are gone from this machine; a target that may lose more of its tail needs a larger spool.retain and spool.retain_bytes.',
    });
  }

  #endError(offset: number): GodwitError {
    const code = this.name === 'rdb' ? 'RDB_CORRUPT' : 'SPOOL_FAILED';
    const { endOffset } = this;
    return new GodwitError(code, `the ${this.name} spool ends at offset ${endOffset}; more was expected at ${offset}`, { details: { offset, endOffset } });
  }

  #closedError(): GodwitError {
    return new GodwitError('SPOOL_FAILED', `the ${this.name} spool was closed`);
  }
}
