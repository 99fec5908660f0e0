/**
 * Compares a file (an RDB file, or an export as JSON) with a side, both ways. The file stands still and cannot be asked for a key, so that
 *
 *   what differs counts at once, but for keys that have expired since the file was made, or do so soon;
 *   the names of all its keys are kept as fingerprints, to tell which keys the side has too many
 */
import { GodwitError } from '../../errors/errors.ts';
import { EntryKind } from '../../model/batch.ts';
import type { Difference } from '../../rdb/compare/first-difference.ts';
import { dumpedValue, type ValueBytes } from '../../rdb/compare/value-bytes.ts';
import type { ValueComparer } from '../../rdb/compare/value-comparer.ts';
import { shownTime } from '../../rdb/compare/first-difference.ts';
import { ReplyKind } from '../../resp/reply-columns.ts';
import type { FileSource, LargeStep, RowsStep } from '../../source/file/file-source.ts';
import type { AskedSide, KeyPage } from './asked-side.ts';
import { ExpiryReader } from './expiry-reader.ts';
import type { FileKeys } from './file-keys.ts';
import type { Findings } from './findings.ts';
import type { KeyChoice } from './key-choice.ts';
import { keyCommand } from './key-command.ts';
import { isSameTime, type PairRows } from './key-finding.ts';
import type { KeyMapping } from './key-mapping.ts';
import { KeyPace } from './key-pace.ts';
import type { KeyReplies } from './key-replies.ts';
import { keyAt, rowsOf } from './key-rows.ts';
import { fileValueDifference } from './parts/file-value-parts.ts';
import { KeyReader } from './parts/part-reader.ts';
import type { LossTable } from './loss-table.ts';
import { PageQueue } from './page-queue.ts';
import type { VerifyProgress } from './verify-result.ts';
import type { WantedValues } from './wanted-values.ts';

export interface FileVerificationOptions {
  readonly source: FileSource;
  readonly target: AskedSide;
  readonly comparer: ValueComparer;
  readonly losses: LossTable;
  readonly wanted: WantedValues;
  readonly mapping: KeyMapping;
  readonly choice: KeyChoice;
  readonly findings: Findings;
  /** Takes the names; undefined: keys that the target has too many are not looked for. */
  readonly fileKeys: FileKeys | undefined;
  readonly ttlToleranceMs: number;
  readonly comparesTtl: boolean;
  /** 0 = no limit. */
  readonly keysPerSecond: number;
}

interface FileRow {
  readonly key: Uint8Array;
  readonly value: ValueBytes;
  readonly expiryMs: number;
}

const DUMP = keyCommand(['DUMP']);
const CHUNK_BYTES = 1024 * 1024;
const CHUNK_KEYS = 1024;
/** A payload of the target that is so much larger than the file's values is not held. */
const PAYLOAD_MAX = 64 * 1024 * 1024;
const SOON_MS = 6_000;

export class FileVerification {
  private readonly options: FileVerificationOptions;
  private readonly expiry: ExpiryReader;
  private readonly pace: KeyPace;
  private readonly told: string[] = [];
  private phase: VerifyProgress['phase'] = 'source';
  private isStopped = false;

  constructor(options: FileVerificationOptions) {
    this.options = options;
    this.expiry = new ExpiryReader(options.target);
    this.pace = new KeyPace(options.keysPerSecond);
  }

  get notes(): readonly string[] {
    return [...this.told, ...this.options.target.notes()];
  }

  get progress(): VerifyProgress {
    const { findings, source } = this.options;
    const { sourceKeys, targetKeys, differences } = findings.counts;
    const { bytes, bytesTotal } = source.progress;
    return {
      phase: this.phase,
      keysDone: sourceKeys + targetKeys,
      keysTotal: bytesTotal > 0 && bytes > 0 && this.phase === 'source' ? Math.round((sourceKeys * bytesTotal) / bytes) : 0,
      suspects: 0,
      differences,
      timeLeftMs: -1,
    };
  }

  stop(): void {
    this.isStopped = true;
  }

  /** @returns true when all was looked at. @throws GodwitError of the file or the side */
  async run(): Promise<boolean> {
    const { source } = this.options;
    for (let step = await source.next(); step.kind !== 'end' && !this.isStopped; step = await source.next()) {
      if (step.kind === 'rows') await this.takeRows(step);
      else await this.takeLarge(step);
    }
    this.phase = 'target';
    if (this.options.fileKeys !== undefined && !this.isStopped) await this.lookForExtras(this.options.fileKeys);
    this.phase = 'done';
    return !this.isStopped;
  }

  private async takeRows({ batch }: RowsStep): Promise<void> {
    const { source, choice, fileKeys } = this.options;
    const { dialect, templates } = source;
    let rows: FileRow[] = [];
    let database = -1;
    let bytes = 0;
    for (let row = 0; row < batch.count; row++) {
      if (batch.kind[row] === EntryKind.Command) throw notValues(source.name);
      if (batch.kind[row] !== EntryKind.RdbValue || dialect === null) continue;
      const key = batch.bytes.subarray(batch.keyStart[row], batch.keyEnd[row]);
      fileKeys?.add(batch.database[row], key);
      if (!choice.wants(batch.database[row], key, 0, key.length)) continue;
      if (rows.length >= CHUNK_KEYS || bytes > CHUNK_BYTES || (rows.length > 0 && batch.database[row] !== database)) {
        await this.lookAt(database, rows);
        rows = [];
        bytes = 0;
      }
      database = batch.database[row];
      const [start, end] = [batch.start[row], batch.end[row]];
      rows.push({ key, value: { type: batch.type[row], dialect, bytes: batch.bytes, start, end, templates }, expiryMs: batch.expiryMs[row] });
      bytes += end - start;
    }
    if (rows.length > 0) await this.lookAt(database, rows);
  }

  private async lookAt(database: number, rows: readonly FileRow[]): Promise<void> {
    const { target, mapping, findings } = this.options;
    const targetDatabase = mapping.targetDatabase(database);
    if (targetDatabase === undefined) return;
    await this.pace.take(rows.length);
    await this.expiry.prepare();
    const keys = rowsOf(rows.map(({ key }) => key));
    const pairs = { database, targetDatabase, keys, targetKeys: mapping.targetKeys(keys) };
    const replies = await target.ask(targetDatabase, pairs.targetKeys, [DUMP, this.expiry.column], PAYLOAD_MAX);
    for (const [i, row] of rows.entries()) this.decide(pairs, i, row, replies);
    replies.release();
    findings.counts.sourceKeys += rows.length;
  }

  private decide(pairs: PairRows, i: number, { value, expiryMs }: FileRow, replies: KeyReplies): void {
    const { comparer, losses, wanted, findings, ttlToleranceMs, comparesTtl } = this.options;
    const { counts } = findings;
    if (!wanted.wants(pairs, i, value, expiryMs)) return void counts.unwanted++;
    const slab = replies.slab(i);
    const row = replies.row(i, 0);
    if (slab.kind[row] !== ReplyKind.Bulk) {
      if (expiryMs >= 0 && expiryMs <= Date.now() + SOON_MS) return void counts.gone++;
      const refused = losses.ofMissing(value);
      if (refused !== '') return findings.lost(refused, keyAt(pairs.keys, i));
      return this.differs(pairs, i, { kind: 'missing', where: '', source: `${value.end - value.start} bytes`, target: 'none' });
    }
    const other = slab.isCut(row) ? null : dumpedValue(slab.bytes, slab.start[row], slab.end[row]);
    if (other === null) {
      return this.differs(pairs, i, { kind: 'value', where: 'size', source: `${value.end - value.start} bytes`, target: `${slab.number[row]} bytes` });
    }
    const finding = comparer.compare(value, other);
    if (finding !== null) return this.differs(pairs, i, finding.difference);
    const targetExpiryMs = this.expiry.read(replies, i, 1);
    if (comparesTtl && !isSameTime(expiryMs, targetExpiryMs, ttlToleranceMs)) {
      return this.differs(pairs, i, { kind: 'ttl', where: '', source: shownTime(expiryMs), target: shownTime(targetExpiryMs) });
    }
    counts.equal++;
    const lost = losses.ofPresent(value);
    if (lost !== '') findings.lost(lost, keyAt(pairs.keys, i));
  }

  private async takeLarge(step: LargeStep): Promise<void> {
    const { source, target, mapping, choice, fileKeys, findings, wanted, comparesTtl, ttlToleranceMs } = this.options;
    const { entry } = step;
    const { key, database, expiryMs, type } = entry;
    const targetDatabase = mapping.targetDatabase(database);
    if (entry.kind !== EntryKind.RdbValue || source.dialect === null) return;
    fileKeys?.add(database, key);
    if (targetDatabase === undefined || !choice.wants(database, key, 0, key.length)) return;
    const keys = rowsOf([key]);
    const pairs = { database, targetDatabase, keys, targetKeys: mapping.targetKeys(keys) };
    findings.counts.sourceKeys++;
    const size = { type, bytes: key, start: 0, end: entry.valueEnd - entry.valueStart };
    if (!wanted.wants(pairs, 0, size, expiryMs)) return void findings.counts.unwanted++;
    await this.expiry.prepare();
    const reader = new KeyReader(target, targetDatabase, keyAt(pairs.targetKeys, 0));
    const value = { type, dialect: source.dialect, templates: source.templates };
    const difference = await fileValueDifference(value, step.value(), reader, { comparesTtl, toleranceMs: ttlToleranceMs });
    if (difference === 'missing' && expiryMs >= 0 && expiryMs <= Date.now() + SOON_MS) return void findings.counts.gone++;
    if (difference === 'missing') return this.differs(pairs, 0, { kind: 'missing', where: '', source: `${size.end} bytes`, target: 'none' });
    if (difference !== null) return this.differs(pairs, 0, difference);
    const replies = await target.ask(targetDatabase, pairs.targetKeys, [this.expiry.column], CHUNK_BYTES);
    const targetExpiryMs = this.expiry.read(replies, 0, 0);
    replies.release();
    if (!comparesTtl || isSameTime(expiryMs, targetExpiryMs, ttlToleranceMs)) findings.counts.equal++;
    else this.differs(pairs, 0, { kind: 'ttl', where: '', source: shownTime(expiryMs), target: shownTime(targetExpiryMs) });
  }

  private async lookForExtras(fileKeys: FileKeys): Promise<void> {
    const { target, mapping } = this.options;
    if (!mapping.canTellOrigins) {
      this.told.push('keys that the target has too many were not looked for: which key of the file one comes from cannot be told from these renaming rules');
      return;
    }
    for (const { database } of await target.databases()) {
      const sources = fileKeys.databasesOrOne(database).filter((one) => mapping.targetDatabase(one) === database);
      if (sources.length === 0) continue;
      const pages = new PageQueue(target.scanners(database));
      for (let page = await pages.next(); page !== null && !this.isStopped; page = await pages.next()) {
        await this.pace.take(page.keys.count);
        this.takePage(page, database, sources, fileKeys);
        page.release();
      }
    }
  }

  private takePage({ keys }: KeyPage, targetDatabase: number, sources: readonly number[], fileKeys: FileKeys): void {
    const { mapping, choice, findings } = this.options;
    for (let row = 0; row < keys.count; row++) {
      const names = mapping.sourceKeys(keys, row);
      const wanted = sources.flatMap((database) => names.filter((name) => choice.wants(database, name, 0, name.length)).map((key) => ({ database, key })));
      if (wanted.length === 0) continue;
      findings.counts.targetKeys++;
      if (wanted.some(({ database, key }) => fileKeys.has(database, key))) continue;
      const [{ database, key }] = wanted;
      const targetKeys = rowsOf([keyAt(keys, row)]);
      this.differs({ database, targetDatabase, keys: rowsOf([key]), targetKeys }, 0, { kind: 'extra', where: '', source: 'none', target: 'a key' });
    }
  }

  private differs({ database, targetDatabase, keys, targetKeys }: PairRows, row: number, difference: Difference): void {
    const place = { database, targetDatabase, key: keyAt(keys, row), targetKey: keyAt(targetKeys, row) };
    this.options.findings.confirmed(place, { difference, source: '', target: '', sourceExpiryMs: -1, targetExpiryMs: -1 });
  }
}

function notValues(name: string): GodwitError {
  return new GodwitError(
    'COMMANDS_NOT_COUNTED',
    `${name} holds commands behind its snapshot, or only commands, and what is to be compared is what they come to`,
    {
      fix: 'Load the file into a server (`godwit load`) and verify with that, or let its server rewrite the AOF first (BGREWRITEAOF).',
    },
  );
}
