/**
 * Looks at keys on both sides, a page at a time: how large and until when at the source, then what is small enough as DUMP payloads from both in chunks of bounded
 * size, compared by ValueComparer. What is large is left to who reads in parts (large-look.ts). Whether a finding counts, others decide (suspects.ts): a pair
 * that is written to differs for moments.
 */
import { VALUE_KIND_NAMES } from '../../model/value-kind.ts';
import type { Difference } from '../../rdb/compare/first-difference.ts';
import { shownTime } from '../../rdb/compare/first-difference.ts';
import { dumpedValue, type ValueBytes } from '../../rdb/compare/value-bytes.ts';
import type { ValueComparer } from '../../rdb/compare/value-comparer.ts';
import { kindOfType } from '../../rdb/kind-of-type.ts';
import { ReplyKind } from '../../resp/reply-columns.ts';
import type { AskedSide } from './asked-side.ts';
import { ExpiryReader } from './expiry-reader.ts';
import { keyCommand } from './key-command.ts';
import { isSameExpiry, type LookJudge, type PairRows } from './key-finding.ts';
import type { KeyReplies } from './key-replies.ts';
import { pickRows } from './key-rows.ts';
import type { LossTable } from './loss-table.ts';
import { readSizes } from './size-probe.ts';
import type { WantedValues } from './wanted-values.ts';

/** Payloads of one chunk at one side, about. */
const CHUNK_BYTES = 1024 * 1024;
/** The size of a value is asked for, and estimated: a payload that is larger all the same is not held. */
const PAYLOAD_SLACK = 4;
const DUMP = keyCommand(['DUMP']);

export interface PairLookOptions {
  readonly source: AskedSide;
  readonly target: AskedSide;
  readonly comparer: ValueComparer;
  readonly losses: LossTable;
  readonly wanted: WantedValues;
  readonly ttlToleranceMs: number;
  /** False: times of expiry are not looked at. */
  readonly comparesTtl: boolean;
  /** Larger values are read in parts. */
  readonly largeBytes: number;
}

export class PairLook {
  private readonly options: PairLookOptions;
  private readonly sourceExpiry: ExpiryReader;
  private readonly targetExpiry: ExpiryReader;

  constructor(options: PairLookOptions) {
    this.options = options;
    this.sourceExpiry = new ExpiryReader(options.source);
    this.targetExpiry = new ExpiryReader(options.target);
  }

  /** @param careful also what is at the target alone is looked at, and how large it is */
  async look(pairs: PairRows, judge: LookJudge, careful: boolean): Promise<void> {
    const { source, target, largeBytes } = this.options;
    const { keys, targetKeys, database, targetDatabase } = pairs;
    const [own, other] = await Promise.all([
      readSizes(source, database, keys, this.sourceExpiry),
      careful ? readSizes(target, targetDatabase, targetKeys, this.targetExpiry) : null,
    ]);
    let chunk: number[] = [];
    let bytes = 0;
    for (let row = 0; row < keys.count; row++) {
      const size = Math.max(own.bytes[row], other === null ? -1 : other.bytes[row]);
      if (size < 0) {
        judge.gone(row);
        continue;
      }
      if (size > largeBytes) {
        judge.large(row);
        continue;
      }
      if (bytes + size > CHUNK_BYTES && chunk.length > 0) {
        await this.lookAtChunk(pairs, chunk, own.expiryMs, judge, careful);
        chunk = [];
        bytes = 0;
      }
      chunk.push(row);
      bytes += size;
    }
    if (chunk.length > 0) await this.lookAtChunk(pairs, chunk, own.expiryMs, judge, careful);
  }

  private async lookAtChunk(pairs: PairRows, rows: readonly number[], expiryMs: Float64Array, judge: LookJudge, careful: boolean): Promise<void> {
    const { source, target, largeBytes } = this.options;
    const { keys, targetKeys } = pairs;
    const isAll = rows.length === keys.count;
    const chunk = isAll ? keys : pickRows(keys, rows);
    const targetChunk = targetKeys === keys ? chunk : isAll ? targetKeys : pickRows(targetKeys, rows);
    const keepMax = largeBytes * PAYLOAD_SLACK;
    const [own, other] = await Promise.all([
      source.ask(pairs.database, chunk, [DUMP], keepMax),
      target.ask(pairs.targetDatabase, targetChunk, [DUMP, this.targetExpiry.column], keepMax),
    ]);
    for (const [i, row] of rows.entries()) this.decide(pairs, row, i, own, other, expiryMs[row], judge, careful);
    own.release();
    other.release();
  }

  private decide(pairs: PairRows, row: number, i: number, own: KeyReplies, other: KeyReplies, expiryMs: number, judge: LookJudge, careful: boolean): void {
    const { comparer, losses, wanted, comparesTtl, ttlToleranceMs } = this.options;
    const [isHere, isThere] = [own.kind(i, 0) === ReplyKind.Bulk, other.kind(i, 0) === ReplyKind.Bulk];
    if (!isHere && !(isThere && careful)) return judge.gone(row);
    if ((isHere && own.slab(i).isCut(own.row(i, 0))) || (isThere && other.slab(i).isCut(other.row(i, 0)))) return judge.large(row);
    const source = isHere ? payload(own, i) : null;
    const target = isThere ? payload(other, i) : null;
    const targetExpiryMs = isThere ? this.targetExpiry.read(other, i, 1) : -1;
    if (!wanted.wants(pairs, row, (source ?? target) as ValueBytes, source === null ? targetExpiryMs : expiryMs)) return judge.unwanted(row);
    const times = { sourceExpiryMs: source === null ? -1 : expiryMs, targetExpiryMs };
    if (source === null || target === null) {
      const refused = source === null ? '' : losses.ofMissing(source);
      if (refused !== '') return judge.lost(row, refused);
      const digests = { source: source === null ? '' : comparer.digest(source), target: target === null ? '' : comparer.digest(target) };
      return judge.found(row, { difference: absence(source, target), ...digests, ...times });
    }
    const finding = comparer.compare(source, target);
    if (finding !== null) return judge.found(row, { ...finding, ...times });
    if (comparesTtl && !isSameExpiry(expiryMs, targetExpiryMs, ttlToleranceMs)) {
      const difference: Difference = { kind: 'ttl', where: '', source: shownTime(expiryMs), target: shownTime(targetExpiryMs) };
      return judge.found(row, { difference, source: comparer.digest(source), target: comparer.digest(target), ...times });
    }
    judge.equal(row, losses.ofPresent(source));
  }
}

function payload(replies: KeyReplies, key: number): ValueBytes {
  const slab = replies.slab(key);
  const row = replies.row(key, 0);
  return dumpedValue(slab.bytes, slab.start[row], slab.end[row]);
}

function absence(source: ValueBytes | null, target: ValueBytes | null): Difference {
  return { kind: source === null ? 'extra' : 'missing', where: '', source: shown(source), target: shown(target) };
}

function shown(value: ValueBytes | null): string {
  return value === null ? 'none' : `${VALUE_KIND_NAMES[kindOfType(value.type)]} of ${value.end - value.start} bytes`;
}
