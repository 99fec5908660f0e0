/**
 * Hash slots of a cluster: CRC16 (XMODEM: polynomial 0x1021, from 0, no reflection) of the key modulo 16,384. Of a key with a hash tag only the tag
 * counts: what stands between the first `{` and the first `}` behind it, if that is not empty; `foo{}{bar}` hashes as a whole (cluster.c: keyHashSlot).
 */
export const SLOT_COUNT = 16_384;

const OPEN = 0x7b;
const CLOSE = 0x7d;
const CRC16 = crc16Table();

/** The slot (0 to 16,383) of the key bytes[start, end). */
export function slotOf(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const open = indexOf(bytes, OPEN, start, end);
  if (open < 0) return crc16(bytes, start, end) & (SLOT_COUNT - 1);
  const close = indexOf(bytes, CLOSE, open + 1, end);
  const tagged = close > open + 1;
  return (tagged ? crc16(bytes, open + 1, close) : crc16(bytes, start, end)) & (SLOT_COUNT - 1);
}

function indexOf(bytes: Uint8Array, byte: number, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === byte) return at;
  return -1;
}

function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let at = start; at < end; at++) crc = ((crc << 8) ^ CRC16[(crc >>> 8) ^ bytes[at]]) & 0xffff;
  return crc;
}

function crc16Table(): Uint16Array {
  const table = new Uint16Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    table[byte] = crc;
  }
  return table;
}
