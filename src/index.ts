/** The public API of Godwit. */
export { GodwitError } from './errors/errors.ts';
export type { ErrorCode } from './errors/codes.ts';
export type { SyncConfig } from './config/sync-config.ts';
export { SyncJob } from './job/sync-job.ts';
export type { JobDependencies, JobEvent, JobResult } from './observe/job-api.ts';
export type { JobStatus } from './observe/job-status.ts';
export type { Logger } from './observe/log.ts';
export { testTransform } from './transform/javascript/test-transform.ts';
export type { TestInput, TestOutput } from './transform/javascript/test-transform.ts';
export type {
  CommandArgument,
  OutputCommand,
  Transform,
  TransformBatch,
  TransformEntry,
  TransformModule,
  TransformResult,
} from './transform/javascript/transform-types.ts';
