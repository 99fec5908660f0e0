/**
 * The short way for strings, which most keys are: their first bytes by GETRANGE, which costs a server a fraction of DUMP (no compression, no checksum) and cannot
 * be too large. Only equality is decided here; every other key is left to the long way: other types, long and empty strings, and whatever is not the same.
 *
 * Which keys are strings, the target says by their encodings, which also tell of many others that they are small. Where all keys of a page were strings, those of the
 * next one are taken for strings without a question; what is none answers with an error, and is left to the long way.
 */
import { ReplyKind } from '../../resp/reply-columns.ts';
import type { AskedSide } from './asked-side.ts';
import type { ExpiryReader } from './expiry-reader.ts';
import type { ExpiryWatch } from './expiry-watch.ts';
import { keyCommand } from './key-command.ts';
import { isSameExpiry, type LookJudge, type PairRows } from './key-finding.ts';
import type { KeyReplies } from './key-replies.ts';
import { pickRows } from './key-rows.ts';

const SHORT_BYTES = 4096;
const TYPE = keyCommand(['TYPE']);
const ENCODING = keyCommand(['OBJECT', 'ENCODING']);
const BEGIN = keyCommand(['GETRANGE'], ['0', String(SHORT_BYTES - 1)]);
const SMALL_REPLY = 1024;
const STRINGS = ['string', 'raw', 'embstr', 'int'].map((word) => Buffer.from(word));
/** One block of memory, of some hundred elements at most. */
const SMALL = ['listpack', 'listpackex', 'ziplist', 'intset'].map((word) => Buffer.from(word));
/** Fewer say nothing of the next page. */
const PAGE_KEYS_MIN = 128;

/** What is still to be looked at. */
export interface Rest {
  readonly rows: readonly number[];
  /** Of each: it is known to be small at the target. */
  readonly isSmall: readonly boolean[];
  /** Of each: at the target, where it is small; Unix ms, -1 = none. */
  readonly expiryMs: readonly number[];
}

interface MutableRest {
  readonly rows: number[];
  readonly isSmall: boolean[];
  readonly expiryMs: number[];
}

export interface StringLookOptions {
  readonly source: AskedSide;
  readonly target: AskedSide;
  readonly sourceExpiry: ExpiryReader;
  readonly targetExpiry: ExpiryReader;
  readonly expiryWatch: ExpiryWatch;
  readonly ttlToleranceMs: number;
  readonly comparesTtl: boolean;
}

export class StringLook {
  private readonly options: StringLookOptions;
  /** All keys of the last page were strings. */
  private expectsStrings = false;

  constructor(options: StringLookOptions) {
    this.options = options;
  }

  async look(pairs: PairRows, judge: LookJudge): Promise<Rest> {
    const { comparesTtl, sourceExpiry, targetExpiry, expiryWatch } = this.options;
    const asksTimes = comparesTtl && (await expiryWatch.mayExpire(pairs.database, pairs.targetDatabase));
    if (asksTimes) await Promise.all([sourceExpiry.prepare(), targetExpiry.prepare()]);
    const rest: MutableRest = { rows: [], isSmall: [], expiryMs: [] };
    if (this.expectsStrings) await this.compare(pairs, null, null, asksTimes, judge, rest);
    else {
      const { strings, expiryMs } = await this.findStrings(pairs, asksTimes, rest);
      if (strings.length > 0) await this.compare(pairs, strings, expiryMs, asksTimes, judge, rest);
    }
    return rest;
  }

  /** @param rest gets the others */
  private async findStrings(pairs: PairRows, asksTimes: boolean, rest: MutableRest): Promise<{ strings: number[]; expiryMs: number[] }> {
    const { target, targetExpiry } = this.options;
    const { targetDatabase, targetKeys } = pairs;
    const head = target.abilities.encoding ? ENCODING : TYPE;
    const heads = await target.ask(targetDatabase, targetKeys, asksTimes ? [head, targetExpiry.column] : [head], SMALL_REPLY);
    const strings: number[] = [];
    const expiryMs: number[] = [];
    for (let row = 0; row < targetKeys.count; row++) {
      const timeMs = asksTimes ? targetExpiry.read(heads, row, 1) : -1;
      if (isOneOf(STRINGS, heads, row)) {
        strings.push(row);
        expiryMs.push(timeMs);
      } else {
        rest.rows.push(row);
        rest.isSmall.push(isOneOf(SMALL, heads, row));
        rest.expiryMs.push(timeMs);
      }
    }
    heads.release();
    this.expectsStrings = strings.length === targetKeys.count && strings.length >= PAGE_KEYS_MIN;
    return { strings, expiryMs };
  }

  /**
   * @param rows of strings; null = all rows, which may be strings
   * @param knownMs of these: when they expire at the target; null = it is to be asked
   */
  private async compare(
    pairs: PairRows,
    rows: readonly number[] | null,
    knownMs: readonly number[] | null,
    asksTimes: boolean,
    judge: LookJudge,
    rest: MutableRest,
  ): Promise<void> {
    const { source, target, sourceExpiry, targetExpiry } = this.options;
    const { database, targetDatabase, keys, targetKeys } = pairs;
    const isAll = rows === null || rows.length === keys.count;
    const own = isAll ? keys : pickRows(keys, rows);
    const other = targetKeys === keys ? own : isAll ? targetKeys : pickRows(targetKeys, rows);
    const [here, there] = await Promise.all([
      source.ask(database, own, asksTimes ? [BEGIN, sourceExpiry.column] : [BEGIN], SHORT_BYTES),
      target.ask(targetDatabase, other, asksTimes && knownMs === null ? [BEGIN, targetExpiry.column] : [BEGIN], SHORT_BYTES),
    ]);
    for (let i = 0; i < own.count; i++) {
      const row = isAll ? i : rows[i];
      const targetMs = !asksTimes ? -1 : (knownMs?.[i] ?? targetExpiry.read(there, i, 1));
      if (isSameShort(here, there, i) && (!asksTimes || this.isSameTime(here, i, targetMs))) judge.equal(row, '');
      else {
        if (rows === null && there.kind(i, 0) === ReplyKind.Error) this.expectsStrings = false;
        rest.rows.push(row);
        rest.isSmall.push(false);
        rest.expiryMs.push(-1);
      }
    }
    here.release();
    there.release();
  }

  private isSameTime(here: KeyReplies, i: number, targetExpiryMs: number): boolean {
    const { sourceExpiry, ttlToleranceMs } = this.options;
    return isSameExpiry(sourceExpiry.read(here, i, 1), targetExpiryMs, ttlToleranceMs);
  }
}

/** An empty reply may be no key, and a whole part the begin of a longer string. */
function isSameShort(here: KeyReplies, there: KeyReplies, i: number): boolean {
  const [own, other] = [here.slab(i), there.slab(i)];
  const [row, otherRow] = [here.row(i, 0), there.row(i, 0)];
  if (own.kind[row] !== ReplyKind.Bulk || other.kind[otherRow] !== ReplyKind.Bulk) return false;
  const [start, end, otherStart] = [own.start[row], own.end[row], other.start[otherRow]];
  const length = end - start;
  if (length === 0 || length >= SHORT_BYTES || length !== other.end[otherRow] - otherStart) return false;
  for (let at = 0; at < length; at++) if (own.bytes[start + at] !== other.bytes[otherStart + at]) return false;
  return true;
}

function isOneOf(words: readonly Buffer[], replies: KeyReplies, key: number): boolean {
  const slab = replies.slab(key);
  const row = replies.row(key, 0);
  const kind = slab.kind[row];
  if (kind !== ReplyKind.Status && kind !== ReplyKind.Bulk) return false;
  const start = slab.start[row];
  const length = slab.end[row] - start;
  return words.some((word) => {
    if (word.length !== length) return false;
    for (let i = 0; i < length; i++) if (slab.bytes[start + i] !== word[i]) return false;
    return true;
  });
}
