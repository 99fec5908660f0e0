/**
 * How each value of a snapshot gets to the target, decided per type byte from the snapshot's dialect and the target's version:
 *
 *   as it is   the raw bytes, in a payload whose version the target accepts. A payload says no vendor, and servers look at its version only to refuse newer
 *              ones, so a type that the target knows passes to older servers and the other vendor too
 *   encoded    decoded, and encoded in a form that the target knows (rdb/encode). Whether a value loses something by that is known when it is encoded
 *   refused    nothing that the target knows says it; of a value that is encoded: something is lost, and that was not allowed
 *
 * What is left out or loses something is named in the report (loss-report.ts) before the batch is sent that it would be in.
 *
 * docs/conversion.md has the same as tables.
 */
import { quotedKey } from '../bytes/quoted-key.ts';
import type { OnUnsupported } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { type Batch, EntryKind } from '../model/batch.ts';
import { atLeast, type ServerVersion, versionName } from '../model/server-version.ts';
import { VALUE_KIND_NAMES } from '../model/value-kind.ts';
import { type Dialect, standsAlone } from '../rdb/dialect.ts';
import { DumpEncoder } from '../rdb/encode/dump-encoder.ts';
import { dumpVersionFor } from '../rdb/encode/dump-version.ts';
import { featuresOfType, representable } from '../rdb/encode/representable.ts';
import { kindOfType } from '../rdb/kind-of-type.ts';
import { RdbOpcode, RdbType } from '../rdb/opcodes.ts';
import { stringText } from '../rdb/rdb-string.ts';
import type { TemplateNames } from '../rdb/template-names.ts';
import { ValueDecoder } from '../rdb/values/value-decoder.ts';
import type { BuildReceiver } from './key-commands.ts';
import { type ConversionCounts, LossReport } from './loss-report.ts';
import { mayTake, moduleTypeName } from './module-types.ts';
import { ValueCommands } from './value-commands.ts';

export const Way = { AsIs: 0, Encoded: 1, Stop: 2, Skip: 3 } as const;

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
/** 1: a value of the type begins with the number of its elements, and is no value without any. */
const COUNTED = new Uint8Array(256);
for (const type of [RdbType.List, RdbType.Set, RdbType.Zset, RdbType.Hash, RdbType.Zset2, RdbType.ListQuicklist, RdbType.ListQuicklist2, RdbType.ValkeyHash2])
  COUNTED[type] = 1;

/** A value by its place, in a batch or out of one. */
interface ValuePlace {
  readonly type: number;
  readonly key: Uint8Array;
  readonly database: number;
  /** Offset behind it; -1 = not known. */
  readonly valueEnd?: number;
}

export class ValueConversion {
  readonly losses: LossReport;
  /** Registry of the snapshot that is read (RdbDecoder.templates). */
  templates: TemplateNames | undefined;
  private readonly target: ServerVersion | undefined;
  private readonly policy: OnUnsupported;
  /** Of the target, in lower case; undefined: not known. */
  private readonly modules: ReadonlySet<string> | undefined;
  private readonly decoder = new ValueDecoder();
  private encoder: DumpEncoder | null = null;
  /** Row whose payload the encoder holds; -1 = none. */
  private encodedRow = -1;
  private dialect: Dialect | null = null;
  private readonly ways = new Uint8Array(256);
  private readonly versions = new Uint8Array(256);
  private readonly reasons = new Map<number, string>();

  /** @param target undefined: not known, all values go as they are */
  constructor(target: ServerVersion | undefined, policy: OnUnsupported, losses = new LossReport(), modules?: ReadonlySet<string>) {
    this.target = target;
    this.policy = policy;
    this.losses = losses;
    this.modules = modules;
  }

  get counts(): ConversionCounts {
    return this.losses.counts;
  }

  /** Before values of this dialect. */
  begin(dialect: Dialect): void {
    this.encodedRow = -1;
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

  /** @throws VALUE_NOT_REPRESENTABLE for the first row whose type byte alone says that the target cannot be given it, and that may not be left out */
  check(batch: Batch): void {
    if (this.reasons.size === 0) return;
    for (let row = 0; row < batch.count; row++) this.checkRow(batch, row);
  }

  /** As check(), of one row. */
  checkRow(batch: Batch, row: number): void {
    const type = batch.type[row];
    if (batch.kind[row] === EntryKind.RdbScript || this.ways[type] !== Way.Stop) return;
    throw this.refusal(placeOf(batch, row), this.reasons.get(type) ?? '');
  }

  /** Of what commands() and wholeCommands() throw: true, if the value is to be left out; counted. */
  mayLeaveOut(error: unknown): boolean {
    if (this.policy === 'stop' || !(error instanceof GodwitError) || error.code !== 'VALUE_NOT_REPRESENTABLE') return false;
    this.counts.skipped++;
    return true;
  }

  /** As skips(), for a value that is not in a batch, by its type byte; what it loses is looked at when it was measured (isRefused). @returns true: leave it out */
  skipsLarge(place: ValuePlace): boolean {
    return this.isLeftOutByType(place);
  }

  /**
   * True: leave the row out; it is counted and named. A value that has to be encoded is encoded now, and encode() hands it out.
   * @throws VALUE_NOT_REPRESENTABLE for what may not be left out; RDB_CORRUPT
   */
  skips(batch: Batch, row: number): boolean {
    const type = batch.type[row];
    if (batch.kind[row] === EntryKind.RdbScript) return false;
    if (COUNTED[type] === 1 && batch.bytes[batch.start[row]] === 0) return this.leavesOutEmpty(batch, row);
    const way = this.ways[type];
    if (way === Way.AsIs) return type === RdbType.Module2 && this.modules !== undefined && this.lacksModule(batch, row, this.modules);
    if (way !== Way.Encoded) return this.isLeftOutByType(placeOf(batch, row), batch, row);
    this.encodeRow(batch, row);
    const { lost } = this.encoder as DumpEncoder;
    return lost.any && this.isRefused(placeOf(batch, row), lost.texts);
  }

  /** The payload of a row whose way is Encoded, behind skips(): bytes[0, length) of what it returns, until the next call. @throws RDB_CORRUPT */
  encode(batch: Batch, row: number): DumpEncoder {
    if (this.encodedRow !== row) this.encodeRow(batch, row);
    this.encodedRow = -1;
    this.counts.encoded++;
    return this.encoder as DumpEncoder;
  }

  /** For a value that is read in windows, in several passes: the encoder; decode into it with ValueDecoder. */
  beginEncoding(): DumpEncoder {
    if (this.encoder === null) throw new GodwitError('INTERNAL', 'there is no encoder for this target');
    this.encodedRow = -1;
    return this.encoder;
  }

  /**
   * What a value loses, once that is known; counted and named. @param lost in words; none: nothing
   * @returns true: leave it out
   * @throws VALUE_NOT_REPRESENTABLE if that may not be
   */
  isRefused(place: ValuePlace, lost: readonly string[]): boolean {
    if (lost.length === 0) return false;
    const reason = `this would be lost: ${lost.join('; ')}`;
    if (this.policy === 'stop') throw this.refusal(place, reason);
    const { type, key, database, valueEnd: offset = -1 } = place;
    const outcome = this.policy === 'degrade' ? 'degraded' : 'left-out';
    this.losses.add({ outcome, database, key, type: VALUE_KIND_NAMES[kindOfType(type)], reason: `lost: ${lost.join('; ')}`, offset });
    return outcome === 'left-out';
  }

  /** For a value whose payload is larger than the target accepts. Counts the value. */
  commands(replace: boolean, build: BuildReceiver): ValueCommands {
    if (this.target === undefined) throw new GodwitError('INTERNAL', 'the version of the target is not known');
    this.counts.encoded++;
    return new ValueCommands({ target: this.target, transactionBytesMax: BUILD_BYTES, ownTransaction: false, replace, degrade: true, build });
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
    this.versions[type] = dialect.version;
    const { target } = this;
    if (target === undefined) return;
    const version = versionAsItIs(dialect, type, target);
    if (version > 0) {
      this.versions[type] = version;
      return;
    }
    const dump = dumpVersionFor(target);
    const verdict = type === RdbOpcode.Function2 ? NO_FUNCTIONS : representable(kindOfType(type), featuresOfType(dialect, type), target);
    // Whether it may lose something is asked for each value.
    if (dump !== null) this.encoder ??= new DumpEncoder({ version: dump, degrade: true });
    if (verdict.answer !== 'no' && dump !== null) {
      this.ways[type] = Way.Encoded;
      return;
    }
    this.ways[type] = this.policy === 'stop' ? Way.Stop : Way.Skip;
    this.reasons.set(type, verdict.answer === 'no' ? verdict.why : 'it takes no payload that is built');
  }

  private encodeRow(batch: Batch, row: number): void {
    const encoder = this.beginEncoding();
    const { bytes, start, end } = batch;
    this.decoder.begin(batch.type[row], this.dialect as Dialect, encoder, end[row] - start[row], this.templates);
    this.decoder.feed(bytes, start[row], end[row]);
    if (!this.decoder.done)
      throw new GodwitError('RDB_CORRUPT', `the value of key ${quotedKey(bytes.subarray(batch.keyStart[row], batch.keyEnd[row]))} goes beyond its end`);
    this.encodedRow = row;
  }

  private isLeftOutByType(place: ValuePlace, batch?: Batch, row = 0): boolean {
    const { type, key, database, valueEnd: offset = -1 } = place;
    const way = this.ways[type];
    if (way !== Way.Stop && way !== Way.Skip) return false;
    const reason = this.reasons.get(type) ?? '';
    if (way === Way.Stop) throw this.refusal(place, reason);
    if (type !== RdbOpcode.Function2) this.losses.add({ outcome: 'left-out', database, key, type: VALUE_KIND_NAMES[kindOfType(type)], reason, offset });
    else {
      const library = batch === undefined ? '' : libraryName(stringText(batch.bytes, batch.start[row]));
      this.losses.add({ outcome: 'left-out', database, key: null, library, type: 'functions', reason, offset });
    }
    return true;
  }

  /** Some servers have written such keys, none keeps one that it finds in a file, and a RESTORE of it is refused as damaged. */
  private leavesOutEmpty(batch: Batch, row: number): boolean {
    const { type, key, database, valueEnd: offset = -1 } = placeOf(batch, row);
    const reason = 'it has no elements: servers leave such keys out when they load a file';
    this.losses.add({ outcome: 'left-out', database, key, type: VALUE_KIND_NAMES[kindOfType(type)], reason, offset });
    return true;
  }

  private lacksModule(batch: Batch, row: number, modules: ReadonlySet<string>): boolean {
    const name = moduleTypeName(batch.bytes, batch.start[row], batch.end[row]);
    if (mayTake(modules, name)) return false;
    const place = placeOf(batch, row);
    const reason = `the target has no module for values of type ${name}`;
    if (this.policy === 'stop') throw this.refusal(place, reason);
    this.losses.add({ outcome: 'left-out', database: place.database, key: place.key, type: name, reason, offset: place.valueEnd ?? -1 });
    return true;
  }

  private refusal({ type, key: keyBytes, database }: ValuePlace, reason: string): GodwitError {
    const ofFunctions = type === RdbOpcode.Function2;
    const key = ofFunctions ? undefined : quotedKey(keyBytes);
    const what = ofFunctions ? 'the functions of the source' : `key ${key}`;
    const target = this.target === undefined ? 'the target' : versionName(this.target);
    return new GodwitError('VALUE_NOT_REPRESENTABLE', `${what} cannot be brought to ${target} as ${ofFunctions ? 'they are' : 'it is'}: ${reason}`, {
      details: { key, type, database },
    });
  }
}

function placeOf(batch: Batch, row: number): ValuePlace {
  const key = batch.bytes.subarray(batch.keyStart[row], batch.keyEnd[row]);
  return { type: batch.type[row], key, database: batch.database[row], valueEnd: batch.endOffset[row] };
}

/** As its first line says it: `#!lua name=mylib`. */
function libraryName(code: Uint8Array): string {
  return /^#!\S+.*?\bname=(\S+)/.exec(Buffer.from(code.subarray(0, 1000)).toString('latin1'))?.[1] ?? '';
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
