/**
 * Decodes a damaged snapshot, all values of it, and checks what must hold whatever the damage: an error is ours and has an offset within what it is
 * about; nothing outside of the window is read; a value that is decoded ends where it is said to end; and none of it takes long.
 */
import { GodwitError } from '../../../src/errors/errors.ts';
import { Batch, EntryKind } from '../../../src/model/batch.ts';
import { errorIndex, locatedError } from '../../../src/rdb/located-error.ts';
import { RdbDecoder } from '../../../src/rdb/rdb-decoder.ts';
import { ValueDecoder } from '../../../src/rdb/values/value-decoder.ts';
import { DigestVisitor } from './digest-visitor.ts';

export interface FuzzOutcome {
  /** How the file ended: at its end mark, within an entry, or by this error. */
  readonly file: string;
  readonly decoded: number;
  /** Values by the error that refused them. */
  readonly refused: readonly string[];
  /** CPU time. */
  readonly ms: number;
}

/** Undamaged, these files take a few. */
const MS_MAX = 1000;
const MARGIN = 32;
const PIECE_BYTES_MIN = 40;

/** Time of this process alone: others may keep the machine busy. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export class FuzzRun {
  private readonly values = new ValueDecoder();
  private readonly visitor = new DigestVisitor();
  private readonly batch = new Batch(8192);
  private rounds = 0;

  /** @throws Error if something does not hold */
  run(file: Uint8Array): FuzzOutcome {
    const started = cpuMs();
    const decoder = new RdbDecoder();
    const refused: string[] = [];
    let decoded = 0;
    let end = 'end mark';
    let at = 0;
    this.rounds++;
    decoder.bytesTotal = this.rounds % 2 === 0 ? file.length : -1;
    try {
      do {
        this.batch.reset();
        at = decoder.decode(file, at, file.length, at, this.batch);
        for (let row = 0; row < this.batch.count; row++) {
          if (this.batch.kind[row] !== EntryKind.RdbValue) continue;
          const error = this.decodeTwice(decoder, row);
          if (error) refused.push(error);
          else decoded++;
        }
      } while (decoder.status === 'batch-full');
      if (decoder.status === 'need-more') end = this.endWithin(decoder, file, at);
    } catch (error) {
      end = this.codeOf(error, 0, file.length);
    }
    const ms = cpuMs() - started;
    if (ms > MS_MAX) throw new Error(`it took ${ms} ms of CPU time`);
    return { file: end, decoded, refused, ms };
  }

  private endWithin(decoder: RdbDecoder, file: Uint8Array, at: number): string {
    const entry = decoder.beginLarge(file, at, file.length, at);
    if (entry?.done && entry.valueEnd <= file.length) throw new Error('what was not whole is whole');
    return 'within an entry';
  }

  /** Once whole and once in pieces, with other bytes around. @returns the error, if it was refused both times */
  private decodeTwice(decoder: RdbDecoder, row: number): string | null {
    const value = this.batch.bytes.subarray(this.batch.start[row], this.batch.end[row]);
    const type = this.batch.type[row];
    const whole = this.decode(decoder, type, value, value.length, 0xff);
    const { digest } = this.visitor;
    const pieces = this.decode(decoder, type, value, PIECE_BYTES_MIN + (this.rounds % 1000), 0x01);
    if (whole !== pieces || (whole === null && digest !== this.visitor.digest))
      throw new Error(`whole: ${whole} ${digest}, in pieces: ${pieces} ${this.visitor.digest}`);
    return whole;
  }

  private decode(decoder: RdbDecoder, type: number, value: Uint8Array, pieceBytes: number, poison: number): string | null {
    const { values, visitor } = this;
    if (!decoder.dialect) throw new Error('there is a row before the header');
    let at = 0;
    try {
      values.begin(type, decoder.dialect, visitor, value.length, decoder.templates);
      for (let size = pieceBytes; !values.done; size = Math.max(pieceBytes, values.needed)) {
        const end = Math.min(value.length, at + size);
        const window = new Uint8Array(end - at + 2 * MARGIN).fill(poison);
        window.set(value.subarray(at, end), MARGIN);
        const consumed = this.feed(window, end - at, at);
        if (consumed < 0 || (consumed === 0 && end === value.length && !values.done)) throw new Error('it does not go on, and does not say why');
        at += consumed;
      }
    } catch (error) {
      return this.codeOf(error, 0, value.length);
    }
    if (at !== value.length || !visitor.ended) throw new Error(`a value of type ${type} and ${value.length} bytes ended at ${at}`);
    return null;
  }

  private feed(window: Uint8Array, size: number, offset: number): number {
    try {
      return this.values.feed(window, MARGIN, MARGIN + size) - MARGIN;
    } catch (error) {
      throw locatedError(error, { offset: offset + errorIndex(error, Number.NaN) - MARGIN });
    }
  }

  private codeOf(error: unknown, least: number, most: number): string {
    if (!(error instanceof GodwitError) || !/^RDB_(CORRUPT|UNSUPPORTED)$/.test(error.code)) throw error;
    const offset = error.details['offset'];
    if (error.code === 'RDB_UNSUPPORTED' && offset === undefined) return error.code;
    if (typeof offset !== 'number' || !(offset >= least && offset <= most))
      throw new Error(`an error at ${offset} of ${most}: ${error.message}`, { cause: error });
    return error.code;
  }
}
