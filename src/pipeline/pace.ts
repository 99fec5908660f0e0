/**
 * How fast the nodes of a target are written to: commands and bytes in a second, each node by itself, whichever pipeline of the job writes to it. The limits
 * can be changed at any time.
 *
 * A turn is given when all before it is paid for, and may be as large as it is: what it costs is waited for by the next one. So the average holds
 * exactly, and bursts are as large as what is sent at once, which is kept small (rowsMax).
 */
import { type Clock, systemClock } from '../async/clock.ts';
import { PauseGate } from './pause-gate.ts';

export interface PaceLimits {
  /** In a second; 0 = no limit. */
  readonly commands: number;
  readonly bytes: number;
}

/** What is sent at once is meant to be worth so much time. */
const QUANTUM_MS = 50;
/** Time without writes that may be made up for. */
const SAVED_MS_MAX = 100;

export class Pace {
  limits: PaceLimits;
  /** Closed while the job is paused. */
  readonly gate = new PauseGate();
  private readonly clock: Clock;
  private readonly nodes = new Map<string, Pacer>();

  constructor(limits: PaceLimits, clock: Clock = systemClock) {
    this.limits = limits;
    this.clock = clock;
  }

  get isLimited(): boolean {
    return this.limits.commands > 0 || this.limits.bytes > 0;
  }

  set(limits: PaceLimits): void {
    this.limits = limits;
    for (const node of this.nodes.values()) node.forget();
  }

  /** Of the node at this address. */
  of(address: string): Pacer {
    let node = this.nodes.get(address);
    if (node === undefined) this.nodes.set(address, (node = new Pacer(this, this.clock)));
    return node;
  }

  /** How many rows are to be sent at once to all nodes. @param rowBytes of a row, on average; 0 = not known */
  rowsMax(wanted: number, rowBytes: number): number {
    const { commands, bytes } = this.limits;
    const nodes = Math.max(1, this.nodes.size);
    const ofCommands = commands > 0 ? (commands * nodes * QUANTUM_MS) / 1000 : wanted;
    const ofBytes = bytes > 0 ? (bytes * nodes * QUANTUM_MS) / 1000 / Math.max(rowBytes, 64) : wanted;
    return Math.max(1, Math.min(wanted, Math.ceil(ofCommands), Math.ceil(ofBytes)));
  }

  /** For a reader that hands out what is in its window at once. */
  windowBytes(usual: number, least: number): number {
    const { commands, bytes } = this.limits;
    const ofCommands = commands > 0 ? commands * 64 : usual * 20;
    const ofBytes = bytes > 0 ? bytes : usual * 20;
    return Math.max(least, Math.min(usual, Math.ceil((Math.min(ofCommands, ofBytes) * QUANTUM_MS) / 1000)));
  }
}

export class Pacer {
  private readonly pace: Pace;
  private readonly clock: Clock;
  /** When all that was sent is paid for. */
  private commandsPaidMs = 0;
  private bytesPaidMs = 0;

  constructor(pace: Pace, clock: Clock) {
    this.pace = pace;
    this.clock = clock;
  }

  /** Until the next turn; 0 = now. */
  get waitMs(): number {
    return this.pace.isLimited ? Math.max(0, Math.max(this.commandsPaidMs, this.bytesPaidMs) - this.clock.nowMs()) : 0;
  }

  spend(commands: number, bytes: number): void {
    const { limits } = this.pace;
    const fromMs = this.clock.nowMs() - SAVED_MS_MAX;
    if (limits.commands > 0) this.commandsPaidMs = Math.max(this.commandsPaidMs, fromMs) + (commands * 1000) / limits.commands;
    if (limits.bytes > 0) this.bytesPaidMs = Math.max(this.bytesPaidMs, fromMs) + (bytes * 1000) / limits.bytes;
  }

  /** Waits for a turn, and takes it. */
  async turn(commands: number, bytes: number): Promise<void> {
    for (let { waitMs } = this; waitMs > 0; { waitMs } = this) await this.pause(Math.min(waitMs, 1000));
    this.spend(commands, bytes);
  }

  /** What was sent under other limits. */
  forget(): void {
    this.commandsPaidMs = 0;
    this.bytesPaidMs = 0;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.startTimer(ms, resolve));
  }
}
