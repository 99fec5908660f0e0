/**
 * Compares two values, each as its bytes, in three steps of which most values need the first alone: the same bytes; the same digest of what they hold; the first
 * difference of their contents, which also decides where times differ within a tolerance. Values that no decoder knows are compared by their bytes.
 */
import { type GodwitError, toGodwitError } from '../../errors/errors.ts';
import { ValueKind } from '../../model/value-kind.ts';
import { kindOfType } from '../kind-of-type.ts';
import { ValueDecoder } from '../values/value-decoder.ts';
import { ByteHash } from './byte-hash.ts';
import type { ComparedFeatures } from './compared-features.ts';
import { ContentDigest } from './content-digest.ts';
import { type Difference, firstDifference } from './first-difference.ts';
import { decodeValue, haveSameBytes, type ValueBytes } from './value-bytes.ts';
import { ValueModel } from './value-model.ts';

/** What is held of a value to name its first difference. */
const MODEL_BYTES_MAX = 64 * 1024 * 1024;

export interface ValueFinding {
  readonly difference: Difference;
  /** Digests of both sides. */
  readonly source: string;
  readonly target: string;
}

export class ValueComparer {
  private readonly features: ComparedFeatures;
  private readonly toleranceMs: number;
  private readonly decoder = new ValueDecoder();
  private readonly raw: ByteHash;
  private readonly left: ContentDigest;
  private readonly right: ContentDigest;

  /** @param features what both sides can hold; @param seed of the digests */
  constructor(features: ComparedFeatures, timeToleranceMs: number, seed: number) {
    this.features = features;
    this.toleranceMs = timeToleranceMs;
    this.raw = new ByteHash(seed);
    this.left = new ContentDigest(features, seed);
    this.right = new ContentDigest(features, seed);
  }

  /** @returns null when they are equal */
  compare(source: ValueBytes, target: ValueBytes): ValueFinding | null {
    if (haveSameBytes(source, target)) return null;
    if (this.read(source, this.left) && this.read(target, this.right)) {
      if (this.left.equals(this.right)) return null;
      const difference = this.firstDifference(source, target);
      return difference === null ? null : { difference, source: this.left.key, target: this.right.key };
    }
    return { difference: unreadable(source, target), source: this.rawDigest(source), target: this.rawDigest(target) };
  }

  /** Of a value that has nothing to be compared with. */
  digest(value: ValueBytes): string {
    return this.read(value, this.left) ? this.left.key : this.rawDigest(value);
  }

  /** Does the value have fields that expire? */
  hasFieldExpiry(value: ValueBytes): boolean {
    return kindOfType(value.type) === ValueKind.Hash && this.read(value, this.left) && this.left.hasFieldExpiry;
  }

  /** @returns false if no decoder knows the value */
  private read(value: ValueBytes, digest: ContentDigest): boolean {
    try {
      decodeValue(this.decoder, value, digest);
      return true;
    } catch (caught) {
      const error: GodwitError = toGodwitError(caught);
      if (error.code === 'RDB_UNSUPPORTED' || error.code === 'RDB_CORRUPT') return false;
      throw error;
    }
  }

  private firstDifference(source: ValueBytes, target: ValueBytes): Difference | null {
    const models = [source, target].map((value) => {
      const model = new ValueModel(this.features, MODEL_BYTES_MAX);
      decodeValue(this.decoder, value, model);
      return model;
    });
    if (!models.some(({ isTooLarge }) => isTooLarge)) return firstDifference(models[0], models[1], this.toleranceMs);
    const [own, other] = models.map(({ kind }) => kind);
    return own === other ? { ...unreadable(source, target), where: 'somewhere in a large value' } : firstDifference(models[0], models[1], 0);
  }

  private rawDigest({ type, bytes, start, end }: ValueBytes): string {
    const { raw } = this;
    raw.begin(type);
    raw.bytes(bytes, start, end);
    raw.part();
    raw.end();
    return `${raw.high}.${raw.low}`;
  }
}

function unreadable(source: ValueBytes, target: ValueBytes): Difference {
  const shown = ({ start, end }: ValueBytes): string => `${end - start} bytes`;
  return {
    kind: kindOfType(source.type) === kindOfType(target.type) ? 'value' : 'type',
    where: 'the bytes of it',
    source: shown(source),
    target: shown(target),
  };
}
