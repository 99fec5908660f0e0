/**
 * Which place in a file of JSON a place in the RDB bytes made from it is: the ends of objects, from where they are written to where they are applied. Only those
 * are kept that are still to be asked for.
 */
export interface LineMark {
  /** In the file of JSON, behind the object. */
  readonly offset: number;
  readonly line: number;
}

const DROPPED_MAX = 4096;

export class LineMarks {
  private rdbOffsets: number[] = [];
  private offsets: number[] = [];
  private lines: number[] = [];
  private first = 0;

  add(rdbOffset: number, offset: number, line: number): void {
    this.rdbOffsets.push(rdbOffset);
    this.offsets.push(offset);
    this.lines.push(line);
  }

  /** Of the last object that ends at `rdbOffset` or before; those before it are forgotten. @returns null if there is none */
  at(rdbOffset: number): LineMark | null {
    const { rdbOffsets } = this;
    while (this.first + 1 < rdbOffsets.length && rdbOffsets[this.first + 1] <= rdbOffset) this.first++;
    if (this.first > DROPPED_MAX) this.drop();
    if (this.first >= this.rdbOffsets.length || this.rdbOffsets[this.first] > rdbOffset) return null;
    return { offset: this.offsets[this.first], line: this.lines[this.first] };
  }

  private drop(): void {
    this.rdbOffsets = this.rdbOffsets.slice(this.first);
    this.offsets = this.offsets.slice(this.first);
    this.lines = this.lines.slice(this.first);
    this.first = 0;
  }
}
