/**
 * How each value of a snapshot gets to the target, decided per type byte from the snapshot's dialect and the target's version:
 *
 *   as it is   the raw bytes, in a payload whose version the target accepts. A payload says no vendor, and servers look at its version only to refuse newer
 *              ones, so a type that the target knows passes to older servers and the other vendor too
 *   encoded    decoded, and encoded in a form that the target knows (rdb/encode)
 *   refused    nothing that the target knows says it, or something would be lost and that was not allowed
 *
 * docs/conversion.md has the same as tables.
 */
import { quotedKey } from '../bytes/quoted-key.ts';
import type { OnUnsupported } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { type Batch, EntryKind } from '../model/batch.ts';
import { atLeast, type ServerVersion, versionName } from '../model/server-version.ts';
import { ValueKind } from '../model/value-kind.ts';
import { type Dialect, standsAlone } from '../rdb/dialect.ts';
import { DumpEncoder } from '../rdb/encode/dump-encoder.ts';
import { dumpVersionFor } from '../rdb/encode/dump-version.ts';
import { featuresOfType, representable } from '../rdb/encode/representable.ts';
import { RdbOpcode, RdbType } from '../rdb/opcodes.ts';
import type { TemplateNames } from '../rdb/template-names.ts';
import { ValueDecoder } from '../rdb/values/value-decoder.ts';
import type { BuildReceiver } from './key-commands.ts';
import { ValueCommands } from './value-commands.ts';

export const Way = { AsIs: 0, Encoded: 1, Stop: 2, Skip: 3 } as const;

/** What was not passed on as it was. Rows that are sent again after a break count again. */
export interface ConversionCounts {
  encoded: number;
  /** Encoded without all that they had. */
  degraded: number;
  skipped: number;
}

/** What a large value is built in. */
const BUILD_BYTES = 512 * 1024;
/** The newest version that servers of both vendors take. */
const COMMON_VERSION_MAX = 11;
const VALKEY_VERSION = 80;
/** The first RDB version whose servers load the type, Redis; of those that are younger than 7. */
const SINCE: ReadonlyMap<number, number> = new Map([
  [RdbType.Zset2, 8],
  [RdbType.Module2, 8],
  [RdbType.StreamListpacks, 9],
  ...[RdbType.HashListpack, RdbType.ZsetListpack, RdbType.ListQuicklist2, RdbType.StreamListpacks2].map((type) => [type, 10] as const),
  ...[RdbType.SetListpack, RdbType.StreamListpacks3].map((type) => [type, 11] as const),
  ...[RdbType.HashMetadata, RdbType.HashListpackEx].map((type) => [type, 12] as const),
  [RdbType.StreamListpacks4, 13],
  ...[RdbType.StreamListpacks5, RdbType.Array].map((type) => [type, 14] as const),
  ...[RdbType.HashTemplateListpack, RdbType.HashTemplateArray].map((type) => [type, 15] as const),
  [RdbOpcode.Function2, 10],
]);
/** Redis versions by the RDB version that came with them, newest first. */
const REDIS_VERSIONS: ReadonlyArray<readonly [major: number, minor: number, rdb: number]> = [
  [8, 10, 15],
  [8, 8, 14],
  [8, 6, 13],
  [7, 4, 12],
  [7, 2, 11],
  [7, 0, 10],
  [5, 0, 9],
  [4, 0, 8],
  [3, 2, 7],
];
const OLDEST_RDB = 6;

export class ValueConversion {
  readonly counts: ConversionCounts = { encoded: 0, degraded: 0, skipped: 0 };
  /** Registry of the snapshot that is read (RdbDecoder.templates). */
  templates: TemplateNames | undefined;
  private readonly target: ServerVersion | undefined;
  private readonly policy: OnUnsupported;
  private readonly decoder = new ValueDecoder();
  private encoder: DumpEncoder | null = null;
  private dialect: Dialect | null = null;
  private readonly ways = new Uint8Array(256);
  private readonly versions = new Uint8Array(256);
  private readonly degrades = new Uint8Array(256);
  private readonly reasons = new Map<number, string>();

  /** @param target undefined: not known, all values go as they are */
  constructor(target: ServerVersion | undefined, policy: OnUnsupported) {
    this.target = target;
    this.policy = policy;
  }

  /** Before values of this dialect. */
  begin(dialect: Dialect): void {
    if (this.dialect?.magic === dialect.magic && this.dialect.version === dialect.version) return;
    this.dialect = dialect;
    this.reasons.clear();
    for (let type = 0; type < 256; type++) this.plan(dialect, type);
  }

  /** Way of a type byte (or of a function: its opcode). */
  way(type: number): number {
    return this.ways[type];
  }

  /** RDB version for the payload of a value that goes as it is. */
  version(type: number): number {
    return this.versions[type];
  }

  /** @throws VALUE_NOT_REPRESENTABLE for the first row that the target cannot be given and that may not be left out */
  check(batch: Batch): void {
    if (this.reasons.size === 0) return;
    for (let row = 0; row < batch.count; row++) this.checkRow(batch, row);
  }

  /** As check(), of one row. */
  checkRow(batch: Batch, row: number): void {
    const type = batch.type[row];
    if (batch.kind[row] === EntryKind.RdbScript || this.ways[type] !== Way.Stop) return;
    throw this.refusal(type, batch.bytes.subarray(batch.keyStart[row], batch.keyEnd[row]), batch.database[row]);
  }

  /** Of what commands() and wholeCommands() throw: true, if the value is to be left out; counted. */
  mayLeaveOut(error: unknown): boolean {
    if (this.policy === 'stop' || !(error instanceof GodwitError) || error.code !== 'VALUE_NOT_REPRESENTABLE') return false;
    this.counts.skipped++;
    return true;
  }

  /** As check() and skips(), for a value that is not in a batch. @returns true: leave it out */
  skipsLarge({ type, key, database }: { readonly type: number; readonly key: Uint8Array; readonly database: number }): boolean {
    if (this.ways[type] === Way.Stop) throw this.refusal(type, key, database);
    if (this.ways[type] !== Way.Skip) return false;
    this.counts.skipped++;
    return true;
  }

  /** True: leave it out; counted. */
  skips(batch: Batch, row: number): boolean {
    if (batch.kind[row] === EntryKind.RdbScript || this.ways[batch.type[row]] !== Way.Skip) return false;
    this.counts.skipped++;
    return true;
  }

  /** The payload of a row whose way is Encoded: bytes[0, length) of what it returns, until the next call. @throws RDB_CORRUPT */
  encode(batch: Batch, row: number): DumpEncoder {
    const encoder = this.beginEncoding(batch.type[row]);
    const { bytes, start, end } = batch;
    this.decoder.begin(batch.type[row], this.dialect as Dialect, encoder, end[row] - start[row], this.templates);
    this.decoder.feed(bytes, start[row], end[row]);
    if (!this.decoder.done)
      throw new GodwitError('RDB_CORRUPT', `the value of key ${quotedKey(bytes.subarray(batch.keyStart[row], batch.keyEnd[row]))} goes beyond its end`);
    return encoder;
  }

  /** For a value that is read in windows, in several passes: the encoder; decode into it with ValueDecoder. Counts the value. */
  beginEncoding(type: number): DumpEncoder {
    if (this.encoder === null) throw new GodwitError('INTERNAL', 'there is no encoder for this target');
    this.counts.encoded++;
    this.counts.degraded += this.degrades[type];
    return this.encoder;
  }

  /** For a value whose payload is larger than the target accepts. Counts the value. */
  commands(replace: boolean, build: BuildReceiver): ValueCommands {
    if (this.target === undefined) throw new GodwitError('INTERNAL', 'the version of the target is not known');
    this.counts.encoded++;
    return new ValueCommands({
      target: this.target,
      transactionBytesMax: BUILD_BYTES,
      ownTransaction: false,
      replace,
      degrade: this.policy === 'degrade',
      build,
    });
  }

  /** For values that are always given as commands, in one piece each, which replaces the key. @throws INTERNAL where canSayInCommands is not */
  wholeCommands(): ValueCommands {
    if (this.target === undefined) throw new GodwitError('INTERNAL', 'the version of the target is not known');
    const build = (): void => {
      throw new GodwitError('INTERNAL', 'a value was made in several pieces');
    };
    return new ValueCommands({
      target: this.target,
      transactionBytesMax: Number.POSITIVE_INFINITY,
      ownTransaction: false,
      degrade: this.policy === 'degrade',
      build,
    });
  }

  /** False: commands() cannot be asked for. */
  get canSayInCommands(): boolean {
    return this.target !== undefined;
  }

  private plan(dialect: Dialect, type: number): void {
    this.ways[type] = Way.AsIs;
    this.degrades[type] = 0;
    this.versions[type] = dialect.version;
    const { target } = this;
    if (target === undefined) return;
    const version = versionAsItIs(dialect, type, target);
    if (version > 0) {
      this.versions[type] = version;
      return;
    }
    const dump = dumpVersionFor(target);
    const verdict = type === RdbOpcode.Function2 ? NO_FUNCTIONS : representable(kindOf(type), featuresOfType(dialect, type), target);
    if (dump !== null) this.encoder ??= new DumpEncoder({ version: dump, degrade: this.policy === 'degrade' });
    if (verdict.answer === 'yes' && dump !== null) this.ways[type] = Way.Encoded;
    else if (verdict.answer === 'degraded' && dump !== null && this.policy === 'degrade') {
      this.ways[type] = Way.Encoded;
      this.degrades[type] = 1;
    } else {
      this.ways[type] = this.policy === 'stop' ? Way.Stop : Way.Skip;
      this.reasons.set(
        type,
        verdict.answer === 'no'
          ? verdict.why
          : verdict.answer === 'degraded'
            ? `this would be lost: ${verdict.lost.join('; ')}`
            : 'it takes no payload that is built',
      );
    }
  }

  private refusal(type: number, keyBytes: Uint8Array, database: number): GodwitError {
    const ofFunctions = type === RdbOpcode.Function2;
    const key = ofFunctions ? undefined : quotedKey(keyBytes);
    const what = ofFunctions ? 'the functions of the source' : `key ${key}`;
    const target = this.target === undefined ? 'the target' : versionName(this.target);
    return new GodwitError(
      'VALUE_NOT_REPRESENTABLE',
      `${what} cannot be brought to ${target} as ${ofFunctions ? 'they are' : 'it is'}: ${this.reasons.get(type) ?? ''}`,
      {
        details: { key, type, database },
      },
    );
  }
}

const NO_FUNCTIONS = { answer: 'no', why: 'the target has no functions (Redis has them since 7.0)' } as const;

/** The payload version in which the target takes the raw bytes of this type; 0 = it does not. */
function versionAsItIs(dialect: Dialect, type: number, target: ServerVersion): number {
  const isCommon = type <= RdbType.StreamListpacks3 || type === RdbOpcode.Function2;
  const since = SINCE.get(type) ?? OLDEST_RDB;
  if (target.product === 'valkey') {
    if (isCommon) return COMMON_VERSION_MAX;
    return dialect.magic === 'VALKEY' && type === RdbType.ValkeyHash2 && atLeast(target, 9) ? VALKEY_VERSION : 0;
  }
  const newest = REDIS_VERSIONS.find(([major, minor]) => atLeast(target, major, minor))?.[2] ?? OLDEST_RDB;
  if (isCommon) return newest >= since ? Math.min(newest, COMMON_VERSION_MAX) : 0;
  return dialect.magic === 'REDIS' && SINCE.has(type) && standsAlone(dialect, type) && newest >= since ? since : 0;
}

/** Enough to ask representable(): what is neither is a list, a set or the like, which every server has. */
function kindOf(type: number): ValueKind {
  const streams: readonly number[] = [
    RdbType.StreamListpacks,
    RdbType.StreamListpacks2,
    RdbType.StreamListpacks3,
    RdbType.StreamListpacks4,
    RdbType.StreamListpacks5,
  ];
  if (streams.includes(type)) return ValueKind.Stream;
  if (type === RdbType.Array) return ValueKind.Array;
  return type === RdbType.Module2 || type === RdbType.ModulePreGa ? ValueKind.Module : ValueKind.Hash;
}
