/** The entries of highest rank, a bounded number of them. Of equal ranks the first ones stay. */
export class TopList<Entry> {
  private readonly size: number;
  private entries: { readonly rank: number; readonly entry: Entry }[] = [];
  /** Below or equal to it nothing gets in. */
  private threshold = Number.NEGATIVE_INFINITY;

  constructor(size: number) {
    this.size = size;
    if (size === 0) this.threshold = Number.POSITIVE_INFINITY;
  }

  /** Ask before making an entry. */
  takes(rank: number): boolean {
    return rank > this.threshold;
  }

  add(rank: number, entry: Entry): void {
    if (!this.takes(rank)) return;
    this.entries.splice(this.placeOf(rank), 0, { rank, entry });
    if (this.entries.length > this.size) this.entries.pop();
    if (this.entries.length === this.size) this.threshold = this.entries[this.size - 1].rank;
  }

  /** Highest rank first. */
  list(): Entry[] {
    return this.entries.map(({ entry }) => entry);
  }

  /** Behind all of its rank. */
  private placeOf(rank: number): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.entries[middle].rank < rank) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
