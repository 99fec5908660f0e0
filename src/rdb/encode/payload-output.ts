/**
 * Where the bytes of a DUMP payload go, in one of three ways that share one encoder:
 *
 *   whole     into one growing buffer, which is used again for the next value
 *   measure   nowhere: only how many they are is kept, and which counts were not as announced
 *   pieces    to a callback, in pieces of PIECE_BYTES at most, after a measuring pass
 *
 * A count stands before what it counts and is often known only behind it, so counts are sections: open(announced), the content, close(actual).
 * `whole` corrects a wrong count in place, `measure` remembers it by the ordinal of its section, `pieces` writes the remembered one.
 *
 * Invariant: `bytes` can hold ROOM_BYTES behind `at` after room(); whatever is longer goes through raw().
 */
import { Crc64 } from '../../bytes/crc64.ts';
import { GodwitError } from '../../errors/errors.ts';
import { DUMP_FOOTER_BYTES, endDumpPayload, writeDumpFooter } from '../restore-footer.ts';

const PIECE_BYTES = 256 * 1024;
const ROOM_BYTES = 64;
const COPY_BYTES_MIN = 48;

/** Gets the next piece; bytes[start, end) are valid during the call only. */
export type PieceReceiver = (bytes: Uint8Array, start: number, end: number) => void;

/** What a measuring pass has found out, and a pass in pieces needs. */
export interface PayloadPlan {
  /** Of the whole payload, type byte and footer included. */
  readonly bytes: number;
  readonly type: number;
  /** Counts that were not as announced, by the ordinal of their section. */
  readonly counts: ReadonlyMap<number, number>;
}

export class PayloadOutput {
  bytes: Uint8Array;
  /** Behind the last byte in `bytes`. */
  at = 0;
  mode: 'whole' | 'measure' | 'pieces' = 'whole';
  private readonly crc = new Crc64();
  private readonly view = new DataView(new ArrayBuffer(8));
  private readonly viewBytes = new Uint8Array(this.view.buffer);
  private whole: Uint8Array;
  private piece: Uint8Array | null = null;
  /** Bytes that came before bytes[0] and have left. */
  private gone = 0;
  private sections = 0;
  private readonly openAt: number[] = [];
  private readonly openCount: number[] = [];
  private readonly openOrdinal: number[] = [];
  private measured = new Map<number, number>();
  private plan: PayloadPlan | null = null;
  private receive: PieceReceiver | null = null;

  constructor(bytesInitial: number) {
    this.whole = new Uint8Array(bytesInitial);
    this.bytes = this.whole;
  }

  /** Begins a payload with its type byte. */
  begin(mode: 'whole' | 'measure', type: number): void {
    this.start(mode, type);
    this.measured = mode === 'measure' ? new Map() : this.measured;
  }

  beginPieces(plan: PayloadPlan, receive: PieceReceiver): void {
    this.plan = plan;
    this.receive = receive;
    this.crc.reset();
    this.start('pieces', plan.type);
  }

  private start(mode: 'whole' | 'measure' | 'pieces', type: number): void {
    this.mode = mode;
    this.bytes = mode === 'whole' ? this.whole : (this.piece ??= new Uint8Array(PIECE_BYTES));
    this.at = 0;
    this.gone = 0;
    this.sections = 0;
    this.openAt.length = 0;
    this.openCount.length = 0;
    this.openOrdinal.length = 0;
    this.room(1);
    this.bytes[this.at++] = type;
  }

  /** Bytes of the payload so far. */
  get total(): number {
    return this.gone + this.at;
  }

  /** Writes version and checksum. @throws GodwitError INTERNAL if the pieces are not what was measured */
  end(version: number): void {
    if (this.mode === 'measure') {
      this.gone += DUMP_FOOTER_BYTES;
      return;
    }
    this.room(DUMP_FOOTER_BYTES);
    if (this.mode === 'whole') {
      this.at = writeDumpFooter(this.crc, this.bytes, 0, this.at, version);
      return;
    }
    this.crc.update(this.bytes, 0, this.at);
    this.at = endDumpPayload(this.crc, this.bytes, this.at, version);
    const total = this.total;
    this.receive!(this.bytes, 0, this.at);
    if (total !== this.plan!.bytes) throw changed(`${total} bytes, and not ${this.plan!.bytes}`);
  }

  /** The plan for pieces, after end() of a measuring pass. */
  planOf(type: number): PayloadPlan {
    return { bytes: this.total, type, counts: this.measured };
  }

  /** Makes room for `count` bytes (ROOM_BYTES at most, but for `whole`) behind `at`. */
  room(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    if (this.mode === 'whole') {
      const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.at + count + ROOM_BYTES));
      larger.set(this.bytes.subarray(0, this.at));
      this.whole = larger;
      this.bytes = larger;
    } else this.letGo();
  }

  /** A length in its shortest form; `n` up to 2^53. */
  length(n: number): void {
    this.room(9);
    this.at = writeLength(this.bytes, this.at, n);
  }

  /** A length of 64 bits that stand in the file as they are, as ids do: high and low half. */
  length64(high: number, low: number): void {
    if (high === 0) {
      this.length(low >>> 0);
      return;
    }
    this.room(9);
    const { bytes } = this;
    bytes[this.at] = 0x81;
    this.at = writeUint32be(bytes, writeUint32be(bytes, this.at + 1, high), low);
  }

  /** A 64-bit number, little-endian; whole, negative too. */
  int64(n: number): void {
    this.room(8);
    const high = Math.floor(n / 2 ** 32);
    this.uint32le(n - high * 2 ** 32);
    this.uint32le(high);
  }

  double(n: number): void {
    this.room(8);
    this.view.setFloat64(0, n, true);
    for (let i = 0; i < 8; i++) this.bytes[this.at++] = this.viewBytes[i];
  }

  raw(from: Uint8Array, start: number, end: number): void {
    const count = end - start;
    if (this.mode !== 'whole' && this.at + count > this.bytes.length) {
      this.rawInPieces(from, start, end);
      return;
    }
    this.room(count);
    const { bytes } = this;
    let { at } = this;
    if (count < COPY_BYTES_MIN) for (let i = start; i < end; i++) bytes[at++] = from[i];
    else {
      bytes.set(from.subarray(start, end), at);
      at += count;
    }
    this.at = at;
  }

  string(from: Uint8Array, start: number, end: number): void {
    this.length(end - start);
    this.raw(from, start, end);
  }

  /** Opens a section with the count that is announced for it; -1 = not known. */
  open(announced: number): void {
    const ordinal = this.sections++;
    const count = Math.max(0, this.plan && this.mode === 'pieces' ? (this.plan.counts.get(ordinal) ?? announced) : announced);
    this.openOrdinal.push(ordinal);
    this.openCount.push(count);
    this.openAt.push(this.at);
    this.length(count);
  }

  /** Where the count of the innermost section stands; in mode `whole` only. */
  get sectionStart(): number {
    return this.openAt[this.openAt.length - 1];
  }

  /** Moves the count of the innermost section to here; in mode `whole` only. */
  reopen(): void {
    this.openAt[this.openAt.length - 1] = this.at;
    this.length(this.openCount[this.openCount.length - 1]);
  }

  /** Closes the innermost section. @throws GodwitError INTERNAL if the pieces have another count than was measured */
  close(actual: number): void {
    const ordinal = this.openOrdinal.pop()!;
    const announced = this.openCount.pop()!;
    const start = this.openAt.pop()!;
    if (actual === announced) return;
    if (this.mode === 'pieces') throw changed(`${actual} items, and not ${announced}`);
    const wider = lengthWidth(actual) - lengthWidth(announced);
    if (this.mode === 'measure') {
      this.measured.set(ordinal, actual);
      this.gone += wider;
      return;
    }
    this.room(8);
    if (wider !== 0) this.bytes.copyWithin(start + lengthWidth(actual), start + lengthWidth(announced), this.at);
    this.at += wider;
    writeLength(this.bytes, start, actual);
  }

  /** Bytes that belong to the payload and are not written in this mode (measure). */
  count(bytes: number): void {
    this.gone += bytes;
  }

  private uint32le(n: number): void {
    const { bytes } = this;
    bytes[this.at++] = n;
    bytes[this.at++] = n >>> 8;
    bytes[this.at++] = n >>> 16;
    bytes[this.at++] = n >>> 24;
  }

  private letGo(): void {
    if (this.mode === 'pieces' && this.at > 0) {
      this.crc.update(this.bytes, 0, this.at);
      this.receive!(this.bytes, 0, this.at);
    }
    this.gone += this.at;
    this.at = 0;
  }

  /** Full buffers straight from where they are; what remains is copied. */
  private rawInPieces(from: Uint8Array, start: number, end: number): void {
    this.letGo();
    let at = start;
    if (this.mode === 'measure') {
      this.gone += end - start;
      return;
    }
    for (; end - at > this.bytes.length; at += this.bytes.length) {
      this.crc.update(from, at, at + this.bytes.length);
      this.receive!(from, at, at + this.bytes.length);
      this.gone += this.bytes.length;
    }
    this.bytes.set(from.subarray(at, end), 0);
    this.at = end - at;
  }
}

export function lengthWidth(n: number): number {
  if (n < 64) return 1;
  if (n < 16_384) return 2;
  return n < 2 ** 32 ? 5 : 9;
}

function writeLength(out: Uint8Array, at: number, n: number): number {
  if (n < 64) {
    out[at] = n;
    return at + 1;
  }
  if (n < 16_384) {
    out[at] = 0x40 | (n >>> 8);
    out[at + 1] = n;
    return at + 2;
  }
  if (n < 2 ** 32) {
    out[at] = 0x80;
    return writeUint32be(out, at + 1, n);
  }
  out[at] = 0x81;
  return writeUint32be(out, writeUint32be(out, at + 1, Math.floor(n / 2 ** 32)), n % 2 ** 32);
}

function writeUint32be(out: Uint8Array, at: number, n: number): number {
  out[at] = n >>> 24;
  out[at + 1] = n >>> 16;
  out[at + 2] = n >>> 8;
  out[at + 3] = n;
  return at + 4;
}

function changed(what: string): GodwitError {
  return new GodwitError('INTERNAL', `a value has changed between measuring and sending it: ${what}`);
}
