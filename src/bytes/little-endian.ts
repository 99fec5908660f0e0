/** Little-endian numbers at any place of a buffer. That they are within it is the caller's to know. */

export function uint16le(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8);
}

export function int16le(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 16) | (bytes[at + 1] << 24)) >> 16;
}

export function int24le(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 8) | (bytes[at + 1] << 16) | (bytes[at + 2] << 24)) >> 8;
}

export function int32le(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

export function uint32le(bytes: Uint8Array, at: number): number {
  return int32le(bytes, at) >>> 0;
}

/** Rounded above 2^53. */
export function int64le(bytes: Uint8Array, at: number): number {
  return int32le(bytes, at + 4) * 2 ** 32 + uint32le(bytes, at);
}

const DOUBLE = new Float64Array(1);
const DOUBLE_BYTES = new Uint8Array(DOUBLE.buffer);
const IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** A double of 8 bytes (IEEE 754). */
export function doubleLe(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 8; i++) DOUBLE_BYTES[IS_LITTLE ? i : 7 - i] = bytes[at + i];
  return DOUBLE[0];
}
