/** The quick look at keys: types, lengths and times of expiry of both sides, without what the values hold. Large values are no matter here. */
import type { AskedSide } from './asked-side.ts';
import { type Difference, shownTime } from '../../rdb/compare/first-difference.ts';
import { RdbType } from '../../rdb/opcodes.ts';
import { ExpiryReader } from './expiry-reader.ts';
import { keyCommand } from './key-command.ts';
import { isSameExpiry, type LookJudge, type PairRows } from './key-finding.ts';
import { readLengths } from './size-probe.ts';
import type { WantedValues } from './wanted-values.ts';
import type { KeyRows } from './key-rows.ts';

export interface QuickLookOptions {
  readonly source: AskedSide;
  readonly target: AskedSide;
  readonly wanted: WantedValues;
  readonly ttlToleranceMs: number;
  readonly comparesTtl: boolean;
}

interface Heads {
  readonly types: readonly string[];
  readonly lengths: Float64Array;
  readonly expiryMs: Float64Array;
}

const TYPE = keyCommand(['TYPE']);
const SMALL_REPLY = 1024;
const NO_BYTES = new Uint8Array(0);
/** A type byte of each, for the filter. */
const RDB_TYPES: Readonly<Record<string, number>> = {
  string: RdbType.String,
  list: RdbType.ListQuicklist2,
  set: RdbType.Set,
  zset: RdbType.Zset2,
  hash: RdbType.Hash,
  stream: RdbType.StreamListpacks3,
  array: RdbType.Array,
};

export class QuickLook {
  private readonly options: QuickLookOptions;
  private readonly sourceExpiry: ExpiryReader;
  private readonly targetExpiry: ExpiryReader;

  constructor(options: QuickLookOptions) {
    this.options = options;
    this.sourceExpiry = new ExpiryReader(options.source);
    this.targetExpiry = new ExpiryReader(options.target);
  }

  async look(pairs: PairRows, judge: LookJudge, careful: boolean): Promise<void> {
    const { source, target, wanted } = this.options;
    const [own, other] = await Promise.all([
      readHeads(source, pairs.database, pairs.keys, this.sourceExpiry),
      readHeads(target, pairs.targetDatabase, pairs.targetKeys, this.targetExpiry),
    ]);
    for (let row = 0; row < pairs.keys.count; row++) {
      const [isHere, isThere] = [own.types[row] !== 'none', other.types[row] !== 'none'];
      if (!isHere && !(isThere && careful)) {
        judge.gone(row);
        continue;
      }
      const asked = isHere ? own : other;
      const value = { type: RDB_TYPES[asked.types[row]] ?? RdbType.Module2, bytes: NO_BYTES, start: 0, end: asked.lengths[row] };
      if (!wanted.wants(pairs, row, value, asked.expiryMs[row])) judge.unwanted(row);
      else this.compare(row, own, other, judge);
    }
  }

  private compare(row: number, own: Heads, other: Heads, judge: LookJudge): void {
    const [sourceExpiryMs, targetExpiryMs] = [own.expiryMs[row], other.expiryMs[row]];
    const difference = this.difference(row, own, other);
    if (difference === null) return judge.equal(row, '');
    judge.found(row, { difference, source: digest(own, row), target: digest(other, row), sourceExpiryMs, targetExpiryMs });
  }

  private difference(row: number, own: Heads, other: Heads): Difference | null {
    const [type, otherType] = [own.types[row], other.types[row]];
    if (type !== otherType) {
      return { kind: type === 'none' ? 'extra' : otherType === 'none' ? 'missing' : 'type', where: '', source: type, target: otherType };
    }
    const [length, otherLength] = [own.lengths[row], other.lengths[row]];
    if (length !== otherLength) return { kind: 'value', where: 'length', source: String(length), target: String(otherLength) };
    const { comparesTtl, ttlToleranceMs } = this.options;
    if (!comparesTtl || isSameExpiry(own.expiryMs[row], other.expiryMs[row], ttlToleranceMs)) return null;
    return { kind: 'ttl', where: '', source: shownTime(own.expiryMs[row]), target: shownTime(other.expiryMs[row]) };
  }
}

async function readHeads(side: AskedSide, database: number, keys: KeyRows, expiry: ExpiryReader): Promise<Heads> {
  await expiry.prepare();
  const replies = await side.ask(database, keys, [TYPE, expiry.column], SMALL_REPLY);
  const types: string[] = [];
  const expiryMs = new Float64Array(keys.count);
  for (let row = 0; row < keys.count; row++) {
    types.push(replies.text(row, 0) || 'none');
    expiryMs[row] = expiry.read(replies, row, 1);
  }
  replies.release();
  return { types, expiryMs, lengths: await readLengths(side, database, keys, types) };
}

function digest({ types, lengths }: Heads, row: number): string {
  return types[row] === 'none' ? '' : `${types[row]} ${lengths[row]}`;
}
