/**
 * Ends what runs too long, in two steps. When the time is up, an error is raised in the script, as for any mistake: its state stays whole. Code that does not
 * come back to the script (a pattern that goes back and forth, a coroutine) is ended a while later by throwing through Lua, which cannot go on after that.
 *
 * The clock is read only when something has looped for a while (metered-module.ts): calls that are short never read it. So time counts from the first such
 * moment of a call, which is a few milliseconds late; and time alone is not enough, for a machine that is busy may not have run the script in it.
 */
import { HOOK_EVERY_COUNT } from './lua-api.ts';
import { type LuaMachine, MachineBroken } from './lua-machine.ts';

/** Between the error and the end, as a part of the limit. */
const GRACE = 0.5;
/** Of the limit, for each time that the machine has asked; it asks every 1 to 4 ms of work. */
const MS_PER_CHECK = 10;

export class TimeLimit {
  /** Set once the error is to be raised. */
  isOver = false;
  private readonly limitMs: number;
  private readonly clockMs: () => number;
  private call = 0;
  private seenCall = -1;
  private startMs = 0;
  private checks = 0;

  constructor(limitMs: number, clockMs: () => number) {
    this.limitMs = limitMs;
    this.clockMs = clockMs;
  }

  get message(): string {
    return `stopped after ${this.limitMs} ms`;
  }

  /** A call begins. */
  begin(): void {
    this.call++;
  }

  /** It has ended. */
  end(machine: LuaMachine): void {
    if (!this.isOver) return;
    this.isOver = false;
    machine.interrupt(0, 0);
  }

  /** Called by the machine while anything loops. @throws MachineBroken when the script does not react */
  check(machine: LuaMachine): void {
    const nowMs = this.clockMs();
    if (this.seenCall !== this.call) {
      this.seenCall = this.call;
      this.startMs = nowMs;
      this.checks = 0;
    }
    const elapsedMs = nowMs - this.startMs;
    this.checks++;
    if (elapsedMs < this.limitMs || this.checks * MS_PER_CHECK < this.limitMs) return;
    if (this.isOver && elapsedMs >= this.limitMs * (1 + GRACE) && this.checks * MS_PER_CHECK >= this.limitMs * (1 + GRACE))
      throw new MachineBroken(this.message);
    if (this.isOver) return;
    this.isOver = true;
    machine.interrupt(HOOK_EVERY_COUNT, 1);
  }
}
