/**
 * From keys to values, in the order in which they were asked for: chunks are cut into parts by size, parts are read over several connections at a time, and come out
 * as they went in. That order is what makes the last value of a key win: what was asked for later was read later than any change that was heard of before.
 *
 *   next chunk -> SizeSurvey -> parts -> ValueReader -> next()
 *                 3 chunks ahead        bytes in flight bounded
 */
import { BoundedQueue } from '../../async/bounded-queue.ts';
import type { KeyChunk } from './key-chunk.ts';
import type { ScanPace } from './scan-pace.ts';
import type { SizeSurvey } from './size-survey.ts';
import type { ValueReader } from './value-reader.ts';
import type { ReadValues, ValuePart } from './value-part.ts';

const CHUNKS_AHEAD = 3;
const BYTES_IN_FLIGHT_MAX = 6 * 1024 * 1024;
const PART_WEIGHT_MIN = 32 * 1024;
const BLIND_WEIGHT = 1024 * 1024;

export interface FedPart {
  readonly part: ValuePart;
  /** Of a part that is not huge. */
  readonly values: Promise<ReadValues> | undefined;
}

export interface ScanFeedOptions {
  readonly survey: SizeSurvey;
  readonly reader: ValueReader;
  readonly pace: ScanPace;
  /** undefined: nothing more comes. */
  nextChunk(): Promise<KeyChunk | undefined>;
}

export class ScanFeed {
  private readonly options: ScanFeedOptions;
  private readonly chunks = new BoundedQueue<Promise<ValuePart[]>>(CHUNKS_AHEAD);
  private readonly parts = new BoundedQueue<FedPart>(BYTES_IN_FLIGHT_MAX);

  constructor(options: ScanFeedOptions) {
    this.options = options;
    this.cut().catch((error: unknown) => this.fail(error));
    this.read().catch((error: unknown) => this.fail(error));
  }

  /** In order; undefined at the end. */
  next(): Promise<FedPart | undefined> {
    return this.parts.take();
  }

  /** What next() gave is used up. */
  release({ part }: FedPart): void {
    this.parts.release(weightOf(part));
  }

  fail(error: unknown): void {
    this.chunks.fail(error);
    this.parts.fail(error);
  }

  private async cut(): Promise<void> {
    for (;;) {
      await this.chunks.reserve(1);
      const chunk = await this.options.nextChunk();
      if (chunk === undefined) return this.chunks.end();
      const parts = this.options.survey.parts(chunk);
      parts.catch((error: unknown) => this.fail(error));
      this.chunks.put(parts);
    }
  }

  private async read(): Promise<void> {
    const { reader, pace } = this.options;
    for (;;) {
      const parts = await this.chunks.take();
      if (parts === undefined) return this.parts.end();
      for (const part of parts) {
        await pace.take(part.keys.length, Math.max(0, part.bytes));
        await this.parts.reserve(weightOf(part));
        const values = part.isHuge ? undefined : reader.read(part);
        values?.catch((error: unknown) => this.fail(error));
        this.parts.put({ part, values });
      }
      this.chunks.release(1);
    }
  }
}

function weightOf({ bytes }: ValuePart): number {
  return bytes < 0 ? BLIND_WEIGHT : Math.max(PART_WEIGHT_MIN, bytes);
}
