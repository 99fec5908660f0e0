/**
 * Zipmap: small hashes of Redis before 2.6. Gives fields and values by turns.
 *
 *   zipmap = count:OCTET *( field value ) %xFF                            ; count of pairs; 254 and more = not known
 *   field  = len len*OCTET
 *   value  = len free:OCTET len*OCTET free*OCTET                         ; free bytes behind the value are no part of it
 *   len    = OCTET below 254 / %xFE uint32le
 *
 * Facts: redis zipmap.c.
 */
import { uint32le } from '../../bytes/little-endian.ts';
import { corruptAt } from '../rdb-length.ts';
import type { PackedEntries } from './packed-entries.ts';

const COUNT_UNKNOWN = 254;
const LONG = 0xfe;
const END_MARK = 0xff;

export class Zipmap implements PackedEntries {
  count = 0;
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  readonly isInteger = false;
  readonly high = 0;
  readonly low = 0;
  private at = 0;
  private last = 0;
  private read = 0;

  open(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < 2) throw corruptAt(start, `a zipmap cannot have ${end - start} bytes`);
    if (bytes[end - 1] !== END_MARK) throw corruptAt(end - 1, 'a zipmap has no end mark');
    const count = bytes[start];
    this.count = count >= COUNT_UNKNOWN ? -1 : count * 2;
    this.bytes = bytes;
    this.at = start + 1;
    this.last = end - 1;
    this.read = 0;
  }

  next(): boolean {
    const { bytes, at, last } = this;
    if (at >= last) {
      if (this.read % 2 === 1 || (this.count >= 0 && this.count !== this.read)) {
        throw corruptAt(last, `a zipmap says that it has ${this.count / 2} fields, and has ${this.read / 2}`);
      }
      return false;
    }
    const isValue = this.read % 2 === 1;
    const head = bytes[at] < LONG ? at + 1 : at + 5;
    const body = isValue ? head + 1 : head;
    if (bytes[at] > LONG || body > last) throw this.cut(at);
    this.start = body;
    this.end = body + (bytes[at] < LONG ? bytes[at] : uint32le(bytes, at + 1));
    const next = isValue ? this.end + bytes[head] : this.end;
    if (next > last) throw this.cut(at);
    this.at = next;
    this.read++;
    return true;
  }

  private cut(at: number): Error {
    return corruptAt(at, 'an entry goes beyond the end of its zipmap');
  }
}
