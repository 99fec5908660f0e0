/** Several sources one after the other, as one: the shards of a cluster, of which the next is opened when the one before has ended. They cannot be resumed. */
import type { Dialect } from '../../rdb/dialect.ts';
import type { TemplateNames } from '../../rdb/template-names.ts';
import type { FileIdentity } from './file-identity.ts';
import type { FilePosition, FileProgress, FileSource, FileStep, SnapshotForm } from './file-source.ts';

export class ChainedSource implements FileSource {
  readonly name: string;
  private current: FileSource;
  private readonly waiting: (() => Promise<FileSource>)[];
  /** Of those that have ended. */
  private bytesBefore = 0;
  private isClosed = false;

  /** @param others open what follows, in order */
  constructor(name: string, first: FileSource, others: readonly (() => Promise<FileSource>)[]) {
    this.name = name;
    this.current = first;
    this.waiting = [...others];
  }

  get kind(): FileSource['kind'] {
    return this.current.kind;
  }

  get position(): FilePosition {
    return this.current.position;
  }

  get rdbVersion(): number {
    return this.current.rdbVersion;
  }

  get dialect(): Dialect | null {
    return this.current.dialect;
  }

  get templates(): TemplateNames | undefined {
    return this.current.templates;
  }

  get aux(): ReadonlyMap<string, string> {
    return this.current.aux;
  }

  get snapshot(): SnapshotForm | null {
    return this.current.snapshot;
  }

  get progress(): FileProgress {
    const { bytes, bytesTotal } = this.current.progress;
    return { bytes: this.bytesBefore + bytes, bytesTotal: this.waiting.length === 0 && bytesTotal >= 0 ? this.bytesBefore + bytesTotal : -1 };
  }

  identity(): Promise<FileIdentity> {
    return this.current.identity();
  }

  async next(): Promise<FileStep> {
    for (;;) {
      const step = await this.current.next();
      const open = step.kind === 'end' && !this.isClosed ? this.waiting.shift() : undefined;
      if (open === undefined) return step;
      this.bytesBefore += this.current.progress.bytes;
      await this.current.close();
      this.current = await open();
      if (this.isClosed) await this.current.close();
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.current.close();
  }
}
