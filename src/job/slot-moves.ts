/**
 * What a job does when slots go from one shard of the source to another while it runs.
 *
 * The streams of two shards have no order between them, and how keys travel differs by version (RESTORE in the stream of the new owner, or a transfer of its
 * own), so nothing is pieced together: the old owner's pipeline brings nothing more of the slots as soon as the move is seen (the deletion of what has left it,
 * least of all), nor does the new owner's before they have come to stay; then the new owner's shard is brought anew, its slots removed from the target before.
 *
 * Invariants: the notes beside the marks change only when all of that is done, so that a run that comes in between does it again (plan-pipelines.ts); the new
 * owner begins only after what the old one had in flight has arrived.
 */
import { GodwitError } from '../errors/errors.ts';
import type { JobSource, SlotsMoved, SourcePlace } from './job-source.ts';
import type { JobTarget } from './job-target.ts';
import type { SourceShard } from './source-shard.ts';

/** Slots have come to stay when none was seen to move for so long; it is looked each second meanwhile. */
const SETTLED_AFTER_MS = 3_000;
const LOOK_EVERY_MS = 1_000;

export interface SlotMovesOptions {
  readonly source: JobSource;
  readonly target: JobTarget;
  readonly shards: readonly SourceShard[];
  /** --on-lost-position stop: nothing is brought anew. */
  readonly mayBeginAnew: boolean;
  onEvent(level: 'info' | 'warn', kind: string, message: string, details: Record<string, unknown>): void;
}

export class SlotMoves {
  private readonly options: SlotMovesOptions;
  private readonly gaining = new Set<SourcePlace>();
  private readonly changed = new Set<SourcePlace>();
  /** The snapshots that shards stood on when they were told to begin anew. */
  private readonly leaving = new Map<SourceShard, number>();
  private timer: NodeJS.Timeout | undefined;
  private movedMs = 0;
  private closed = false;

  constructor(options: SlotMovesOptions) {
    this.options = options;
    options.source.onSlotsMoved?.((moved) => this.moved(moved));
  }

  /** Notes the slots of the shards once all are where they belong; to be called now and then. */
  async noteSlots(): Promise<void> {
    const { shards, target } = this.options;
    if (this.changed.size === 0 || this.gaining.size > 0 || this.timer !== undefined) return;
    if (shards.some((shard) => !this.isThrough(shard))) return;
    const due = shards.filter(({ place }) => this.changed.has(place));
    this.changed.clear();
    for (const { name, place } of due) await target.note(name, place.note()).catch(() => this.changed.add(place));
    if (this.changed.size === 0) this.options.onEvent('info', 'slots.settled', 'the slots that have moved are brought by their new shards', {});
  }

  close(): void {
    this.closed = true;
    clearInterval(this.timer);
  }

  /** In incremental sync, and not any more on the snapshot that it stood on before it was told to begin anew. */
  private isThrough(shard: SourceShard): boolean {
    const mark = shard.pipeline?.mark;
    return mark?.phase === 'incremental-sync' && mark.snapshotId !== this.leaving.get(shard);
  }

  private moved({ lost, gained, strangers }: SlotsMoved): void {
    if (this.closed) return;
    if (strangers.length > 0) return this.stop('SHARD_ADDED', `slots of the source went to ${strangers.join(', ')}, which was no shard when this run began`);
    if (!this.options.mayBeginAnew)
      return this.stop('POSITION_LOST', 'slots have moved between shards of the source, and their new owner would have to be brought anew');
    if (this.gaining.size === 0 && this.timer === undefined) {
      this.options.onEvent('warn', 'slots.moved', 'slots move between shards of the source: what they hold is brought anew when they have come to stay', {
        to: this.shardsOf(gained)
          .map(({ name }) => name)
          .join(' '),
      });
    }
    for (const place of gained) this.gaining.add(place);
    for (const place of [...lost, ...gained]) this.changed.add(place);
    this.movedMs = performance.now();
    this.timer ??= setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  private look(): void {
    this.options.source.lookAgain?.();
    if (performance.now() - this.movedMs < SETTLED_AFTER_MS) return;
    clearInterval(this.timer);
    this.timer = undefined;
    void this.beginAnew();
  }

  private async beginAnew(): Promise<void> {
    const { shards } = this.options;
    await Promise.all(shards.map(async ({ pipeline }) => pipeline?.flushed()));
    if (this.closed || this.timer !== undefined) return;
    const due = this.shardsOf([...this.gaining]);
    this.gaining.clear();
    for (const shard of due) {
      const { place, pipeline } = shard;
      place.takeSlots?.();
      if (pipeline !== undefined) this.leaving.set(shard, pipeline.mark.snapshotId);
      pipeline?.beginAnew('slots of other shards have come to this one');
    }
  }

  private shardsOf(places: readonly SourcePlace[]): SourceShard[] {
    return this.options.shards.filter(({ place }) => places.includes(place));
  }

  private stop(code: 'SHARD_ADDED' | 'POSITION_LOST', message: string): void {
    this.close();
    for (const shard of this.options.shards) shard.fail(new GodwitError(code, message));
  }
}
