/** Writes RDB by hand: what tests need and no server at hand would write. Independent of the code under test. */

/** In the shortest form, or in a longer one that is asked for. */
export function length(value: number | bigint, form: 6 | 14 | 32 | 64 = shortest(value)): Buffer {
  if (form === 6) return Buffer.of(Number(value));
  if (form === 14) return Buffer.of(0x40 | (Number(value) >> 8), Number(value) & 255);
  const out = Buffer.alloc(form === 32 ? 5 : 9);
  out[0] = form === 32 ? 0x80 : 0x81;
  if (form === 32) out.writeUInt32BE(Number(value), 1);
  else out.writeBigUInt64BE(BigInt(value), 1);
  return out;
}

function shortest(value: number | bigint): 6 | 14 | 32 | 64 {
  if (value < 64) return 6;
  if (value < 16384) return 14;
  return value < 2 ** 32 ? 32 : 64;
}

export function string(text: string | Uint8Array): Buffer {
  const bytes = Buffer.from(text as string);
  return Buffer.concat([length(bytes.length), bytes]);
}

/** A number of 1, 2 or 4 bytes in place of a text. */
export function integer(value: number, bytes: 1 | 2 | 4): Buffer {
  const out = Buffer.alloc(1 + bytes);
  out[0] = 0xc0 + Math.log2(bytes);
  out.writeIntLE(value, 1, bytes);
  return out;
}

/** A compressed string, of literals alone, `step` bytes each (32 at most). */
export function lzf(text: string | Uint8Array, step = 32): Buffer {
  const bytes = Buffer.from(text as string);
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    const part = bytes.subarray(at, at + step);
    parts.push(Buffer.of(part.length - 1), part);
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(0xc3), length(body.length), length(bytes.length), body]);
}

export function fixed(bytes: number): Buffer {
  return Buffer.alloc(bytes, 0xfe);
}

/** `count` times what `item` gives, behind the count. */
export function list(count: number, item: (index: number) => Buffer): Buffer {
  return Buffer.concat([length(count), ...Array.from({ length: count }, (_, index) => item(index))]);
}

export function file(header: string, ...parts: readonly (Buffer | number)[]): Uint8Array {
  const body = parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : part));
  return new Uint8Array(Buffer.concat([Buffer.from(header, 'latin1'), ...body, Buffer.of(0xff), Buffer.alloc(8)]));
}

/** type, key, value. */
export function entry(type: number, key: string | Buffer, value: Buffer): Buffer {
  return Buffer.concat([Buffer.of(type), typeof key === 'string' ? string(key) : key, value]);
}
