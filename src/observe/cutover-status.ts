/** What a cut-over is asked to do, and what it says of itself: plain data, for the command line, the status and the API. Times are milliseconds, `...At` are Unix ms. */

export interface CutoverSettings {
  /** Find out what would happen, stop no writes, switch nothing. */
  readonly isRehearsal: boolean;
  /** Writes are let go on when both sides are not known to be equal by then. */
  readonly maxPauseMs: number;
  /** The operator stops the writers, and the source is watched until no write comes, for so long at most; 0 = writes are stopped at the source. */
  readonly quietWaitMs: number;
  /** How long no write may have come to count as quiet. */
  readonly quietMs: number;
  /** Writes are not stopped before the lag is below. */
  readonly lagBytesMax: number;
  /** How long to wait for that. */
  readonly catchUpMs: number;
  /** Part of the keys that is compared, in (0, 1]; 0 = none. */
  readonly sample: number;
  /** How long the switch may take once both sides are equal; 0 = what is left of maxPauseMs. */
  readonly holdMs: number;
  /** A sync from the target to the source goes on from the switch. */
  readonly reverse: boolean;
  /** Go on although commands were left out (dead letters), or keys. */
  readonly acceptLosses: boolean;
}

export const DEFAULT_CUTOVER: CutoverSettings = {
  isRehearsal: false,
  maxPauseMs: 5_000,
  quietWaitMs: 0,
  quietMs: 2_000,
  lagBytesMax: 1024 * 1024,
  catchUpMs: 60_000,
  sample: 0.01,
  holdMs: 60_000,
  reverse: false,
  acceptLosses: false,
};

export interface CutoverStep {
  /** A state of job/cutover/cutover-state.ts. */
  readonly name: string;
  readonly at: number;
  readonly tookMs: number;
  /** What was found or done, for people; several facts are several entries. */
  readonly found: readonly string[];
}

export interface CutoverStatus {
  /** A state of job/cutover/cutover-state.ts. */
  readonly state: string;
  readonly isRehearsal: boolean;
  readonly sinceAt: number;
  readonly steps: readonly CutoverStep[];
  /** How long writes were, or have been, stopped; 0 = not yet. */
  readonly pausedMs: number;
  /** In `switching`: when it gives up waiting for the word; else 0. */
  readonly holdUntilAt: number;
  /** What to change, and how to go back; once it is known. */
  readonly instructions: readonly string[];
  /** In `switching`: for whoever switches the clients; else null. */
  readonly facts: SwitchFacts | null;
  /** Why it was refused or undone. */
  readonly reason: string;
}

/** What whoever switches the clients is told. */
export interface SwitchFacts {
  readonly job: string;
  /** Addresses that clients are to use no more, and from now on, one each of its servers. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** The primaries of the new side; of one behind sentinels, `to` are these. */
  readonly toServers: readonly string[];
  /** `standalone`, `sentinel` or `cluster`. */
  readonly toKind: string;
  readonly instructions: readonly string[];
  /** When writes go on at the source unless the switch is done by then. */
  readonly untilAt: number;
}
