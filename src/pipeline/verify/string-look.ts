/**
 * The short way for strings, which most keys are: their first bytes by GETRANGE, which costs a server a fraction of DUMP (no compression, no checksum) and cannot
 * be too large. Only equality is decided here; every other key is left to the long way: other types, long and empty strings, and whatever is not the same.
 */
import { ReplyKind } from '../../resp/reply-columns.ts';
import type { AskedSide } from './asked-side.ts';
import type { ExpiryReader } from './expiry-reader.ts';
import { keyCommand } from './key-command.ts';
import { isSameExpiry, type LookJudge, type PairRows } from './key-finding.ts';
import type { KeyReplies } from './key-replies.ts';
import { pickRows } from './key-rows.ts';

const SHORT_BYTES = 4096;
const TYPE = keyCommand(['TYPE']);
const BEGIN = keyCommand(['GETRANGE'], ['0', String(SHORT_BYTES - 1)]);
const SMALL_REPLY = 1024;
const STRING = Buffer.from('string');

export interface StringLookOptions {
  readonly source: AskedSide;
  readonly target: AskedSide;
  readonly sourceExpiry: ExpiryReader;
  readonly targetExpiry: ExpiryReader;
  readonly ttlToleranceMs: number;
  readonly comparesTtl: boolean;
}

export class StringLook {
  private readonly options: StringLookOptions;

  constructor(options: StringLookOptions) {
    this.options = options;
  }

  /** @returns the rows that are still to be looked at */
  async look(pairs: PairRows, judge: LookJudge): Promise<number[]> {
    const { source, target, sourceExpiry, targetExpiry } = this.options;
    const { database, targetDatabase, keys, targetKeys } = pairs;
    await Promise.all([sourceExpiry.prepare(), targetExpiry.prepare()]);
    const heads = await target.ask(targetDatabase, targetKeys, [TYPE, targetExpiry.column], SMALL_REPLY);
    const strings: number[] = [];
    const rest: number[] = [];
    const expiryMs: number[] = [];
    for (let row = 0; row < keys.count; row++) {
      if (!isString(heads, row)) rest.push(row);
      else {
        strings.push(row);
        expiryMs.push(targetExpiry.read(heads, row, 1));
      }
    }
    heads.release();
    if (strings.length === 0) return rest;
    const isAll = strings.length === keys.count;
    const own = isAll ? keys : pickRows(keys, strings);
    const other = targetKeys === keys ? own : isAll ? targetKeys : pickRows(targetKeys, strings);
    const [here, there] = await Promise.all([
      source.ask(database, own, [BEGIN, sourceExpiry.column], SHORT_BYTES),
      target.ask(targetDatabase, other, [BEGIN], SHORT_BYTES),
    ]);
    for (const [i, row] of strings.entries()) {
      if (isSameShort(here, there, i) && this.isSameTime(here, i, expiryMs[i])) judge.equal(row, '');
      else rest.push(row);
    }
    here.release();
    there.release();
    return rest;
  }

  private isSameTime(here: KeyReplies, i: number, targetExpiryMs: number): boolean {
    const { sourceExpiry, comparesTtl, ttlToleranceMs } = this.options;
    return !comparesTtl || isSameExpiry(sourceExpiry.read(here, i, 1), targetExpiryMs, ttlToleranceMs);
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

function isString(replies: KeyReplies, key: number): boolean {
  const slab = replies.slab(key);
  const row = replies.row(key, 0);
  const start = slab.start[row];
  if (slab.kind[row] !== ReplyKind.Status || slab.end[row] - start !== STRING.length) return false;
  for (let i = 0; i < STRING.length; i++) if (slab.bytes[start + i] !== STRING[i]) return false;
  return true;
}
