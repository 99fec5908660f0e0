/**
 * What the spool of a job may take on disk, shared by its logs.
 *
 * The bound is `maxBytes`, or what the disk had free at the last look less 1 GiB for the others who live there. The look (statfs) happens at the
 * start, then behind the writes once in a while, never per write. A full disk is a state, not an error: the log that meets it keeps its bytes
 * in memory, becomes congested, and tries again each second.
 */
import { type Clock, type ClockTimer, systemClock } from '../../../async/clock.ts';
import type { Logger } from '../../../observe/log.ts';
import { nodeSpoolFiles, type SpoolFiles } from './spool-files.ts';

/** Left free when no bound was given. */
const RESERVE_BYTES = 1024 ** 3;
const LOOK_EVERY_MS = 5000;
const LOOK_EVERY_BYTES = 256 * 1024 * 1024;
/** A disk has room again when no write was refused for so long: one that others keep full takes a little now and then. */
const ROOM_AFTER_MS = 2500;

export interface DiskFullState {
  readonly full: boolean;
  /** limit: the spool's own bound; disk: the system refused a write for lack of space. */
  readonly reason: 'limit' | 'disk';
  readonly bytesOnDisk: number;
  readonly bytesMax: number;
  readonly diskFreeBytes: number;
}

export interface SpoolBudgetOptions {
  /** A folder on the disk in question; it need not exist before refresh() is called. */
  readonly dir: string;
  /** 0 = what the disk has free less 1 GiB. */
  readonly maxBytes: number;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly files?: SpoolFiles;
  /** Called when the spool has run full, and when it has room again. */
  readonly onDiskFull?: (state: DiskFullState) => void;
}

export class SpoolBudget {
  readonly #options: SpoolBudgetOptions;
  readonly #files: SpoolFiles;
  readonly #clock: Clock;
  readonly #stalled = new Set<string>();
  /** What was last reported as full; kept until there is so much room that the next report is worth one. */
  #reported: DiskFullState['reason'] | null = null;
  #used = 0;
  #max: number;
  #free = -1;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #sinceLook = 0;
  #looking: Promise<void> | null = null;
  #roomTimer: ClockTimer | null = null;

  constructor(options: SpoolBudgetOptions) {
    this.#options = options;
    this.#files = options.files ?? nodeSpoolFiles;
    this.#clock = options.clock ?? systemClock;
    this.#max = options.maxBytes > 0 ? options.maxBytes : Number.MAX_SAFE_INTEGER;
  }

  get bytesOnDisk(): number {
    return this.#used;
  }

  /** The bound in force. */
  get bytesMax(): number {
    return this.#max;
  }

  /** The bound that the user gave; 0 = none. */
  get bytesMaxConfigured(): number {
    return this.#options.maxBytes;
  }

  /** At the last look; -1 before the first. */
  get diskFreeBytes(): number {
    return this.#free;
  }

  get full(): boolean {
    return this.#stalled.size > 0;
  }

  /** Why it counts as full, from the report that it is until the one that it has room again; null = there is room. */
  get fullReason(): DiskFullState['reason'] | null {
    return this.#reported;
  }

  /** Looks at the disk. A look that fails leaves the bound as it is. */
  refresh(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** Books bytes that are about to be written; false, and nothing booked, if there is no room for them. */
  take(bytes: number): boolean {
    this.#sinceLook += bytes;
    if (this.#sinceLook >= LOOK_EVERY_BYTES || this.#clock.nowMs() - this.#lookedAt >= LOOK_EVERY_MS) void this.refresh();
    if (this.#used + bytes > this.#max) return false;
    this.#used += bytes;
    return true;
  }

  /** Books bytes that are on disk already. */
  adopt(bytes: number): void {
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
    this.#reportRoom();
  }

  /** A log cannot write. */
  stalled(logName: string, reason: DiskFullState['reason']): void {
    this.#stalled.add(logName);
    this.#roomTimer?.cancel();
    this.#roomTimer = null;
    if (this.#reported !== null) return;
    this.#reported = reason;
    this.#options.log.warn(this.#state(true, reason), 'the spool has no room left; the source is read more slowly until there is some');
    this.#options.onDiskFull?.(this.#state(true, reason));
  }

  /** A log writes again, or has ended. */
  resumed(logName: string): void {
    this.#stalled.delete(logName);
    this.#reportRoom();
  }

  /** A spool that lives at its own bound would report each deletion, so room there means a quarter of it; on a disk see ROOM_AFTER_MS. */
  #reportRoom(): void {
    const reason = this.#reported;
    if (reason === null || this.#stalled.size > 0 || (reason === 'limit' && this.#used > this.#max * 0.75)) return;
    if (reason === 'limit') this.#noteRoom(reason);
    else this.#roomTimer ??= this.#clock.startTimer(ROOM_AFTER_MS, () => this.#noteRoom(reason), { background: true });
  }

  #noteRoom(reason: DiskFullState['reason']): void {
    this.#roomTimer = null;
    this.#reported = null;
    this.#options.log.info(this.#state(false, reason), 'the spool has room again');
    this.#options.onDiskFull?.(this.#state(false, reason));
  }

  #state(full: boolean, reason: DiskFullState['reason']): DiskFullState {
    return { full, reason, bytesOnDisk: this.#used, bytesMax: this.#max, diskFreeBytes: this.#free };
  }

  async #look(): Promise<void> {
    this.#lookedAt = this.#clock.nowMs();
    this.#sinceLook = 0;
    try {
      this.#free = await this.#files.freeBytes(this.#options.dir);
    } catch (error) {
      this.#options.log.debug({ dir: this.#options.dir, error }, "the free space of the spool's disk is unknown");
      return;
    }
    if (this.#options.maxBytes <= 0) this.#max = Math.max(0, this.#used + this.#free - RESERVE_BYTES);
  }
}
