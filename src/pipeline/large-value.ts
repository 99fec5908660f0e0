/**
 * A value that is larger than the window goes to the target as one RESTORE all the same, in two passes over the spool: the first finds its end, because a
 * command says its length first and must not begin before all its bytes are at hand; the second sends it. Memory holds a window of it.
 */
import { Crc64 } from '../bytes/crc64.ts';
import { GodwitError } from '../errors/errors.ts';
import type { LargeEntry } from '../rdb/large-entry.ts';
import { DUMP_FOOTER_BYTES, endDumpPayload } from '../rdb/restore-footer.ts';
import type { LogCursor } from './log-cursor.ts';

const FUNCTION_OPCODE_MIN = 245;

export class LargeValue {
  private readonly large: LargeEntry;
  private readonly version: number;
  private readonly cursor: LogCursor;

  constructor(large: LargeEntry, version: number, cursor: LogCursor) {
    this.large = large;
    this.version = version;
    this.cursor = cursor;
  }

  /** Type byte, value, version and checksum. Known behind findEnd(). */
  get payloadBytes(): number {
    return 1 + this.large.valueEnd - this.large.valueStart + DUMP_FOOTER_BYTES;
  }

  /** @throws RDB_CORRUPT */
  async findEnd(): Promise<void> {
    const { large, cursor } = this;
    let wanted = -1;
    while (!large.done) {
      // Where nothing was taken, the end of an item's head has yet to arrive: only a window that keeps what it has makes more() wait for it.
      if (large.nextOffset !== wanted) cursor.seek((wanted = large.nextOffset));
      if (!(await cursor.more())) throw new GodwitError('RDB_CORRUPT', 'the snapshot ends within a value', { details: { key: printable(large.key) } });
      large.feed(cursor.window, cursor.start, cursor.end, cursor.offset);
    }
  }

  /** @param bytesMax of the target; 0 = unknown. @throws VALUE_TOO_LARGE, RDB_UNSUPPORTED */
  checkSize(bytesMax: number): void {
    const { key, type } = this.large;
    const bytes = this.payloadBytes;
    if (key.length === 0 && type >= FUNCTION_OPCODE_MIN) throw new GodwitError('RDB_UNSUPPORTED', `a function or script of ${bytes} bytes is too large`);
    if (bytesMax === 0 || bytes <= bytesMax) return;
    throw new GodwitError('VALUE_TOO_LARGE', `the value of key ${printable(key)} takes ${bytes} bytes; the target accepts ${bytesMax}`, {
      details: { key: printable(key), bytes, bytesMax },
    });
  }

  /** The DUMP payload, read from the spool a second time. */
  async *payload(): AsyncGenerator<Buffer> {
    const { large, cursor } = this;
    const crc = new Crc64();
    const type = Buffer.from([large.type]);
    crc.update(type, 0, 1);
    yield type;
    cursor.seek(large.valueStart);
    while (cursor.offset < large.valueEnd) {
      if (cursor.start === cursor.end && !(await cursor.more())) throw new GodwitError('SPOOL_FAILED', 'the spool ends within a value');
      const count = Math.min(cursor.end - cursor.start, large.valueEnd - cursor.offset);
      crc.update(cursor.window, cursor.start, cursor.start + count);
      yield Buffer.from(cursor.window.subarray(cursor.start, cursor.start + count));
      cursor.consume(cursor.start + count);
    }
    const footer = Buffer.alloc(DUMP_FOOTER_BYTES);
    endDumpPayload(crc, footer, 0, this.version);
    yield footer;
  }
}

function printable(key: Uint8Array): string {
  return JSON.stringify(Buffer.from(key.subarray(0, 100)).toString('latin1'));
}
