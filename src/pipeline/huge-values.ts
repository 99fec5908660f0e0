/**
 * Values that are large at the source. A string is read in ranges, so that neither the source nor we have all of it in memory at once; if it changes again and again
 * while it is read, and for all other types, it is one DUMP: the source makes a copy of it in its memory then, and we hold one.
 */
import type { HugeString } from '../source/scan/huge-string.ts';
import { keyText } from '../source/scan/key-chunk.ts';
import type { ScanSource } from '../source/scan/scan-source.ts';
import type { ValuePart } from '../source/scan/value-part.ts';
import type { ScanWriter } from './scan-writer.ts';

const TRIES_MAX = 3;

export class HugeValues {
  private readonly source: ScanSource;
  private readonly tries = new Map<string, number>();

  constructor(source: ScanSource) {
    this.source = source;
  }

  /** @returns the number of its row */
  async write(part: ValuePart, writer: ScanWriter, scan: string | undefined): Promise<number> {
    const name = `${part.chunk.database} ${keyText(part.chunk, part.keys[0])}`;
    const string = await this.inRanges(part, name);
    if (string !== undefined) {
      const row = await writer.writeString(part, string, scan);
      this.tries.delete(name);
      return row;
    }
    const values = await this.source.readWhole(part);
    try {
      return await writer.write(part, values, scan);
    } finally {
      this.source.giveBack(values);
    }
  }

  private async inRanges(part: ValuePart, name: string): Promise<HugeString | undefined> {
    const tries = (this.tries.get(name) ?? 0) + 1;
    this.tries.set(name, tries);
    return tries > TRIES_MAX ? undefined : this.source.openString(part);
  }
}
