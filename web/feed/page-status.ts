/**
 * What the page is told by the server. A field that may be missing is one that a job does not always have.
 */
import type { JobStatus } from '../../src/observe/job-status.ts';

/** Facts of a verification by name: counts, times, texts. Those that the page knows are shown in words, the others by their name. */
export type VerificationFacts = object;

export type PageStatus = Omit<JobStatus, 'verification'> & {
  readonly verification?: VerificationFacts | null;
};

/** A JobEvent as it comes over the wire. */
export interface PageEvent {
  /** Unix milliseconds. */
  readonly at: number;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly kind: string;
  readonly message: string;
}

export interface PageHistory {
  readonly series: Readonly<Record<string, readonly number[]>>;
}
