/** A running sum of keys, and what they hold. */
import type { Amount } from './inspection-report.ts';

export class Tally {
  keys = 0;
  elements = 0;
  bytes = 0;

  add(elements: number, bytes: number): void {
    this.keys++;
    this.elements += elements;
    this.bytes += bytes;
  }

  merge({ keys, elements, bytes }: Amount): void {
    this.keys += keys;
    this.elements += elements;
    this.bytes += bytes;
  }

  amount(): Amount {
    return { keys: this.keys, elements: this.elements, bytes: Math.round(this.bytes) };
  }
}

/** The tally of `name`, made when first asked for. */
export function tallyOf<Name>(tallies: Map<Name, Tally>, name: Name): Tally {
  let tally = tallies.get(name);
  if (tally === undefined) {
    tally = new Tally();
    tallies.set(name, tally);
  }
  return tally;
}
