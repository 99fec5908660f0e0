/**
 * Looks at one large value on both sides, in parts of bounded size, so that neither this process nor a server ever holds a copy of it. What it finds has the first
 * difference as its digest: it counts when the same difference, with the same contents, is found again.
 */
import type { ComparedFeatures } from '../../rdb/compare/compared-features.ts';
import { type DifferenceKind, shownTime } from '../../rdb/compare/first-difference.ts';
import type { AskedSide } from './asked-side.ts';
import { ExpiryReader } from './expiry-reader.ts';
import { isSameExpiry, type KeyFinding, type LookJudge, type PairRows } from './key-finding.ts';
import { keyAt, rowsOf } from './key-rows.ts';
import { collectionDifference } from './parts/collection-parts.ts';
import { ChangedMeanwhile, KeyReader, type PartDifference } from './parts/part-reader.ts';
import { listDifference, stringDifference } from './parts/sequence-parts.ts';
import { largeStreamDifference } from './parts/stream-parts.ts';
import { readTypes } from './size-probe.ts';

export interface LargeLookOptions {
  readonly source: AskedSide;
  readonly target: AskedSide;
  readonly features: ComparedFeatures;
  readonly ttlToleranceMs: number;
  readonly comparesTtl: boolean;
}

const FOOTER_BYTES = 10;

export class LargeLook {
  private readonly options: LargeLookOptions;
  private readonly sourceExpiry: ExpiryReader;
  private readonly targetExpiry: ExpiryReader;
  private unfit = 0;

  constructor(options: LargeLookOptions) {
    this.options = options;
    this.sourceExpiry = new ExpiryReader(options.source);
    this.targetExpiry = new ExpiryReader(options.target);
  }

  async look(pairs: PairRows, row: number, judge: LookJudge): Promise<void> {
    const { source, target, comparesTtl, ttlToleranceMs } = this.options;
    const [key, targetKey] = [keyAt(pairs.keys, row), keyAt(pairs.targetKeys, row)];
    const [own, other] = await Promise.all([
      this.head(source, pairs.database, key, this.sourceExpiry),
      this.head(target, pairs.targetDatabase, targetKey, this.targetExpiry),
    ]);
    if (own.type === 'none' && other.type === 'none') return judge.gone(row);
    const times = { sourceExpiryMs: own.expiryMs, targetExpiryMs: other.expiryMs };
    const found = (kind: DifferenceKind, part: PartDifference): void => judge.found(row, { ...asFinding(kind, part), ...times });
    if (own.type !== other.type) {
      const kind = own.type === 'none' ? 'extra' : other.type === 'none' ? 'missing' : 'type';
      return found(kind, { where: '', source: own.type, target: other.type });
    }
    const readers = [new KeyReader(source, pairs.database, key), new KeyReader(target, pairs.targetDatabase, targetKey)] as const;
    try {
      const part = await this.partDifference(own.type, ...readers);
      if (part !== null) return found(own.type === 'stream' ? 'stream' : part.where.endsWith(' expiry') ? 'field-ttl' : 'value', part);
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile)) throw error;
      return found('value', { where: 'it changed while it was read', source: `look ${++this.unfit}`, target: error.message });
    }
    if (comparesTtl && !isSameExpiry(own.expiryMs, other.expiryMs, ttlToleranceMs)) {
      return found('ttl', { where: '', source: shownTime(own.expiryMs), target: shownTime(other.expiryMs) });
    }
    judge.equal(row, '');
  }

  private async head(side: AskedSide, database: number, key: Uint8Array, expiry: ExpiryReader): Promise<{ type: string; expiryMs: number }> {
    const keys = rowsOf([key]);
    await expiry.prepare();
    const [type] = await readTypes(side, database, keys);
    const replies = await side.ask(database, keys, [expiry.column], FOOTER_BYTES);
    const expiryMs = expiry.read(replies, 0, 0);
    replies.release();
    return { type: type === '' ? 'none' : type, expiryMs };
  }

  private partDifference(type: string, source: KeyReader, target: KeyReader): Promise<PartDifference | null> {
    const { features, ttlToleranceMs, comparesTtl } = this.options;
    const times = {
      compares: comparesTtl && features.fieldExpiry && source.abilities.fieldExpiry && target.abilities.fieldExpiry,
      toleranceMs: ttlToleranceMs,
    };
    switch (type) {
      case 'string':
        return stringDifference(source, target);
      case 'list':
        return listDifference(source, target);
      case 'set':
      case 'hash':
      case 'zset':
        return collectionDifference(type, source, target, times);
      case 'stream':
        return largeStreamDifference(source, target, features.streamCounters);
      default:
        return opaqueDifference(source, target);
    }
  }
}

/** Of a value that cannot be read in parts: by the length and the checksum of its payload. */
async function opaqueDifference(source: KeyReader, target: KeyReader): Promise<PartDifference | null> {
  const [own, other] = (await Promise.all([source.ask('DUMP', source.key), target.ask('DUMP', target.key)])) as (Buffer | null)[];
  if (own === null || other === null) throw new ChangedMeanwhile('the key is gone');
  const isSame = own.subarray(0, -FOOTER_BYTES).equals(other.subarray(0, -FOOTER_BYTES));
  return isSame ? null : { where: 'the bytes of it', source: `${own.length} bytes`, target: `${other.length} bytes` };
}

function asFinding(kind: DifferenceKind, part: PartDifference): Omit<KeyFinding, 'sourceExpiryMs' | 'targetExpiryMs'> {
  const [source, target] = [part.source, part.target].map((text) => (text === 'none' && part.where === '' ? '' : `${part.where} ${text}`));
  return { difference: { kind, ...part }, source, target };
}
