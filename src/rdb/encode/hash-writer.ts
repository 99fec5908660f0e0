/**
 * Hashes, of which it is known only at their end whether a field expires:
 *
 *   plain     type 4           count *( field value )
 *   Redis 12  type 24          base-ms count *( ttl field value )        ; ttl: 0 none, else expiry - base + 1
 *   Valkey 80 type 22          count *( field value expiry-ms )          ; -1 none
 *
 * `whole` begins plain and writes what it has anew at the first expiry; `measure` counts both forms at once; `pieces` has the form from the plan.
 * The base is always 1, so that a ttl is the expiry itself: it costs 4 bytes per expiring field against the smallest base, which only a pass of
 * its own could know.
 */
import { GodwitError } from '../../errors/errors.ts';
import { RdbType } from '../opcodes.ts';
import { lengthAt, lengthEnd } from '../rdb-length.ts';
import type { DumpVersion } from './dump-version.ts';
import { type PayloadOutput, lengthWidth } from './payload-output.ts';

const BASE_MS = 1;
const MS_BYTES = 8;

export class HashWriter {
  type: number = RdbType.Hash;
  private readonly output: PayloadOutput;
  /** Of a hash with field expiry. */
  private readonly expiryType: number;
  private fields = 0;
  /** Bytes that the form with expiry has more (measure). */
  private extraBytes = 0;
  private expires = false;

  constructor(output: PayloadOutput, version: DumpVersion) {
    this.output = output;
    this.expiryType = version === 80 ? RdbType.ValkeyHash2 : RdbType.HashMetadata;
  }

  /** @param type RdbType.Hash, or of a plan */
  begin(count: number, type: number): void {
    this.type = type;
    this.fields = 0;
    this.extraBytes = 0;
    this.expires = false;
    if (type === RdbType.HashMetadata) this.output.int64(BASE_MS);
    this.output.open(count);
  }

  /** @param expiryMs -1 = none */
  field(name: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number, expiryMs: number): void {
    const { output } = this;
    if (output.mode === 'measure') {
      this.extraBytes += this.expiryType === RdbType.ValkeyHash2 ? MS_BYTES : lengthWidth(Math.max(0, expiryMs));
      this.expires ||= expiryMs >= 0;
    } else if (expiryMs >= 0 && this.type === RdbType.Hash) this.respell();
    this.fields++;
    if (this.type === RdbType.HashMetadata) output.length(Math.max(0, expiryMs));
    output.string(name, start, end);
    output.string(value, valueStart, valueEnd);
    if (this.type === RdbType.ValkeyHash2) output.int64(expiryMs);
  }

  end(): void {
    this.output.close(this.fields);
    if (!this.expires) return;
    this.type = this.expiryType;
    this.output.count(this.extraBytes + (this.type === RdbType.HashMetadata ? MS_BYTES : 0));
  }

  /** Writes the fields so far in the form with expiry. */
  private respell(): void {
    const { output } = this;
    if (output.mode !== 'whole') throw new GodwitError('INTERNAL', 'a field expires that did not when its hash was measured');
    const start = output.sectionStart;
    const plain = output.bytes.slice(start, output.at);
    this.type = this.expiryType;
    output.at = start;
    if (this.type === RdbType.HashMetadata) output.int64(BASE_MS);
    output.reopen();
    let at = lengthEnd(plain, 0, plain.length);
    for (let i = 0; i < this.fields; i++) {
      const valueAt = stringEnd(plain, at);
      const end = stringEnd(plain, valueAt);
      if (this.type === RdbType.HashMetadata) output.length(0);
      output.raw(plain, at, end);
      if (this.type === RdbType.ValkeyHash2) output.int64(-1);
      at = end;
    }
  }
}

function stringEnd(bytes: Uint8Array, at: number): number {
  return lengthEnd(bytes, at, bytes.length) + lengthAt(bytes, at);
}
