/** What stands before a key and belongs to it: expiry, idle time, access frequency. */
import { RdbOpcode } from './opcodes.ts';
import { lengthAt } from './rdb-length.ts';

export class EntryPrefix {
  /** Absolute ms, or -1. Never 0 or less: RESTORE would take that for no expiry. */
  expiryMs = -1;
  /** Seconds, or -1. */
  idle = -1;
  /** LFU counter, or -1. */
  freq = -1;
  /** Modules keep metadata for the key (Redis 8.6). */
  metadata = false;
  /** True since the first of them, until clear(). */
  present = false;

  clear(): void {
    this.expiryMs = -1;
    this.idle = -1;
    this.freq = -1;
    this.metadata = false;
    this.present = false;
  }

  /** Takes the operand of an opcode, whole at `at`. */
  apply(opcode: number, bytes: Uint8Array, at: number): void {
    this.present = true;
    if (opcode === RdbOpcode.ExpireTimeMs) this.setExpiryMs(bytes, at);
    else if (opcode === RdbOpcode.ExpireTime) this.expiryMs = Math.max(1, int32le(bytes, at) * 1000);
    else if (opcode === RdbOpcode.Idle) this.idle = lengthAt(bytes, at);
    else if (opcode === RdbOpcode.Freq) this.freq = bytes[at];
    else if (opcode === RdbOpcode.KeyMeta) this.metadata = true;
  }

  setExpiryMs(bytes: Uint8Array, at: number): void {
    this.present = true;
    this.expiryMs = Math.max(1, int32le(bytes, at + 4) * 2 ** 32 + (int32le(bytes, at) >>> 0));
  }
}

function int32le(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}
