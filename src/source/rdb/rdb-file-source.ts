/**
 * A snapshot from a file, standard input or the web. See file-source.ts for how it is used; openFileSource() finds out that it is one.
 *
 *   const source = await RdbFileSource.open('backup/dump.rdb.gz', { from: mark.position });
 *
 * What stands behind the end of the snapshot is not looked at (servers do the same), and counted in the last step.
 */
import type { Dialect } from '../../rdb/dialect.ts';
import type { TemplateNames } from '../../rdb/template-names.ts';
import { openInput } from '../file/open-input.ts';
import type { ByteInput } from '../file/byte-input.ts';
import { FileCursor } from '../file/file-cursor.ts';
import { type FileIdentity, fileIdentity } from '../file/file-identity.ts';
import { BEGIN, type FilePosition, type FileProgress, type FileSource, type FileSourceOptions, type FileStep, WINDOW_BYTES } from '../file/file-source.ts';
import type { RdbDecoder } from '../../rdb/rdb-decoder.ts';
import { RdbSection } from './rdb-section.ts';

export class RdbFileSource implements FileSource {
  readonly kind = 'rdb';
  readonly name: string;
  private readonly cursor: FileCursor;
  private readonly section: RdbSection;
  private readonly from: FilePosition;

  /** @param place path, `-`, or http(s) URL. @throws GodwitError as openInput() */
  static async open(place: string, options: FileSourceOptions = {}): Promise<RdbFileSource> {
    return new RdbFileSource(await openInput(place, options), options);
  }

  /** Takes over the input. */
  constructor(input: ByteInput, options: FileSourceOptions) {
    this.name = input.name;
    this.from = options.from ?? BEGIN;
    this.cursor = new FileCursor(input, this.from.offset, options.windowBytes ?? WINDOW_BYTES);
    this.section = new RdbSection(this.cursor, { resumeAt: this.from.rdb, hiddenKeyPrefix: options.hiddenKeyPrefix });
  }

  get position(): FilePosition {
    return this.section.state === null ? this.from : { ...BEGIN, ...this.section.state };
  }

  get rdbVersion(): number {
    return this.section.decoder.version;
  }

  get aux(): ReadonlyMap<string, string> {
    return this.section.decoder.aux;
  }

  get snapshot(): RdbDecoder {
    return this.section.decoder;
  }

  get progress(): FileProgress {
    const { rawBytes, rawBytesTotal } = this.cursor.input;
    return { bytes: rawBytes, bytesTotal: rawBytesTotal };
  }

  get dialect(): Dialect | null {
    return this.section.decoder.dialect;
  }

  get templates(): TemplateNames {
    return this.section.decoder.templates;
  }

  identity(): Promise<FileIdentity> {
    return fileIdentity([{ name: '', input: this.cursor.input }], true);
  }

  async next(): Promise<FileStep> {
    const step = await this.section.next();
    if (step !== null) return step;
    let trailingBytes = 0;
    do {
      trailingBytes += this.cursor.end - this.cursor.start;
      this.cursor.consume(this.cursor.end);
    } while (await this.cursor.more());
    return { kind: 'end', tail: null, until: null, trailingBytes };
  }

  close(): Promise<void> {
    return this.cursor.input.close();
  }
}
