/** Metrics of a sync that compares keys all the time (verify.continuous); none of them where it does not. */
import type { JobStatus, VerificationStatus } from '../../observe/job-status.ts';
import { type MetricRow, single } from './metric-row.ts';

const of =
  (value: (verification: VerificationStatus) => number | boolean) =>
  ({ verification }: JobStatus): number | boolean | undefined =>
    verification === null ? undefined : value(verification);

export const VERIFICATION_METRICS: readonly MetricRow[] = [
  single(
    'gauge',
    'godwit_verification_running',
    '1 while keys of both sides are compared.',
    of(({ running }) => running),
  ),
  single(
    'gauge',
    'godwit_verification_checked_keys',
    'Keys of both sides that were compared in this round.',
    of(({ keysChecked }) => keysChecked),
  ),
  single(
    'gauge',
    'godwit_verification_keys',
    'Keys of both sides that this round goes through.',
    of(({ keysTotal }) => keysTotal),
  ),
  single(
    'counter',
    'godwit_verification_rounds_total',
    'Rounds through all keys that have ended.',
    of(({ rounds }) => rounds),
  ),
  single(
    'gauge',
    'godwit_verification_last_differences',
    'Keys that were confirmed to differ in the last round; none before one has ended.',
    of(({ lastDifferences }) => lastDifferences),
  ),
  single(
    'counter',
    'godwit_verification_confirmed_keys_total',
    'Keys that were confirmed to differ.',
    of(({ confirmed }) => confirmed),
  ),
  single(
    'counter',
    'godwit_verification_mended_keys_total',
    'Keys that were brought anew since they differed (verify.repair).',
    of(({ mended }) => mended),
  ),
];
