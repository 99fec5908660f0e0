/**
 * How far back acknowledged bytes are kept: `ms` or `bytes`, whichever holds less. A target that restarts may have lost the last of what it
 * acknowledged, and is then given it again from here.
 *
 * Time passes only with acknowledgements: while a target is away for an hour, what it acknowledged in the last minute before stays. A step back
 * (the target's mark after such a loss) is an acknowledgement too, of a lower offset, and keeps what lies above it.
 */
const SAMPLES = 32;

export class RetentionWindow {
  readonly #ms: number;
  readonly #bytes: number;
  readonly #spacingMs: number;
  /** Samples (time, everything below this offset was acknowledged then), oldest first. */
  readonly #times: number[] = [];
  readonly #offsets: number[] = [];
  #floor: number;

  /** @param startOffset nothing below it is asked for */
  constructor(retain: { readonly ms: number; readonly bytes: number }, startOffset: number) {
    this.#ms = retain.ms;
    this.#bytes = retain.bytes;
    this.#spacingMs = retain.ms / SAMPLES;
    this.#floor = startOffset;
  }

  /** Everything below it may go. */
  get floor(): number {
    return this.#floor;
  }

  acknowledge(offset: number, nowMs: number): void {
    while (this.#offsets.length > 0 && this.#offsets[this.#offsets.length - 1] > offset) {
      this.#offsets.pop();
      this.#times.pop();
    }
    const floor = Math.max(this.#floor, this.#timeFloor(offset, nowMs), offset - this.#bytes);
    this.#floor = Math.min(floor, offset);
  }

  #timeFloor(offset: number, nowMs: number): number {
    if (this.#ms <= 0) return offset;
    const times = this.#times;
    if (times.length === 0 || nowMs - times[times.length - 1] >= this.#spacingMs) {
      times.push(nowMs);
      this.#offsets.push(offset);
    }
    const limit = nowMs - this.#ms;
    while (times.length > 1 && times[1] <= limit) {
      times.shift();
      this.#offsets.shift();
    }
    return times[0] <= limit ? this.#offsets[0] : Number.NEGATIVE_INFINITY;
  }
}
