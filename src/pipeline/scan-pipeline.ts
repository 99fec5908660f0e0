/**
 * One server of a source that is read key by key, and the target. There is one recovery for whatever breaks at the target, as in a sync: wait until it is ready, read
 * the mark, go on where it says. Whatever is read is the latest state of a key, so what is applied twice does no harm.
 *
 *   ScanCourse -> ScanFeed -> ScanWriter -> Delivery -> target
 *       ^ what next                            | onMarked: position, keys that are done with
 *       +--------------------------------------+
 */
import type { Pace } from './pace.ts';
import { PacedDelivery } from './paced-delivery.ts';
import { EditedDelivery } from './edits/edited-delivery.ts';
import type { DeadLetterFile } from '../target/dead-letter.ts';
import type { Edits } from './edits/edits.ts';
import { LettersOnce } from './edits/letters-once.ts';
import { builtInCommands } from '../command/built-in-commands.ts';
import { CommandTally } from '../command/command-tally.ts';
import { Deferred } from '../async/deferred.ts';
import type { Mark } from '../checkpoint/mark.ts';
import type { SyncConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import type { Logger } from '../observe/log.ts';
import type { AskLine } from '../source/scan/ask-line.ts';
import { cursorShare } from '../source/scan/cursor-share.ts';
import { keyText } from '../source/scan/key-chunk.ts';
import { KeyCompare } from '../source/scan/key-compare.ts';
import type { ScanFeed } from '../source/scan/scan-feed.ts';
import type { ScanOptions } from '../source/scan/scan-options.ts';
import { parseScanPosition, SCAN_BEGIN, SCAN_STAGES, type ScanPosition, scanPositionText } from '../source/scan/scan-position.ts';
import type { ScanSource } from '../source/scan/scan-source.ts';
import { type ReadValues, type ValuePart, ValueState } from '../source/scan/value-part.ts';
import { againAndAgain } from './again-and-again.ts';
import type { Delivery, SentPosition } from './delivery.ts';
import { HugeValues } from './huge-values.ts';
import { ScanCourse } from './scan-course.ts';
import { RowNumbers, ScanWriter } from './scan-writer.ts';
import type { TargetSide } from './target-side.ts';
import { settleInTime } from './settle-in-time.ts';

/** The time that there is for what has changed last, when the job ends. */
const DRAIN_MS = 20_000;
/** Slots on the move: the source is gone over when they have stood still for so long. */
const SLOTS_SETTLE_MS = 1_000;
const HISTORY = 'scan';

export interface ScanPipelineOptions {
  readonly config: SyncConfig;
  readonly scan: ScanOptions;
  readonly source: ScanSource;
  readonly address: string;
  readonly target: TargetSide;
  readonly mark: Mark;
  readonly valueBytesMax: number;
  /** What passes, and what is made of it; null = everything, as it is. */
  readonly edits: Edits | null;
  readonly deadLetters: DeadLetterFile;
  readonly pace: Pace;
  readonly log: Logger;
  /** Lines to all primaries of the target, to look at its keys. */
  targetLines(): Promise<readonly AskLine[]>;
  /** Keys of the target that are this pipeline's to bring, ours not among them; undefined: that cannot be told, so none is removed unless an event says so. */
  readonly ownsKey: ((database: number, bytes: Uint8Array, start: number, end: number) => boolean) | undefined;
  /** Slots of the source's server, as text; '' = all. */
  slots(): string;
  onEvent(level: 'info' | 'warn' | 'error', kind: string, message: string, details?: Record<string, unknown>): void;
}

export class ScanPipeline {
  /** The mark that the target holds. */
  mark: Mark;
  markAt = 0;
  applied: Mark;
  keysApplied = 0;
  keysSkipped = 0;
  keysRemoved = 0;
  retried = 0;
  gaps = 0;
  isSettled = false;
  readonly course: ScanCourse;
  readonly tally = new CommandTally();
  private readonly options: ScanPipelineOptions;
  private readonly leftOut = new Set<string>();
  private readonly numbers: RowNumbers;
  private readonly ended = new Deferred<void>();
  private readonly huge: HugeValues;
  private readonly letters: LettersOnce;
  private stopping = false;
  private isFirst = true;
  /** As of the last attempt. */
  private rowsBefore = { applied: 0, skipped: 0 };
  private feed: ScanFeed | undefined;
  private markedStage: ScanPosition['stage'] = 'going-over';
  private lines: readonly AskLine[] = [];
  private lastCall: NodeJS.Timeout | undefined;
  private moving: NodeJS.Timeout | undefined;

  constructor(options: ScanPipelineOptions) {
    const { mark, source, scan } = options;
    this.options = options;
    this.mark = mark;
    this.applied = mark;
    this.letters = new LettersOnce(options.deadLetters);
    this.numbers = new RowNumbers(mark.epoch);
    this.huge = new HugeValues(source);
    this.course = new ScanCourse(
      {
        queue: source.queue,
        full: scan.full,
        mirror: scan.mirror,
        pages: (from) => source.pages(from),
        compare: () => this.compare(),
        slots: options.slots,
      },
      SCAN_BEGIN,
    );
    if (options.config.sync.stopAfter === 'full-sync') this.course.drainWhenCaughtUp();
    source.onGap = (reason) => this.gap(reason);
  }

  /** As of what is read and applied. */
  get stage(): ScanPosition['stage'] {
    const { stage } = this.course;
    return SCAN_STAGES.indexOf(stage) < SCAN_STAGES.indexOf(this.markedStage) ? stage : this.markedStage;
  }

  get edits(): Edits | null {
    return this.options.edits;
  }

  /** As of the mark of the target. */
  get position(): ScanPosition {
    return positionOf(this.mark);
  }

  /** Of the keys of the source that were gone over, 0 to 1. */
  get progress(): number {
    return this.stage === 'going-over' ? cursorShare(this.position.cursor) : 1;
  }

  /** Runs to the end of the scan, or, where changes are followed, until stop(). */
  async run(): Promise<'stopped' | 'done'> {
    const { target, log, source, onEvent, mark } = this.options;
    try {
      await source.start(positionOf(mark).notifyBefore);
      return await againAndAgain(() => this.attempt(), {
        address: target.address,
        log,
        isStopping: () => this.stopping,
        onRetry: () => this.retried++,
        onEvent,
      });
    } finally {
      clearTimeout(this.lastCall);
      clearTimeout(this.moving);
    }
  }

  /** What has changed is still brought, then it ends; what is in flight is answered and its mark is written. */
  stop(): void {
    if (this.stopping) return;
    this.stopping = true;
    this.ended.resolve();
    const { source } = this.options;
    source.stopWaiting();
    const over = new GodwitError('CONNECTION_LOST', 'the job is stopped');
    if (source.queue === undefined || this.stage !== 'following') this.feed?.fail(over);
    else {
      this.course.drain();
      this.lastCall = setTimeout(() => this.feed?.fail(over), DRAIN_MS);
    }
  }

  private gap(reason: string): void {
    this.gaps++;
    this.options.onEvent('warn', 'scan.gap', `${reason}: the source is gone over once more`, { reason });
    this.course.gap();
  }

  private async attempt(): Promise<'stopped' | 'done' | 'again'> {
    const { target, pace } = this.options;
    await Promise.race([target.ready(), this.ended.promise]);
    if (pace.gate.isClosed) await pace.gate.passage();
    if (this.stopping) return 'stopped';
    let found = await target.readMark(this.mark.epoch);
    if (found === undefined) {
      this.mark = await target.beginAnew({ ...this.mark, scan: scanPositionText(this.beginning()) });
      return 'again';
    }
    if (found.epoch < this.mark.epoch) {
      await target.takeOverAgain(this.mark.epoch);
      return 'again';
    }
    if (found.snapshotId === 0) {
      found = await target.beginFullSync(found, { replicationId: HISTORY, offset: 0, length: -1, complete: true, startedAt: Date.now() });
    }
    const position = this.startAt(found);
    this.mark = found;
    this.applied = found;
    this.lines = await this.options.targetLines();
    return this.bring(found, position);
  }

  private beginning(): ScanPosition {
    return { ...SCAN_BEGIN, notifyBefore: this.options.source.notifyBefore };
  }

  /** Nobody has listened before this run, and what an earlier one had done with may have changed. */
  private startAt(found: Mark): ScanPosition {
    const position = positionOf(found);
    const { isFirst } = this;
    const { queue, notifyBefore } = this.options.source;
    this.isFirst = false;
    if (isFirst && position.stage === 'done') return { ...this.beginning(), mustCompare: queue !== undefined };
    if (isFirst && (queue !== undefined || position.stage === 'following')) return { ...this.beginning(), mustCompare: found.scan !== undefined };
    if (!isFirst && queue !== undefined && found.rdbOffset < this.mark.rdbOffset) this.gap('the target has lost what it had');
    return { ...position, notifyBefore, mustCompare: position.mustCompare || this.course.position.mustCompare };
  }

  private async bring(from: Mark, position: ScanPosition): Promise<'stopped' | 'done'> {
    const { target, source, address, valueBytesMax } = this.options;
    this.rowsBefore = { applied: this.keysApplied, skipped: this.keysSkipped };
    const opened = target.open(from, {
      leftOut: this.leftOut,
      replayUntil: 0,
      table: builtInCommands,
      tally: this.tally,
      replaceFunctions: false,
      stopping: () => this.stopping,
      onApplied: (at) => this.onApplied(at),
      onMarked: (at) => this.onMarked(at),
      onFailed: (error) => this.feed?.fail(error),
    });
    const { edits, pace, config } = this.options;
    const { onError } = config.sync;
    const edited =
      edits === null ? opened : new EditedDelivery({ delivery: opened, edits, restore: target.restore, tally: this.tally, letters: this.letters, onError });
    const delivery = new PacedDelivery(edited, pace);
    this.course.begin(position);
    const feed = source.feed(() => this.course.next());
    this.feed = feed;
    const writer = new ScanWriter({ delivery, numbers: this.numbers, address, valueBytesMax }, from);
    try {
      // Noted before anything else: a run after a kill sets it back.
      writer.pass(scanPositionText({ ...position, notifyBefore: source.notifyBefore }));
      await delivery.settled();
      await this.write(feed, writer, delivery);
      await delivery.settled();
      return this.stopping ? 'stopped' : 'done';
    } catch (error) {
      if (!this.stopping) throw error;
      return 'stopped';
    } finally {
      this.course.end();
      feed.fail(new GodwitError('CONNECTION_LOST', 'the attempt is over'));
      if (this.stopping) await settleInTime(delivery);
      this.isSettled = delivery.isSettled;
      delivery.close();
    }
  }

  private async write(feed: ScanFeed, writer: ScanWriter, delivery: Delivery): Promise<void> {
    for (;;) {
      const before = performance.now();
      const fed = await feed.next();
      if (fed === undefined) return;
      const { part } = fed;
      const values = await fed.values;
      if (performance.now() - before > 2) this.course.wasLate();
      const scan = part.isLast && part.chunk.behind !== null ? this.textOf(part.chunk.behind) : undefined;
      const row = values === undefined ? await this.huge.write(part, writer, scan) : await writer.write(part, values, scan);
      if (values !== undefined) this.note(part, values);
      if (part.isLast && part.chunk.behind === null) this.course.sent(part.chunk, row);
      if (values !== undefined) this.options.source.giveBack(values);
      feed.release(fed);
      // A stage begins, perhaps a quiet one: nothing would follow that the mark could come with.
      if (part.chunk.count === 0 && scan !== undefined) await delivery.settled();
    }
  }

  private note(part: ValuePart, { state, count, start, end }: ReadValues): void {
    const { queue } = this.options.source;
    for (let i = 0; i < count; i++) {
      if (state[i] === ValueState.There) queue?.wasRead(part.chunk.database, end[i] - start[i], () => keyText(part.chunk, part.keys[i]));
      else if (state[i] === ValueState.Gone && part.chunk.behind === null) this.keysRemoved++;
      else if (state[i] === ValueState.Elsewhere) this.slotsMove();
    }
  }

  private slotsMove(): void {
    clearTimeout(this.moving);
    this.moving = setTimeout(() => this.gap('slots of the source were moved'), SLOTS_SETTLE_MS);
  }

  private textOf(behind: ScanPosition): string {
    const { mustCompare } = this.course.position;
    return scanPositionText({ ...behind, notifyBefore: this.options.source.notifyBefore, mustCompare: mustCompare && behind.stage !== 'done' });
  }

  private compare(): KeyCompare | undefined {
    const { source, scan, ownsKey } = this.options;
    const { lines: target } = this;
    if (ownsKey === undefined) {
      this.options.onEvent('warn', 'target.keys-remain', 'several sources share the target: keys that this one has lost unnoticed remain there');
      return undefined;
    }
    return new KeyCompare({ source: source.keys, target, databases: scan.databases, wantsKey: ownsKey });
  }

  private onApplied({ mark, rows, skipped }: SentPosition): void {
    this.applied = mark;
    this.keysApplied = this.rowsBefore.applied + rows;
    this.keysSkipped = this.rowsBefore.skipped + skipped;
  }

  private onMarked({ mark }: SentPosition): void {
    this.mark = mark;
    this.markAt = Date.now();
    this.course.marked(mark.rdbOffset);
    const { stage } = positionOf(mark);
    if (stage === this.markedStage) return;
    this.markedStage = stage;
    if (stage !== 'going-over') this.options.onEvent('info', 'scan.stage', `the scan is ${stage === 'done' ? 'done' : stage}`, { stage });
  }
}

function positionOf({ scan }: Mark): ScanPosition {
  return scan === undefined ? SCAN_BEGIN : parseScanPosition(scan);
}
