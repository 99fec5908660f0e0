/**
 * Keys as JSON, as `godwit export` writes them to jsonl and json, from a file, standard input or the web. See file-source.ts for how it is used. To all that
 * comes behind it is a snapshot of RDB 14: that is what json-transcoder.ts makes of it on the way.
 *
 * A position names both places: that in the file, where reading goes on, and that in the RDB bytes, by which rows are known.
 */
import type { Dialect } from '../../rdb/dialect.ts';
import type { RdbDecoder } from '../../rdb/rdb-decoder.ts';
import type { TemplateNames } from '../../rdb/template-names.ts';
import { toGodwitError } from '../../errors/errors.ts';
import type { ByteInput } from '../file/byte-input.ts';
import { FileCursor } from '../file/file-cursor.ts';
import { type FileIdentity, fileIdentity } from '../file/file-identity.ts';
import { BEGIN, type FilePosition, type FileProgress, type FileSource, type FileSourceOptions, type FileStep, WINDOW_BYTES } from '../file/file-source.ts';
import { HeldInput } from '../file/held-input.ts';
import { StreamInput } from '../file/stream-input.ts';
import { RdbFileSource } from '../rdb/rdb-file-source.ts';
import { JsonTranscoder, type JsonFormat } from './json-transcoder.ts';
import { LineMarks } from './line-marks.ts';

export class JsonFileSource implements FileSource {
  readonly kind = 'json';
  readonly name: string;
  private readonly input: ByteInput;
  private readonly from: FilePosition;
  private readonly marks = new LineMarks();
  private readonly snapshotSource: RdbFileSource;

  /** Takes over the input. */
  constructor(input: ByteInput, format: JsonFormat, options: FileSourceOptions) {
    const { windowBytes = WINDOW_BYTES } = options;
    this.name = input.name;
    this.input = input;
    this.from = options.from ?? BEGIN;
    const { offset, rdb, json } = this.from;
    const resumed = rdb === null || json === undefined ? null : { ...json, database: rdb.database };
    const transcoder = new JsonTranscoder({
      cursor: new FileCursor(input, offset, windowBytes),
      format,
      marks: this.marks,
      from: resumed,
      onBadLine: options.onBadLine,
    });
    const rdbOffset = resumed?.rdbOffset ?? 0;
    const bytes = new StreamInput({
      name: input.name,
      chunks: transcoder.chunks(),
      offset: rdbOffset,
      toError: toGodwitError,
      close: () => input.close(),
    });
    this.snapshotSource = new RdbFileSource(new HeldInput(bytes, options.holdDir), { ...options, from: { ...BEGIN, offset: rdbOffset, rdb: resumed && rdb } });
  }

  get position(): FilePosition {
    const { offset, rdb } = this.snapshotSource.position;
    const mark = this.marks.at(offset);
    return mark === null || rdb === null ? this.from : { ...BEGIN, offset: mark.offset, rdb, json: { line: mark.line, rdbOffset: offset } };
  }

  get rdbVersion(): number {
    return this.snapshotSource.rdbVersion;
  }

  get aux(): ReadonlyMap<string, string> {
    return this.snapshotSource.aux;
  }

  get snapshot(): RdbDecoder {
    return this.snapshotSource.snapshot;
  }

  get dialect(): Dialect | null {
    return this.snapshotSource.dialect;
  }

  get templates(): TemplateNames {
    return this.snapshotSource.templates;
  }

  get progress(): FileProgress {
    return { bytes: this.input.rawBytes, bytesTotal: this.input.rawBytesTotal };
  }

  identity(): Promise<FileIdentity> {
    return fileIdentity([{ name: '', input: this.input }], true);
  }

  next(): Promise<FileStep> {
    return this.snapshotSource.next();
  }

  close(): Promise<void> {
    return this.snapshotSource.close();
  }
}
