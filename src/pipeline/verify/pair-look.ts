/**
 * Looks at keys on both sides, a page at a time: strings the short way
 * (string-look.ts); of the others how large they are, then what is small enough as DUMP payloads from both in chunks of bounded
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
import { ExpiryWatch } from './expiry-watch.ts';
import { keyCommand } from './key-command.ts';
import { isSameExpiry, type LookJudge, type PairRows } from './key-finding.ts';
import type { KeyReplies } from './key-replies.ts';
import { pickRows } from './key-rows.ts';
import type { LossTable } from './loss-table.ts';
import { type KeySizes, readSizes } from './size-probe.ts';
import { type Rest, StringLook } from './string-look.ts';
import type { WantedValues } from './wanted-values.ts';

/** Payloads of one chunk at one side, about. */
const CHUNK_BYTES = 1024 * 1024;
/** The size of a value is asked for, and estimated: a payload that is larger all the same is not held. */
const PAYLOAD_SLACK = 4;
/** What a value of one small block is taken for. */
const SMALL_BYTES = 1024;
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
  private readonly strings: StringLook;

  constructor(options: PairLookOptions) {
    this.options = options;
    this.sourceExpiry = new ExpiryReader(options.source);
    this.targetExpiry = new ExpiryReader(options.target);
    const expiryWatch = new ExpiryWatch(options.source, options.target);
    this.strings = new StringLook({ ...options, sourceExpiry: this.sourceExpiry, targetExpiry: this.targetExpiry, expiryWatch });
  }

  /** @param careful also what is at the target alone is looked at, and how large it is at both */
  async look(pairs: PairRows, judge: LookJudge, careful: boolean): Promise<void> {
    if (careful || this.options.wanted.asksForValues) return this.lookAtPayloads(pairs, judge, careful);
    const rest = await this.strings.look(pairs, judge);
    if (rest.rows.length === 0) return;
    const keys = pickRows(pairs.keys, rest.rows);
    const targetKeys = pairs.targetKeys === pairs.keys ? keys : pickRows(pairs.targetKeys, rest.rows);
    await this.lookAtPayloads({ ...pairs, keys, targetKeys }, judgeOfSome(judge, rest.rows), careful, rest);
  }

  /** @param known of these rows, if anything is */
  private async lookAtPayloads(pairs: PairRows, judge: LookJudge, careful: boolean, known?: Rest): Promise<void> {
    const { largeBytes } = this.options;
    const { bytes, expiryMs } = await this.sizesWith(pairs, careful, known);
    let chunk: number[] = [];
    let chunkBytes = 0;
    for (let row = 0; row < pairs.keys.count; row++) {
      const size = bytes[row];
      if (size < 0) judge.gone(row);
      else if (size > largeBytes) judge.large(row);
      else {
        if (chunkBytes + size > CHUNK_BYTES && chunk.length > 0) {
          await this.lookAtChunk(pairs, chunk, expiryMs, judge, careful);
          chunk = [];
          chunkBytes = 0;
        }
        chunk.push(row);
        chunkBytes += size;
      }
    }
    if (chunk.length > 0) await this.lookAtChunk(pairs, chunk, expiryMs, judge, careful);
  }

  /** Those that are known to be small are not asked for. */
  private async sizesWith(pairs: PairRows, careful: boolean, known: Rest | undefined): Promise<KeySizes> {
    const rows = known === undefined ? [] : Array.from(known.isSmall.keys()).filter((i) => !known.isSmall[i]);
    if (known === undefined || rows.length === pairs.keys.count) return this.sizes(pairs, careful);
    const sizes = { bytes: new Float64Array(pairs.keys.count).fill(SMALL_BYTES), expiryMs: Float64Array.from(known.expiryMs) };
    if (rows.length === 0) return sizes;
    const keys = pickRows(pairs.keys, rows);
    const targetKeys = pairs.targetKeys === pairs.keys ? keys : pickRows(pairs.targetKeys, rows);
    const { bytes, expiryMs } = await this.sizes({ ...pairs, keys, targetKeys }, careful);
    for (const [i, row] of rows.entries()) {
      sizes.bytes[row] = bytes[i];
      sizes.expiryMs[row] = expiryMs[i];
    }
    return sizes;
  }

  /**
   * The target is asked, to spare the source, which is asked for what the target does not have; in a careful look both are. A value that is small at the target and
   * large at the source is so for the first look alone. Times of expiry are those of the target.
   */
  private async sizes({ database, targetDatabase, keys, targetKeys }: PairRows, careful: boolean): Promise<KeySizes> {
    const { source, target } = this.options;
    const { bytes, expiryMs } = await readSizes(target, targetDatabase, targetKeys, this.targetExpiry);
    const rows = Array.from({ length: keys.count }, (_, row) => row).filter((row) => careful || bytes[row] < 0);
    if (rows.length === 0) return { bytes, expiryMs };
    const own = await readSizes(source, database, pickRows(keys, rows), this.sourceExpiry);
    for (const [i, row] of rows.entries()) bytes[row] = Math.max(bytes[row], own.bytes[i]);
    return { bytes, expiryMs };
  }

  private async lookAtChunk(pairs: PairRows, rows: readonly number[], targetExpiryMs: Float64Array, judge: LookJudge, careful: boolean): Promise<void> {
    const { source, target, largeBytes } = this.options;
    const { keys, targetKeys } = pairs;
    const isAll = rows.length === keys.count;
    const chunk = isAll ? keys : pickRows(keys, rows);
    const targetChunk = targetKeys === keys ? chunk : isAll ? targetKeys : pickRows(targetKeys, rows);
    const keepMax = largeBytes * PAYLOAD_SLACK;
    await this.sourceExpiry.prepare();
    const [own, other] = await Promise.all([
      source.ask(pairs.database, chunk, [DUMP, this.sourceExpiry.column], keepMax),
      target.ask(pairs.targetDatabase, targetChunk, [DUMP], keepMax),
    ]);
    for (const [i, row] of rows.entries()) this.decide(pairs, row, i, own, other, targetExpiryMs[row], judge, careful);
    own.release();
    other.release();
  }

  private decide(pairs: PairRows, row: number, i: number, own: KeyReplies, other: KeyReplies, targetFoundMs: number, judge: LookJudge, careful: boolean): void {
    const { comparer, losses, wanted, comparesTtl, ttlToleranceMs } = this.options;
    const [isHere, isThere] = [own.kind(i, 0) === ReplyKind.Bulk, other.kind(i, 0) === ReplyKind.Bulk];
    if (!isHere && !(isThere && careful)) return judge.gone(row);
    if ((isHere && own.slab(i).isCut(own.row(i, 0))) || (isThere && other.slab(i).isCut(other.row(i, 0)))) return judge.large(row);
    const source = isHere ? payload(own, i) : null;
    const target = isThere ? payload(other, i) : null;
    const expiryMs = isHere ? this.sourceExpiry.read(own, i, 1) : -1;
    const targetExpiryMs = isThere ? targetFoundMs : -1;
    if (!wanted.wants(pairs, row, (source ?? target) as ValueBytes, source === null ? targetExpiryMs : expiryMs)) return judge.unwanted(row);
    const times = { sourceExpiryMs: expiryMs, targetExpiryMs };
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

/** @param rows what the rows of who is judged are to the judge */
function judgeOfSome(judge: LookJudge, rows: readonly number[]): LookJudge {
  return {
    equal: (row, lost) => judge.equal(rows[row], lost),
    gone: (row) => judge.gone(rows[row]),
    unwanted: (row) => judge.unwanted(rows[row]),
    large: (row) => judge.large(rows[row]),
    lost: (row, why) => judge.lost(rows[row], why),
    found: (row, finding) => judge.found(rows[row], finding),
  };
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
