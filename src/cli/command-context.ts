/** What every command is handed. */
import type { SyncConfig } from '../config/sync-config.ts';
import type { JobDependencies, SyncJobApi } from '../observe/job-api.ts';
import type { CliIo } from './process-io.ts';

export type JobFactory = (config: SyncConfig, dependencies: JobDependencies) => SyncJobApi;

export interface CommandContext {
  readonly io: CliIo;
  readonly createJob: JobFactory;
  /** Sets the exit code of a run that did not fail. */
  exitWith(code: number): void;
}
