/**
 * What a file with data is to the rest of Godwit, whatever its format: batches one after the other, each with a position that it can be resumed from.
 *
 *   const source = await openFileSource(place, { stdin, from: mark.position, untilMs, onTruncated, hiddenKeyPrefix });
 *   for (let step = await source.next(); ; step = await source.next()) {
 *     if (step.kind === 'end') break;                             step.tail, step.until: to be told
 *     if (step.kind === 'rows') buffer.addBatch(step.batch, { ...restore, rdbVersion: source.rdbVersion }, ...);
 *     else sendLarge(step.entry, source.rdbVersion, step.value()); the value in pieces; type byte before and footer behind are the sender's
 *     await sender.send(buffer, { ...mark, position: source.position });
 *   }
 *   await source.close();
 *
 * The mark of a load is `position`, which is plain JSON: it stands behind all that the last step handed out. Back-pressure is that next() is not called.
 */
import type { AofTail } from '../../aof/aof-decoder.ts';
import type { GodwitError } from '../../errors/errors.ts';
import type { Batch } from '../../model/batch.ts';
import type { FileFormat } from '../../model/file-format.ts';
import type { RdbDecoderState } from '../../rdb/decoder-state.ts';
import type { Dialect } from '../../rdb/dialect.ts';
import type { LargeEntry } from '../../rdb/large-entry.ts';
import type { ValueCursor } from '../../rdb/value-cursor.ts';
import type { TemplateNames } from '../../rdb/template-names.ts';
import type { FileIdentity } from './file-identity.ts';
import type { OpenInputOptions } from './open-input.ts';

export interface FilePosition {
  /** Name of the part, for a multi-part AOF; else ''. */
  readonly part: string;
  /** In the part, decompressed. */
  readonly offset: number;
  /** Within a snapshot: its decoder's state; null outside of one, or before its begin. */
  readonly rdb: RdbDecoderState | null;
  /** Selected for the commands that follow. */
  readonly database: number;
  /** Of the last timestamp before it, Unix ms; -1 if there was none. */
  readonly timestampMs: number;
  /** In JSON: the line that `offset` is in, and the offset in the RDB bytes that are made of it (source/json/json-transcoder.ts). */
  readonly json?: { readonly line: number; readonly rdbOffset: number };
}

export interface RowsStep {
  readonly kind: 'rows';
  /** Not empty. It and its bytes are valid until next() is called. */
  readonly batch: Batch;
}

/** A value of a snapshot that is larger than the window. */
export interface LargeStep {
  readonly kind: 'large';
  readonly entry: LargeEntry;
  /** The raw value, behind type byte and key, in pieces that are valid until the next one is asked for. */
  value(): AsyncGenerator<Buffer>;
  /** For other ways to read it: may be moved anywhere in [entry.valueStart, entry.valueEnd), as often as wanted, until next() is called. */
  readonly cursor: ValueCursor;
}

/** What a file ends with that was left out. */
export interface TruncatedTail extends AofTail {
  /** The file. */
  readonly name: string;
}

export interface EndStep {
  readonly kind: 'end';
  readonly tail: TruncatedTail | null;
  /** With untilMs: whether that time was met, the file ended before it, or has no timestamps at all, so that everything was read. Else null. */
  readonly until: 'reached' | 'not-reached' | 'no-timestamps' | null;
  /** Bytes behind the end of a snapshot, which servers do not look at either. */
  readonly trailingBytes: number;
}

export type FileStep = RowsStep | LargeStep | EndStep;

/** What values of a snapshot are written in. */
export interface SnapshotForm {
  readonly dialect: Dialect | null;
  readonly templates: TemplateNames;
}

export interface FileProgress {
  /** Of the files as they are stored, compressed ones as well. */
  readonly bytes: number;
  /** -1 if it is not known. */
  readonly bytesTotal: number;
}

export interface FileSource {
  /** For people. */
  readonly name: string;
  /** A snapshot alone, what can go on with commands, or keys as JSON. */
  readonly kind: 'rdb' | 'aof' | 'json';
  /** Behind all that next() has handed out. */
  readonly position: FilePosition;
  /** Of the snapshot that the rows of the last step come from: the version that a DUMP payload of them names. 0 before there was one. */
  readonly rdbVersion: number;
  /** Of the same snapshot; null before there was one. */
  readonly dialect: Dialect | null;
  /** Of the same snapshot; undefined before there was one. */
  readonly templates: TemplateNames | undefined;
  /** Aux fields of the snapshot met so far. */
  readonly aux: ReadonlyMap<string, string>;
  readonly progress: FileProgress;
  /** Which file this is. Only before the first next(). */
  identity(): Promise<FileIdentity>;
  /** Of the snapshot that the rows of the last step come from: its dialect and templates, for who decodes values. Null before there was one. */
  readonly snapshot: SnapshotForm | null;
  /** @throws GodwitError of the format (RDB_..., AOF_..., JSON_...) with file and offset, or of the input */
  next(): Promise<FileStep>;
  close(): Promise<void>;
}

/** A line of jsonl that is no object that is known. */
export interface BadLine {
  /** In the file, decompressed. */
  readonly offset: number;
  readonly line: number;
  readonly error: GodwitError;
  /** 64 KiB of it at most. */
  readonly text: Uint8Array;
}

export interface FileSourceOptions extends OpenInputOptions {
  /** Told by the first bytes unless given. Folders and manifests are AOFs. */
  readonly format?: FileFormat;
  /** Goes on there; the begin unless told. */
  readonly from?: FilePosition | null;
  /** Keys that begin so are passed over. */
  readonly hiddenKeyPrefix?: Uint8Array;
  /** Memory for one window; 512 KiB unless told. */
  readonly windowBytes?: number;
  /** AOF: what to do with a tail that is not whole, as `aof-load-truncated` yes or no; `stop` unless told: end before it, and say so. */
  readonly onTruncated?: 'stop' | 'error';
  /** AOF: Unix ms; what is later is not read. */
  readonly untilMs?: number;
  /** jsonl: takes lines that cannot be read, which are left out then; without it they are JSON_CORRUPT. */
  readonly onBadLine?: (line: BadLine) => Promise<void>;
}

export const WINDOW_BYTES = 512 * 1024;
export const BEGIN: FilePosition = { part: '', offset: 0, rdb: null, database: 0, timestampMs: -1 };
