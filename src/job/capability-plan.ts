/** What a source of one version may hold that a target of another cannot, known before the start from the versions alone. docs/conversion.md has the rules. */
import type { OnUnsupported } from '../config/sync-config.ts';
import { atLeast, type ServerVersion, versionName } from '../model/server-version.ts';
import { ValueKind } from '../model/value-kind.ts';
import { representable, type ValueFeatures } from '../rdb/encode/representable.ts';

/** The warning at the start of a run; undefined where the target can hold everything that versions tell of. */
export function lossWarning(
  sources: readonly (ServerVersion | undefined)[],
  target: ServerVersion | undefined,
  onUnsupported: OnUnsupported,
): { readonly message: string; readonly losses: readonly string[] } | undefined {
  const source = sources.find((version) => version !== undefined && target !== undefined && capabilityPlan(version, target).length > 0);
  if (source === undefined || target === undefined) return undefined;
  const losses = capabilityPlan(source, target);
  const then = { stop: 'the run stops at the first of it', skip: 'such keys are left out', degrade: 'the target gets what it can hold' }[onUnsupported];
  const message = `the target (${versionName(target)}) cannot hold all that the source (${versionName(source)}) may have: ${losses.join('. ')}. ${then} (--on-unsupported ${onUnsupported})`;
  return { message, losses };
}

/** Each begins with what it is about; empty when the target can hold everything, modules apart. */
export function capabilityPlan(source: ServerVersion, target: ServerVersion): string[] {
  const plan: string[] = [];
  const fromRedis = (major: number, minor: number): boolean => source.product === 'redis' && atLeast(source, major, minor);
  const ask = (what: string, has: boolean, kind: ValueKind, features: ValueFeatures): void => {
    if (!has) return;
    const verdict = representable(kind, features, target);
    if (verdict.answer === 'no') plan.push(`${what}: ${verdict.why}`);
    else if (verdict.answer === 'degraded') plan.push(`${what}: this would be lost: ${verdict.lost.join('; ')}`);
  };
  const sameOrNewer = source.product === target.product && atLeast(target, source.major, source.minor);
  if (sameOrNewer) return plan;
  ask('streams', atLeast(source, 5), ValueKind.Stream, {});
  ask('hashes with field expiry', fromRedis(7, 4) || (source.product === 'valkey' && atLeast(source, 9)), ValueKind.Hash, { fieldExpiry: true });
  ask('streams', atLeast(source, 7), ValueKind.Stream, {
    streamCounters: true,
    activeTime: atLeast(source, 7, 2),
    idempotence: fromRedis(8, 6),
    returned: fromRedis(8, 8),
  });
  if (fromRedis(8, 0) && !(target.product === 'redis' && atLeast(target, 8))) plan.push('vector sets: the target has none (Redis has them since 8.0)');
  ask('arrays', fromRedis(8, 8), ValueKind.Array, {});
  if (atLeast(source, 7) && !atLeast(target, 7)) plan.push('functions: the target has none (Redis has them since 7.0)');
  return plan;
}
