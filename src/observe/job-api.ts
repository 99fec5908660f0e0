/**
 * What the command line needs of a job, so that cli/ and job/ agree without seeing each other's insides. `SyncJob` implements SyncJobApi.
 */
import type { Readable } from 'node:stream';
import type { CutoverSettings } from './cutover-status.ts';
import type { JobStatus } from './job-status.ts';
import type { Logger } from './log.ts';

type JobEndReason = 'loaded' | 'full-sync-done' | 'lag-below' | 'finished' | 'cut-over' | 'rehearsed' | 'stopped';

export interface JobResult {
  readonly reason: JobEndReason;
  readonly status: JobStatus;
  /** True if the same command line goes on where this run ended. */
  readonly resumable: boolean;
  /** False: the target has not answered all in time, and the mark may stand before what it has applied. */
  readonly markWritten?: boolean;
  /** More to say at the end, as sentences. */
  readonly remarks?: string;
}

/** Something that happened, for a live view. The job logs it too, so that a listener need not. */
export interface JobEvent {
  /** Unix milliseconds. */
  readonly at: number;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Stable name, e.g. `connection.lost`. */
  readonly kind: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface FlushFacts {
  readonly address: string;
  readonly keys: number;
}

/** Of a PING that had nothing in front of it. */
export interface RoundTripFacts {
  readonly role: string;
  readonly address: string;
  readonly roundTripMs: number;
}

export interface JobDependencies {
  readonly log: Logger;
  onRoundTrip?(facts: RoundTripFacts): void;
  /** Asked before a target that holds keys is flushed; false or a rejection means that nothing is touched. Without it, sync.yes decides. */
  confirmFlush?(facts: FlushFacts): Promise<boolean>;
}

export interface LoadDependencies extends JobDependencies {
  /** What the file `-` means. */
  readonly stdin: Readable;
}

export interface CheckpointFacts {
  /** Unix milliseconds of the last mark; 0 = there is none yet. */
  readonly at: number;
  /** Of the source, as the status has it. */
  readonly offset: number;
  /** It tells all that was applied when it was asked for; false = the target has not answered in time. */
  readonly isComplete: boolean;
}

/** Steers a running job. What cannot be done now is refused: @throws GodwitError NOT_NOW */
export interface JobControl {
  readonly isPaused: boolean;
  /** The job ends, and its marks go, as soon as the target has all. */
  readonly isFinishing: boolean;
  /** From now on, commands and bytes that each node of the target is sent in a second at most; 0 = no limit. */
  setRate(limits: { readonly commands: number; readonly bytes: number }): void;
  /** The target gets nothing from now on but what is under way; the source is read and acknowledged as ever. Ends with the run. */
  pause(): void;
  resume(): void;
  /** Resolves when the mark at the target tells all that is applied by now, or after a few seconds. */
  checkpoint(): Promise<CheckpointFacts>;
  /** Ends the job for good as soon as the target has all that the source has; run() resolves with `finished` then. */
  finish(): void;
  /** Only of a sync. */
  readonly cutover?: CutoverControl;
}

/** Cuts a running sync over; how it goes on is told by its status and its events. @throws GodwitError NOT_NOW */
export interface CutoverControl {
  begin(settings: CutoverSettings): void;
  /** The clients are switched, or all is to be undone. */
  say(word: 'switched' | 'back'): void;
}

/** `LoadJob` implements it too. */
export interface SyncJobApi {
  /** Resolves when the job has ended by itself or by stop(); rejects with a GodwitError when it failed. */
  run(): Promise<JobResult>;
  /** Drain: stop reading, let what is in flight be answered, write the mark, end. */
  stop(): void;
  /** End at once without waiting. */
  abort(): void;
  status(): JobStatus;
  readonly control: JobControl;
  on(event: 'event', listener: (event: JobEvent) => void): void;
}
