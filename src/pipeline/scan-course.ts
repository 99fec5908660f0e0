/**
 * What an attempt of a scan reads next: pages of keys, then, where that was asked for or something was missed, keys that only the target has, then nothing but what
 * has changed; keys that have changed come in between all the time.
 *
 *   going-over ---> comparing ---> following        (without notifications: done)
 *       ^                             |
 *       +-------- a gap --------------+
 *
 * Invariant: a key that has changed is in the queue, or in `issued` until the target's mark tells that it is applied.
 */
import { Deferred } from '../async/deferred.ts';
import { type KeyChunk, keyText } from '../source/scan/key-chunk.ts';
import type { KeyCompare } from '../source/scan/key-compare.ts';
import type { KeyPages } from '../source/scan/key-pages.ts';
import { SCAN_BEGIN, type ScanPosition } from '../source/scan/scan-position.ts';
import type { EventQueue } from '../source/scan/event-queue.ts';

const EVENT_KEYS_MAX = 512;
const NO_KEYS = { database: 0, bytes: new Uint8Array(0), count: 0, start: new Uint32Array(0), end: new Uint32Array(0) } as const;

export interface ScanCourseOptions {
  readonly queue: EventQueue | undefined;
  readonly full: boolean;
  /** Compare after each going over. */
  readonly mirror: boolean;
  pages(from: ScanPosition): KeyPages;
  /** undefined: not with this target. */
  compare(): KeyCompare | undefined;
  /** Slots of the source, as text: where they are others than when the pass began, keys may have been missed. */
  slots(): string;
}

/** What lives as long as the job. */
export class ScanCourse {
  position: ScanPosition;
  keysLooked = 0;
  passes = 0;
  private readonly options: ScanCourseOptions;
  /** Keys that were taken from the queue, and the number of the last row of them once it was sent. */
  private issued: { readonly chunk: KeyChunk; row: number }[] = [];
  private pages: KeyPages | undefined;
  private comparison: KeyCompare | undefined;
  private again = false;
  private slotsBefore = '';
  private turn = false;
  private isEnding = false;
  private ended = new Deferred<void>();
  private stopsWhenCaughtUp = false;

  constructor(options: ScanCourseOptions, position: ScanPosition) {
    this.options = options;
    this.position = position;
  }

  get keysSeen(): number {
    return this.keysLooked + (this.pages?.keysSeen ?? 0);
  }

  /** Of what is read. */
  get stage(): ScanPosition['stage'] {
    return this.again ? 'going-over' : this.position.stage;
  }

  /** Keys that have changed, were read, and are not known to be applied. */
  get keysIssued(): number {
    return this.issued.reduce((sum, { chunk }) => sum + chunk.count, 0);
  }

  get compared(): number {
    return this.comparison?.looked ?? 0;
  }

  /** An attempt begins, at this position. */
  begin(position: ScanPosition): void {
    for (const { chunk } of this.issued) this.putBack(chunk);
    this.issued = [];
    this.ended = new Deferred();
    this.isEnding = false;
    this.comparison = undefined;
    this.closePages();
    this.go(this.options.full || position.stage !== 'going-over' ? position : { ...position, stage: this.nextStage(position) });
  }

  /** Changes may have been missed: all is gone over, once what is under way is done. */
  gap(): void {
    this.position = { ...this.position, mustCompare: true };
    this.again = true;
    this.options.queue?.wake();
  }

  /** next() gives what is in the queue, and then ends. */
  drain(): void {
    this.isEnding = true;
    this.options.queue?.wake();
  }

  drainWhenCaughtUp(): void {
    this.stopsWhenCaughtUp = true;
  }

  /** The attempt is over: nothing is given out any more. */
  end(): void {
    this.ended.resolve();
    this.options.queue?.wake();
  }

  /** For the feed. */
  async next(): Promise<KeyChunk | undefined> {
    const { ended } = this;
    let isOver = false;
    void ended.promise.then(() => (isOver = true));
    for (;;) {
      await Promise.resolve();
      if (isOver) return undefined;
      const changed = this.changed();
      if (changed !== undefined) return changed;
      if (this.isEnding) return undefined;
      const { stage } = this.position;
      if (stage === 'done') return undefined;
      if (stage === 'following') {
        if (this.stopsWhenCaughtUp && !this.again) return undefined;
        if (this.again) return this.passStage();
        await Promise.race([this.options.queue?.some(), ended.promise]);
        continue;
      }
      const chunk = stage === 'going-over' ? await this.page() : await this.comparison?.next();
      if (isOver) return undefined;
      if (chunk !== undefined) return chunk;
      return this.passStage();
    }
  }

  /** The rows of this chunk are sent, the last one has this number. */
  sent(chunk: KeyChunk, row: number): void {
    const entry = this.issued.find((one) => one.chunk === chunk);
    if (entry !== undefined) entry.row = row;
  }

  /** The target's mark stands behind this row. */
  marked(row: number): void {
    if (this.issued.length > 0 && this.issued[0].row <= row) this.issued = this.issued.filter((one) => one.row > row);
  }

  /** The consumer had to wait. */
  wasLate(): void {
    if (this.position.stage === 'going-over') this.pages?.wasLate();
  }

  /** By turns with pages, so that neither keeps the other waiting. */
  private changed(): KeyChunk | undefined {
    const { queue } = this.options;
    this.turn = !this.turn;
    if (queue === undefined || (!this.turn && !this.isEnding && this.position.stage !== 'following')) return undefined;
    const chunk = queue.take(EVENT_KEYS_MAX, this.isEnding);
    if (chunk !== undefined) this.issued.push({ chunk, row: Number.POSITIVE_INFINITY });
    return chunk;
  }

  private page(): Promise<KeyChunk | undefined> {
    this.pages ??= this.options.pages(this.position);
    return this.pages.next();
  }

  /** @returns an empty chunk, whose position is marked once all before it is applied */
  private passStage(): KeyChunk {
    const { position } = this;
    const isOver = position.stage === 'going-over';
    if (isOver) this.closePages();
    const moved = isOver && this.options.slots() !== this.slotsBefore;
    if (this.again || moved) this.go({ ...SCAN_BEGIN, notifyBefore: position.notifyBefore, mustCompare: position.mustCompare || this.again });
    else if (isOver) this.go({ ...position, stage: this.nextStage(position) });
    else this.go({ ...position, stage: this.options.queue === undefined ? 'done' : 'following', mustCompare: false });
    return { ...NO_KEYS, behind: this.position };
  }

  private nextStage({ mustCompare }: ScanPosition): ScanPosition['stage'] {
    this.comparison = mustCompare || this.options.mirror ? this.options.compare() : undefined;
    if (this.comparison !== undefined) return 'comparing';
    return this.options.queue === undefined ? 'done' : 'following';
  }

  private go(position: ScanPosition): void {
    this.position = position;
    if (position.stage === 'going-over') {
      this.slotsBefore = this.options.slots();
      if (position.cursor === '0' && position.database === 0) {
        this.again = false;
        this.passes++;
      }
    }
    if (position.stage === 'comparing') this.comparison ??= this.options.compare();
  }

  private closePages(): void {
    this.keysLooked += this.pages?.keysSeen ?? 0;
    this.pages = undefined;
  }

  private putBack(chunk: KeyChunk): void {
    for (let i = 0; i < chunk.count; i++) this.options.queue?.add(chunk.database, keyText(chunk, i));
  }
}
