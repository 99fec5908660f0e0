/**
 * One timer for the keepalive of all connections. A hashed wheel: a deadline lies in the slot of its tick, arming and disarming cost a
 * set operation, and the one timer sleeps until the next slot that holds anything. It never keeps the process alive, and is never early.
 *
 *        slot  0    1    2    3  ...  1023          25 ms each, 25.6 s around; later deadlines stay in their slot for another round
 *                   ^ turned      ^ timer set for here
 */
import type { Clock, ClockTimer } from '../async/clock.ts';
import { systemClock } from '../async/clock.ts';

const TICK_MS = 25;
const SLOTS = 1024;

/** One deadline at a time, moved by arm(). */
export interface WheelEntry {
  /** Returns its next deadline, or Infinity for none. If it was armed meanwhile, the earlier of both counts. */
  onDue(nowMs: number): number;
}

interface Placed {
  readonly entry: WheelEntry;
  readonly deadlineMs: number;
  readonly tick: number;
}

export class KeepaliveWheel {
  private readonly clock: Clock;
  private readonly slots: Set<Placed>[] = Array.from({ length: SLOTS }, () => new Set());
  private readonly placed = new Map<WheelEntry, Placed>();
  /** All ticks up to this one were turned. */
  private turned = 0;
  private timer: ClockTimer | undefined;
  private timerTick = Number.POSITIVE_INFINITY;

  constructor(clock: Clock = systemClock) {
    this.clock = clock;
  }

  /** Sets the deadline of an entry, in the clock's nowMs(); one before now is due at the next turn. */
  arm(entry: WheelEntry, deadlineMs: number): void {
    this.place(entry, deadlineMs);
    this.schedule();
  }

  /** Moves the deadline only if that makes it earlier. */
  armNoLaterThan(entry: WheelEntry, deadlineMs: number): void {
    const placed = this.placed.get(entry);
    if (placed === undefined || placed.deadlineMs > deadlineMs) this.arm(entry, deadlineMs);
  }

  disarm(entry: WheelEntry): void {
    const placed = this.placed.get(entry);
    if (placed === undefined) return;
    this.placed.delete(entry);
    this.slots[placed.tick % SLOTS].delete(placed);
    if (this.placed.size === 0) this.schedule();
  }

  private place(entry: WheelEntry, deadlineMs: number): void {
    if (this.placed.size === 0) this.turned = Math.max(this.turned, Math.floor(this.clock.nowMs() / TICK_MS));
    const before = this.placed.get(entry);
    if (before !== undefined) this.slots[before.tick % SLOTS].delete(before);
    const tick = Math.max(Math.ceil(deadlineMs / TICK_MS), this.turned + 1);
    const placed = { entry, deadlineMs, tick };
    this.placed.set(entry, placed);
    this.slots[tick % SLOTS].add(placed);
  }

  /** Sets the one timer for the next slot that holds anything. */
  private schedule(): void {
    const tick = this.placed.size === 0 ? Number.POSITIVE_INFINITY : this.nextTick();
    if (tick === this.timerTick) return;
    this.timer?.cancel();
    this.timer = undefined;
    this.timerTick = tick;
    if (tick === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(1, Math.ceil(tick * TICK_MS - this.clock.nowMs()));
    this.timer = this.clock.startTimer(delayMs, () => this.turn(), { background: true });
  }

  private nextTick(): number {
    for (let tick = this.turned + 1; tick <= this.turned + SLOTS; tick++) if (this.slots[tick % SLOTS].size > 0) return tick;
    return this.turned + SLOTS;
  }

  private turn(): void {
    this.timer = undefined;
    this.timerTick = Number.POSITIVE_INFINITY;
    const nowMs = this.clock.nowMs();
    const nowTick = Math.floor(nowMs / TICK_MS);
    const due: Placed[] = [];
    for (let tick = Math.max(this.turned + 1, nowTick - SLOTS + 1); tick <= nowTick; tick++) {
      for (const placed of this.slots[tick % SLOTS]) if (placed.tick <= nowTick) due.push(placed);
    }
    this.turned = Math.max(this.turned, nowTick);
    for (const placed of due) {
      // It may have been disarmed or moved by one that was due before it.
      if (this.placed.get(placed.entry) !== placed) continue;
      this.disarmQuietly(placed);
      const nextMs = placed.entry.onDue(nowMs);
      if (nextMs < (this.placed.get(placed.entry)?.deadlineMs ?? Number.POSITIVE_INFINITY)) this.place(placed.entry, nextMs);
    }
    this.schedule();
  }

  private disarmQuietly(placed: Placed): void {
    this.placed.delete(placed.entry);
    this.slots[placed.tick % SLOTS].delete(placed);
  }
}
