/** What a transform has done, with the first renamed keys as samples. */
export interface RenamedSample {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

const SAMPLES_MAX = 5;

export class TransformCounts {
  /** Values and commands with another key; a command counts once. */
  renamed = 0;
  /** In another database. */
  moved = 0;
  /** In a database that goes nowhere, or of which nothing is left in the new names. */
  dropped = 0;
  /** With another time of expiry. */
  retimed = 0;
  /** Commands that could not be said, whatever the policy. */
  untold = 0;
  readonly samples: RenamedSample[] = [];

  countRenamed(bytes: Uint8Array, start: number, end: number, to: Uint8Array, toStart: number, toEnd: number): void {
    this.renamed++;
    if (this.samples.length < SAMPLES_MAX)
      this.samples.push({ from: Uint8Array.from(bytes.subarray(start, end)), to: Uint8Array.from(to.subarray(toStart, toEnd)) });
  }
}
