/** The pending entries of one group, by id: when and how often each was delivered. They come before the consumers that have them. */
import { IdList } from './id-list.ts';

const ENTRIES_INITIAL = 256;

export class PendingEntries {
  private readonly ids = new IdList();
  private deliveredMs = new Float64Array(ENTRIES_INITIAL);
  private deliveries = new Float64Array(ENTRIES_INITIAL);

  clear(): void {
    this.ids.clear();
  }

  /** Ids come in ascending order. */
  add(id: Uint8Array, idStart: number, deliveredMs: number, deliveries: number): void {
    const place = this.ids.count;
    if (place === this.deliveredMs.length) {
      this.deliveredMs = doubled(this.deliveredMs);
      this.deliveries = doubled(this.deliveries);
    }
    this.ids.add(id, idStart);
    this.deliveredMs[place] = deliveredMs;
    this.deliveries[place] = deliveries;
  }

  /** Place of the entry, or -1. */
  find(id: Uint8Array, idStart: number): number {
    return this.ids.find(id, idStart);
  }

  deliveredMsOf(place: number): number {
    return this.deliveredMs[place];
  }

  deliveriesOf(place: number): number {
    return this.deliveries[place];
  }
}

function doubled(numbers: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}
