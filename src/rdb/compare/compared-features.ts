/** What of values is compared: what both sides can hold. What is not in it is neither hashed nor looked at. */
import { atLeast, type ServerVersion } from '../../model/server-version.ts';

export interface ComparedFeatures {
  /** Times of expiry of hash fields (Redis 7.4, Valkey 9). */
  readonly fieldExpiry: boolean;
  /** Entries added, entries read and max deleted id of streams (Redis 7.0). */
  readonly streamCounters: boolean;
  /** Idempotent producers of streams (Redis 8.6). */
  readonly idempotence: boolean;
  /** Entries of streams that were given back (Redis 8.8). */
  readonly returned: boolean;
}

/** Of a server whose version is not known everything is expected. */
export function featuresOf(version: ServerVersion | undefined): ComparedFeatures {
  if (version === undefined) return { fieldExpiry: true, streamCounters: true, idempotence: true, returned: true };
  const redis = version.product === 'redis';
  return {
    fieldExpiry: redis ? atLeast(version, 7, 4) : atLeast(version, 9),
    streamCounters: atLeast(version, 7),
    idempotence: redis && atLeast(version, 8, 6),
    returned: redis && atLeast(version, 8, 8),
  };
}

export function sharedFeatures(a: ComparedFeatures, b: ComparedFeatures): ComparedFeatures {
  return {
    fieldExpiry: a.fieldExpiry && b.fieldExpiry,
    streamCounters: a.streamCounters && b.streamCounters,
    idempotence: a.idempotence && b.idempotence,
    returned: a.returned && b.returned,
  };
}
