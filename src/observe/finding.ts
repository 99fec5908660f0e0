/** What the doctor finds, before a job and while it runs: plain data, the same in its report, in the status and in events. docs/doctor.md describes it. */

/** ok: as it should be. info: worth knowing. warn: the job runs, and may stumble. error: the job does not start, or does not get through. */
export type Severity = 'ok' | 'info' | 'warn' | 'error';

export const SEVERITIES: readonly Severity[] = ['ok', 'info', 'warn', 'error'];

export interface Mend {
  /**
   * server: a command for the server `at`; option: words to add to the command line of the job; shell: a command line for the machine `at`; service: a setting
   * of a managed service, made with its own tool
   */
  readonly kind: 'server' | 'option' | 'shell' | 'service';
  /** `source 10.0.0.1:6379`, `target 10.0.0.2:6379`, `here`. */
  readonly at: string;
  readonly command: string;
}

export interface Finding {
  /** Name of the check; stable. */
  readonly check: string;
  readonly severity: Severity;
  /** `source 10.0.0.1:6379`, `target 10.0.0.2:6379`, `here`; with `where` and `check` a finding is known again. */
  readonly where: string;
  /** What was measured, with its numbers. */
  readonly measured: string;
  /** Why that matters; '' where all is well. */
  readonly why: string;
  /** What mends it, the best first; empty where all is well, or nobody can do anything about it. */
  readonly mends: readonly Mend[];
}

/** One that a running job has found and that is not over. */
export interface OpenFinding extends Finding {
  /** Unix milliseconds. */
  readonly sinceAt: number;
}

/** The worst of some; `ok` of none. */
export function worstOf(findings: readonly Pick<Finding, 'severity'>[]): Severity {
  return SEVERITIES[Math.max(0, ...findings.map(({ severity }) => SEVERITIES.indexOf(severity)))];
}
