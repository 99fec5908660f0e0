/**
 * The part of a log that is on disk: segment files, contiguous in offsets, the last one being appended to.
 *
 *   adopted (read only)          own                    current
 *   |-----------|--------|  |-----------|-----------|  |------->
 *
 * Files of earlier runs are read in place and never appended to. A segment that is let go stays until the reads in it have ended. At most FDS_MAX
 * descriptors are open beside the current one, however many segments there are. Nothing is synced: after a restart of the machine the spool is not
 * trusted (spool-manifest.ts), and the end of a process loses nothing that was written.
 */
import path from 'node:path';
import { GodwitError } from '../../../errors/errors.ts';
import type { Logger } from '../../../observe/log.ts';
import type { SpoolBudget } from './disk-space.ts';
import { type FoundSegment, segmentFileName, type SpoolLogName } from './segment-survey.ts';
import { errorCode, type SpoolFiles } from './spool-files.ts';

const FDS_MAX = 6;

interface Segment {
  readonly dir: string;
  readonly path: string;
  readonly fileStart: number;
  readonly start: number;
  end: number;
  /** Bytes of the whole file, as the budget counts them. */
  fileBytes: number;
  fd: Promise<number> | null;
  /** Reads under way. */
  reads: number;
  doomed: boolean;
}

export interface SegmentFilesOptions {
  readonly dir: string;
  readonly name: SpoolLogName;
  readonly segmentBytes: number;
  readonly files: SpoolFiles;
  readonly budget: SpoolBudget;
  readonly log: Logger;
  /** Called when a deletion has freed space. */
  readonly onFreed: () => void;
}

export class SegmentFiles {
  readonly #options: SegmentFilesOptions;
  readonly #segments: Segment[] = [];
  /** Segments with an open descriptor other than the current one, least recently opened first. */
  readonly #opened: Segment[] = [];
  readonly #disposals = new Set<Promise<void>>();
  #current: Segment | null = null;
  #bytes = 0;
  #reads = 0;
  #whenIdle: (() => void) | null = null;

  constructor(options: SegmentFilesOptions) {
    this.#options = options;
  }

  get empty(): boolean {
    return this.#segments.length === 0;
  }

  /** Offset of the first byte on disk. Only if not empty. */
  get start(): number {
    return this.#segments[0].start;
  }

  get count(): number {
    return this.#segments.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that the next write may have at most: segments are cut exactly. */
  get roomBytes(): number {
    const { segmentBytes } = this.#options;
    const room = this.#current === null ? segmentBytes : segmentBytes - (this.#current.end - this.#current.fileStart);
    return room > 0 ? room : segmentBytes;
  }

  /** Folders of other runs whose files are still in use. */
  get adoptedDirs(): string[] {
    return [...new Set(this.#segments.map((segment) => segment.dir))].filter((dir) => dir !== this.#options.dir);
  }

  /** Takes over files of earlier runs, as contiguousRun() gives them. */
  adopt(found: readonly FoundSegment[]): void {
    for (const { dir, path: file, fileStart, start, end, fileBytes } of found) {
      this.#segments.push({ dir, path: file, fileStart, start, end, fileBytes, fd: null, reads: 0, doomed: false });
      this.#bytes += fileBytes;
      this.#options.budget.adopt(fileBytes);
    }
  }

  /** Appends; `offset` is the end of what is on disk, or any offset if that is empty. One at a time. Resolves to the count of bytes written. */
  async write(offset: number, buffers: readonly Uint8Array[]): Promise<number> {
    let segment = this.#current;
    if (segment === null || segment.end - segment.fileStart >= this.#options.segmentBytes) segment = await this.#startSegment(offset);
    const fd = await segment.fd!;
    const count = await this.#options.files.write(fd, buffers, segment.end - segment.fileStart);
    segment.end += count;
    segment.fileBytes += count;
    this.#bytes += count;
    return count;
  }

  /** Reads up to `room` bytes at an offset that is on disk; one read never goes over the end of a segment. */
  async read(offset: number, out: Uint8Array, at: number, room: number): Promise<number> {
    const segment = this.#find(offset);
    segment.reads++;
    this.#reads++;
    try {
      const fd = await this.#descriptor(segment);
      const length = Math.min(room, segment.end - offset);
      const count = await this.#options.files.read(fd, out, at, length, offset - segment.fileStart);
      if (count <= 0) throw new Error('the file is shorter than it was');
      return count;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const details = { offset, file: segment.path };
      throw new GodwitError('SPOOL_FAILED', `the spool cannot read offset ${offset} from ${segment.path}: ${reason}`, { details, cause: error });
    } finally {
      segment.reads--;
      if (segment.reads === 0 && segment.doomed) this.#dispose(segment);
      if (--this.#reads === 0) this.#whenIdle?.();
    }
  }

  /** Deletes the segments whose bytes are all below the floor; the current one too unless a write is under way. */
  dropBelow(floor: number, writing: boolean): void {
    while (this.#segments.length > 0 && this.#segments[0].end <= floor) {
      if (this.#segments[0] === this.#current && (writing || this.#current.end === this.#current.fileStart)) return;
      this.#doom(this.#segments.shift()!);
    }
  }

  /** Deletes all segments; the next write may start anywhere. Not while a write is under way. */
  dropAll(): void {
    for (const segment of this.#segments.splice(0)) this.#doom(segment);
  }

  /** Closes every file, after the reads and deletions under way. The files stay, but are no longer booked. Not while a write is under way. */
  async close(): Promise<void> {
    if (this.#reads > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    while (this.#disposals.size > 0) await Promise.all(this.#disposals);
    const segments = this.#segments.splice(0);
    this.#current = null;
    this.#opened.length = 0;
    await Promise.all(segments.map((segment) => this.#closeDescriptor(segment)));
    this.#options.budget.give(segments.reduce((sum, segment) => sum + segment.fileBytes, 0));
    this.#bytes = 0;
  }

  async #startSegment(offset: number): Promise<Segment> {
    const { dir, name, files } = this.#options;
    const file = path.join(dir, segmentFileName(name, offset));
    const fd = await files.create(file);
    const segment: Segment = { dir, path: file, fileStart: offset, start: offset, end: offset, fileBytes: 0, fd: Promise.resolve(fd), reads: 0, doomed: false };
    const before = this.#current;
    this.#current = segment;
    this.#segments.push(segment);
    if (before !== null) this.#noteOpened(before);
    return segment;
  }

  #find(offset: number): Segment {
    let low = 0;
    let high = this.#segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#segments[middle].start <= offset) low = middle;
      else high = middle - 1;
    }
    return this.#segments[low];
  }

  #descriptor(segment: Segment): Promise<number> {
    if (segment.fd === null) {
      const opening = this.#options.files.openForRead(segment.path);
      segment.fd = opening;
      opening.then(
        () => this.#noteOpened(segment),
        () => {
          segment.fd = null;
        },
      );
    }
    return segment.fd;
  }

  #noteOpened(segment: Segment): void {
    this.#opened.push(segment);
    if (this.#opened.length <= FDS_MAX) return;
    const index = this.#opened.findIndex((candidate) => candidate.reads === 0);
    if (index < 0) return;
    const [idle] = this.#opened.splice(index, 1);
    this.#track(this.#closeDescriptor(idle));
  }

  #doom(segment: Segment): void {
    if (segment === this.#current) this.#current = null;
    segment.doomed = true;
    this.#bytes -= segment.fileBytes;
    if (segment.reads === 0) this.#dispose(segment);
  }

  #dispose(segment: Segment): void {
    const index = this.#opened.indexOf(segment);
    if (index >= 0) this.#opened.splice(index, 1);
    this.#track(this.#delete(segment));
  }

  async #delete(segment: Segment): Promise<void> {
    const { files, budget, log, onFreed } = this.#options;
    try {
      await files.unlink(segment.path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') log.warn({ file: segment.path, error }, 'a file of the spool cannot be deleted');
    }
    await this.#closeDescriptor(segment);
    budget.give(segment.fileBytes);
    onFreed();
  }

  async #closeDescriptor(segment: Segment): Promise<void> {
    const { fd } = segment;
    segment.fd = null;
    if (fd === null) return;
    try {
      await this.#options.files.close(await fd);
    } catch (error) {
      this.#options.log.debug({ file: segment.path, error }, 'a file of the spool did not close');
    }
  }

  #track(disposal: Promise<void>): void {
    const tracked = disposal.finally(() => this.#disposals.delete(tracked));
    this.#disposals.add(tracked);
  }
}
