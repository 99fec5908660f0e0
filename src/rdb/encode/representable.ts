/**
 * Whether a server can hold a value, asked before it is encoded. What is in a value is known roughly from its type byte (featuresOfType), and exactly
 * when it has been decoded once. docs/conversion.md has the same as a table.
 */
import { type ServerVersion, atLeast, versionName } from '../../model/server-version.ts';
import { ValueKind } from '../../model/value-kind.ts';
import type { Dialect } from '../dialect.ts';
import { RdbType } from '../opcodes.ts';

/** What not every server has. */
export interface ValueFeatures {
  /** Fields of a hash that expire. */
  readonly fieldExpiry?: boolean;
  /** Entries added and read, max deleted id of a stream (Redis 7.0). */
  readonly streamCounters?: boolean;
  /** When a consumer was last active (Redis 7.2). */
  readonly activeTime?: boolean;
  /** Idempotent producers of a stream (Redis 8.6). */
  readonly idempotence?: boolean;
  /** Entries of a group that a consumer has given back (Redis 8.8). */
  readonly returned?: boolean;
}

export type Representable =
  | { readonly answer: 'yes' }
  /** The value can be written, without what `lost` names. */
  | { readonly answer: 'degraded'; readonly lost: readonly string[] }
  | { readonly answer: 'no'; readonly why: string };

/** What can be lost of a value that is kept, for people. */
export const LOSSES = {
  fieldExpiry: 'the expiry of hash fields: they stay until the key goes',
  streamCounters: 'entries added, entries read and max deleted id of the stream',
  activeTime: 'when consumers of the stream were last active',
  idempotence: 'what idempotent producers of the stream have sent: a repeated message is added again',
  returned: "that entries of the stream were given back: they become pending entries of the consumer 'godwit:returned'",
  consumerTimes: 'when consumers of the stream were seen and active: commands make them now',
  pending: 'pending entries of the stream whose entries are gone without a trace',
} as const;

export type LossName = keyof typeof LOSSES;

const YES: Representable = { answer: 'yes' };

/**
 * @param hasModule the target has the module of a module value
 * @returns `no` if nothing of the kind can be written, by DumpEncoder or ValueCommands
 */
export function representable(kind: ValueKind, features: ValueFeatures, target: ServerVersion, hasModule = false): Representable {
  if (kind === ValueKind.Array)
    return no(`arrays are re-encoded for no server; only Redis 8.8 and newer take them, as they are in the source, and not ${versionName(target)}`);
  if (kind === ValueKind.Module) return hasModule ? YES : no(`the module of the value is not loaded at ${versionName(target)}`);
  if (kind === ValueKind.Stream && !atLeast(target, 5)) return no(`${versionName(target)} has no streams`);
  const lost = losses(features, target);
  return lost.length === 0 ? YES : { answer: 'degraded', lost };
}

function losses(features: ValueFeatures, target: ServerVersion): string[] {
  const redis = target.product === 'redis';
  const fieldExpiry = redis ? atLeast(target, 7, 4) : atLeast(target, 9);
  const lost: string[] = [];
  if (features.fieldExpiry && !fieldExpiry) lost.push(LOSSES.fieldExpiry);
  if (features.streamCounters && !atLeast(target, 7)) lost.push(LOSSES.streamCounters);
  if (features.activeTime && !atLeast(target, 7, 2)) lost.push(LOSSES.activeTime);
  if (features.idempotence) lost.push(LOSSES.idempotence);
  if (features.returned) lost.push(LOSSES.returned);
  return lost;
}

/** What a value of this type byte may have; nothing is decoded. */
export function featuresOfType(dialect: Dialect, type: number): ValueFeatures {
  if (dialect.magic === 'VALKEY' && type === RdbType.ValkeyHash2) return { fieldExpiry: true };
  if (type >= RdbType.HashMetadataPreGa && type <= RdbType.HashListpackEx) return { fieldExpiry: dialect.magic === 'REDIS' };
  const streamForms: readonly number[] = [
    RdbType.StreamListpacks,
    RdbType.StreamListpacks2,
    RdbType.StreamListpacks3,
    RdbType.StreamListpacks4,
    RdbType.StreamListpacks5,
  ];
  const form = streamForms.indexOf(type);
  return form < 1 ? {} : { streamCounters: true, activeTime: form > 1, idempotence: form > 2, returned: form > 3 };
}

function no(why: string): Representable {
  return { answer: 'no', why };
}
