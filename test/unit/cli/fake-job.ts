import type { SyncConfig } from '../../../src/config/sync-config.ts';
import type { JobDependencies, JobEvent, JobResult, SyncJobApi } from '../../../src/observe/job-api.ts';
import type { JobStatus } from '../../../src/observe/job-status.ts';
import { exampleStatus } from '../status/example-status.ts';

/** A job that ends when the test says so. */
export class FakeJob implements SyncJobApi {
  readonly calls: string[] = [];
  readonly config: SyncConfig;
  readonly dependencies: JobDependencies;
  phase: JobStatus['phase'] = 'full-sync';
  onStop: () => void = () => {};
  onAbort: () => void = () => {};
  limits = { commands: 0, bytes: 0 };
  readonly #listeners: ((event: JobEvent) => void)[] = [];
  readonly #outcome = withResolvers<JobResult>();

  constructor(config = {} as SyncConfig, dependencies = {} as JobDependencies) {
    this.config = config;
    this.dependencies = dependencies;
  }

  run(): Promise<JobResult> {
    this.calls.push('run');
    return this.#outcome.promise;
  }

  stop(): void {
    this.calls.push('stop');
    this.onStop();
  }

  abort(): void {
    this.calls.push('abort');
    this.onAbort();
  }

  readonly control = {
    isPaused: false,
    isFinishing: false,
    setRate: (limits: FakeJob['limits']): void => void (this.limits = limits),
    pause: (): void => void this.calls.push('pause'),
    resume: (): void => void this.calls.push('resume'),
    checkpoint: async () => ({ at: 0, offset: 0, isComplete: true }),
    finish: (): void => void this.calls.push('finish'),
  };

  status(): JobStatus {
    return exampleStatus({ phase: this.phase, conversion: { encoded: 5, degraded: 0, skipped: 0, first: [], report: '' } });
  }

  on(_event: 'event', listener: (event: JobEvent) => void): void {
    this.#listeners.push(listener);
  }

  emit(message: string, kind = 'test'): void {
    for (const listener of this.#listeners) listener({ at: Date.now(), level: 'info', kind, message, details: {} });
  }

  end(reason: JobResult['reason'], resumable = true): void {
    this.#outcome.resolve({ reason, status: this.status(), resumable });
  }

  fail(error: unknown): void {
    this.#outcome.reject(error);
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (reason: unknown) => void } {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
