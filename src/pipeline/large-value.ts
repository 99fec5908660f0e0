/**
 * A value that is larger than the window goes to the target as one RESTORE all the same, in passes over the spool: one finds its end, because a command
 * says its length first and must not begin before all its bytes are at hand; where it has to be encoded anew one measures that; the last one sends it.
 * Memory holds a window of it.
 */
import { quotedKey } from '../bytes/quoted-key.ts';
import { Crc64 } from '../bytes/crc64.ts';
import { GodwitError } from '../errors/errors.ts';
import type { Dialect } from '../rdb/dialect.ts';
import type { DumpEncoder } from '../rdb/encode/dump-encoder.ts';
import type { PayloadPlan } from '../rdb/encode/payload-output.ts';
import type { LargeEntry } from '../rdb/large-entry.ts';
import { DUMP_FOOTER_BYTES, endDumpPayload } from '../rdb/restore-footer.ts';
import { ValueDecoder } from '../rdb/values/value-decoder.ts';
import type { ValueCursor } from '../rdb/value-cursor.ts';
import type { ValueVisitor } from '../rdb/values/value-visitor.ts';
import { type ValueConversion, Way } from '../target/value-conversion.ts';

const FUNCTION_OPCODE_MIN = 245;
const HEAD_BYTES = 9;

export class LargeValue {
  private readonly large: LargeEntry;
  private readonly conversion: ValueConversion;
  private readonly dialect: Dialect;
  private readonly cursor: ValueCursor;
  private encoded: { readonly encoder: DumpEncoder; readonly plan: PayloadPlan } | undefined;

  constructor(large: LargeEntry, conversion: ValueConversion, dialect: Dialect, cursor: ValueCursor) {
    this.large = large;
    this.conversion = conversion;
    this.dialect = dialect;
    this.cursor = cursor;
  }

  /** In words; what commands would lose is known only when they are made. Known behind measure(). */
  get lost(): readonly string[] {
    return this.encoded?.encoder.lost.texts ?? [];
  }

  get isEncoded(): boolean {
    return this.encoded !== undefined;
  }

  /** Type byte, value, version and checksum. Known behind measure(). */
  get payloadBytes(): number {
    return this.encoded?.plan.bytes ?? 1 + this.large.valueEnd - this.large.valueStart + DUMP_FOOTER_BYTES;
  }

  /** @throws RDB_CORRUPT */
  findEnd(): Promise<void> {
    return findLargeEnd(this.large, this.cursor);
  }

  /** @throws RDB_UNSUPPORTED */
  async measure(): Promise<void> {
    const { key, type } = this.large;
    if (this.conversion.way(type) === Way.Encoded) {
      const encoder = this.conversion.beginEncoding();
      encoder.measureNext();
      for await (const _ of this.decodeInto(encoder));
      this.encoded = { encoder, plan: encoder.plan() };
    }
    if (key.length > 0 || type < FUNCTION_OPCODE_MIN) return;
    throw new GodwitError('RDB_UNSUPPORTED', `a function or script of ${this.payloadBytes} bytes is too large`);
  }

  /** The DUMP payload, in pieces. */
  payload(): AsyncGenerator<Buffer> {
    return this.encoded === undefined ? this.asItIs() : this.anew(this.encoded);
  }

  private async *asItIs(): AsyncGenerator<Buffer> {
    const { large, cursor } = this;
    const crc = new Crc64();
    const type = Buffer.from([large.type]);
    crc.update(type, 0, 1);
    yield type;
    cursor.seek(large.valueStart);
    while (cursor.offset < large.valueEnd) {
      if (cursor.start === cursor.end && !(await cursor.more())) throw spoolEnds();
      const count = Math.min(cursor.end - cursor.start, large.valueEnd - cursor.offset);
      crc.update(cursor.window, cursor.start, cursor.start + count);
      yield Buffer.from(cursor.window.subarray(cursor.start, cursor.start + count));
      cursor.consume(cursor.start + count);
    }
    const footer = Buffer.alloc(DUMP_FOOTER_BYTES);
    endDumpPayload(crc, footer, 0, this.conversion.version(large.type));
    yield footer;
  }

  private async *anew({ encoder, plan }: { readonly encoder: DumpEncoder; readonly plan: PayloadPlan }): AsyncGenerator<Buffer> {
    let pieces: Buffer[] = [];
    encoder.piecesNext(plan, (bytes, start, end) => pieces.push(Buffer.from(bytes.subarray(start, end))));
    for await (const _ of this.decodeInto(encoder)) {
      const ready = pieces;
      pieces = [];
      yield* ready;
    }
    yield* pieces;
  }

  /** Decodes the whole value; yields after each window. */
  async *decodeInto(visitor: ValueVisitor): AsyncGenerator<undefined> {
    const { large, cursor } = this;
    const decoder = new ValueDecoder();
    decoder.begin(large.type, this.dialect, visitor, large.valueEnd - large.valueStart, this.conversion.templates);
    cursor.seek(large.valueStart);
    while (!decoder.done) {
      if (cursor.window.length < decoder.needed) cursor.grow();
      if (cursor.end - cursor.start < Math.max(1, decoder.needed) && !cursor.full && !(await cursor.more(decoder.needed))) throw spoolEnds();
      cursor.consume(decoder.feed(cursor.window, cursor.start, cursor.end));
      yield undefined;
    }
  }
}

/** Reads on until the entry knows where its value ends. @throws RDB_CORRUPT */
export async function findLargeEnd(large: LargeEntry, cursor: ValueCursor): Promise<void> {
  let wanted = -1;
  while (!large.done) {
    // Where nothing was taken, the end of an item's head has yet to arrive: only a window that keeps what it has makes more() wait for it.
    if (large.nextOffset !== wanted) cursor.seek((wanted = large.nextOffset));
    if (!(await cursor.more())) throw new GodwitError('RDB_CORRUPT', 'the snapshot ends within a value', { details: { key: quotedKey(large.key) } });
    large.feed(cursor.window, cursor.start, cursor.end, cursor.offset);
  }
}

/** The first bytes of the value, enough for a module's name. */
export async function headOfLarge(large: LargeEntry, cursor: ValueCursor): Promise<Buffer> {
  cursor.seek(large.valueStart);
  while (cursor.end - cursor.start < HEAD_BYTES && (await cursor.more(HEAD_BYTES)));
  return Buffer.from(cursor.window.subarray(cursor.start, Math.min(cursor.end, cursor.start + HEAD_BYTES)));
}

/** @param bytesMax that the target takes as one argument */
export function tooLarge(keyBytes: Uint8Array, bytes: number, bytesMax: number): GodwitError {
  const key = quotedKey(keyBytes);
  return new GodwitError('VALUE_TOO_LARGE', `the value of key ${key} takes ${bytes} bytes; the target accepts ${bytesMax}`, {
    details: { key, bytes, bytesMax },
  });
}

function spoolEnds(): GodwitError {
  return new GodwitError('SPOOL_FAILED', 'the spool ends within a value');
}
