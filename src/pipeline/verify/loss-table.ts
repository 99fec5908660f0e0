/** What the target cannot hold of a value, told by its type byte: reported apart, since no copying could mend it. */
import { atLeast, type ServerVersion } from '../../model/server-version.ts';
import { ValueKind } from '../../model/value-kind.ts';
import { featuresOf } from '../../rdb/compare/compared-features.ts';
import type { ValueBytes } from '../../rdb/compare/value-bytes.ts';
import type { ValueComparer } from '../../rdb/compare/value-comparer.ts';
import type { Dialect } from '../../rdb/dialect.ts';
import { featuresOfType, representable } from '../../rdb/encode/representable.ts';
import { kindOfType } from '../../rdb/kind-of-type.ts';

interface Loss {
  /** Of a key that is there. */
  readonly degraded: string;
  /** Of a key that cannot be there. */
  readonly refused: string;
}

const NO_LOSS: Loss = { degraded: '', refused: '' };

export class LossTable {
  private readonly target: ServerVersion | undefined;
  private readonly skipsDegraded: boolean;
  private readonly comparer: ValueComparer;
  private readonly known = new Map<string, Loss>();

  /** @param skipsDegraded keys that would lose something were left out rather than degraded */
  constructor(target: ServerVersion | undefined, skipsDegraded: boolean, comparer: ValueComparer) {
    this.target = target;
    this.skipsDegraded = skipsDegraded;
    this.comparer = comparer;
  }

  /** What a key that is at the target has lost; '' = nothing. */
  ofPresent(value: ValueBytes): string {
    const { degraded } = this.lossOf(value);
    return degraded !== '' && kindOfType(value.type) === ValueKind.Hash && !this.comparer.hasFieldExpiry(value) ? '' : degraded;
  }

  /** Why a key need not be at the target; '' = it has to be there. */
  ofMissing(value: ValueBytes): string {
    const { refused } = this.lossOf(value);
    return refused === '' && this.skipsDegraded ? this.ofPresent(value) : refused;
  }

  private lossOf({ type, dialect }: ValueBytes): Loss {
    if (this.target === undefined) return NO_LOSS;
    const place = `${dialect.magic} ${dialect.version} ${type}`;
    let loss = this.known.get(place);
    if (loss === undefined) this.known.set(place, (loss = lossAt(dialect, type, this.target)));
    return loss;
  }
}

function lossAt(dialect: Dialect, type: number, target: ServerVersion): Loss {
  const kind = kindOfType(type);
  // Of a module only the target knows whether it has it; arrays pass as they are where they are known.
  if (kind === ValueKind.Module || (kind === ValueKind.Array && target.product === 'redis' && atLeast(target, 8, 8))) return NO_LOSS;
  const has = featuresOf(target);
  const { fieldExpiry, streamCounters, idempotence, returned } = featuresOfType(dialect, type);
  const features = { fieldExpiry, streamCounters, idempotence: idempotence && !has.idempotence, returned: returned && !has.returned };
  const verdict = representable(kind, features, target);
  if (verdict.answer === 'no') return { degraded: '', refused: verdict.why };
  return verdict.answer === 'degraded' ? { degraded: verdict.lost.join('; '), refused: '' } : NO_LOSS;
}
