/** Writes packed blobs by hand, after the descriptions of the formats; independent of the code under test. Numbers stand as numbers, texts as texts. */
export type Packed = string | number | bigint;

function le(value: number | bigint, bytes: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)));
  return out.subarray(0, bytes);
}

const fits = (value: bigint, bits: number): boolean => BigInt.asIntN(bits, value) === value;

function listpackEntry(entry: Packed): Buffer {
  const body = typeof entry === 'string' ? listpackText(Buffer.from(entry)) : listpackNumber(BigInt(entry));
  return Buffer.concat([body, backwardsLength(body.length)]);
}

function listpackText(text: Buffer): Buffer {
  if (text.length < 64) return Buffer.concat([Buffer.of(0x80 | text.length), text]);
  if (text.length < 4096) return Buffer.concat([Buffer.of(0xe0 | (text.length >> 8), text.length & 255), text]);
  return Buffer.concat([Buffer.of(0xf0), le(text.length, 4), text]);
}

function listpackNumber(value: bigint): Buffer {
  if (value >= 0n && value < 128n) return Buffer.of(Number(value));
  if (fits(value, 13)) {
    const bits = Number(BigInt.asUintN(13, value));
    return Buffer.of(0xc0 | (bits >> 8), bits & 255);
  }
  for (const [head, bytes] of [
    [0xf1, 2],
    [0xf2, 3],
    [0xf3, 4],
  ]) {
    if (fits(value, bytes * 8)) return Buffer.concat([Buffer.of(head), le(value, bytes)]);
  }
  return Buffer.concat([Buffer.of(0xf4), le(value, 8)]);
}

function backwardsLength(length: number): Buffer {
  const out: number[] = [];
  for (let rest = length; ; rest >>= 7) {
    out.unshift((rest & 127) | 128);
    if (rest < 128) break;
  }
  out[0] &= 127;
  return Buffer.from(out);
}

/** @param count in place of the number of entries */
export function listpack(entries: readonly Packed[], count = Math.min(entries.length, 0xffff)): Buffer {
  const body = Buffer.concat(entries.map(listpackEntry));
  return Buffer.concat([le(body.length + 7, 4), le(count, 2), body, Buffer.of(0xff)]);
}

function ziplistBody(entry: Packed): Buffer {
  if (typeof entry === 'string') {
    const text = Buffer.from(entry);
    if (text.length < 64) return Buffer.concat([Buffer.of(text.length), text]);
    if (text.length < 16_384) return Buffer.concat([Buffer.of(0x40 | (text.length >> 8), text.length & 255), text]);
    return Buffer.concat([Buffer.of(0x80), Buffer.from(le(text.length, 4)).reverse(), text]);
  }
  const value = BigInt(entry);
  if (value >= 0n && value <= 12n) return Buffer.of(0xf1 + Number(value));
  for (const [head, bytes] of [
    [0xfe, 1],
    [0xc0, 2],
    [0xf0, 3],
    [0xd0, 4],
  ]) {
    if (fits(value, bytes * 8)) return Buffer.concat([Buffer.of(head), le(value, bytes)]);
  }
  return Buffer.concat([Buffer.of(0xe0), le(value, 8)]);
}

export function ziplist(entries: readonly Packed[], count = Math.min(entries.length, 0xffff)): Buffer {
  const parts: Buffer[] = [];
  let before = 0;
  let last = 10;
  let size = 10;
  for (const entry of entries) {
    const head = before < 254 ? Buffer.of(before) : Buffer.concat([Buffer.of(254), le(before, 4)]);
    const part = Buffer.concat([head, ziplistBody(entry)]);
    parts.push(part);
    before = part.length;
    last = size;
    size += part.length;
  }
  return Buffer.concat([le(size + 1, 4), le(last, 4), le(count, 2), ...parts, Buffer.of(0xff)]);
}

export function intset(numbers: readonly (number | bigint)[], width: 2 | 4 | 8): Buffer {
  return Buffer.concat([le(width, 4), le(numbers.length, 4), ...numbers.map((number) => le(number, width))]);
}

/** @param free bytes left free behind each value */
export function zipmap(pairs: readonly (readonly [string, string])[], free = 0, count = Math.min(pairs.length, 254)): Buffer {
  const length = (text: Buffer): Buffer => (text.length < 254 ? Buffer.of(text.length) : Buffer.concat([Buffer.of(254), le(text.length, 4)]));
  const parts = pairs.flatMap(([field, value]) => {
    const [fieldBytes, valueBytes] = [Buffer.from(field), Buffer.from(value)];
    return [length(fieldBytes), fieldBytes, length(valueBytes), Buffer.of(free), valueBytes, Buffer.alloc(free, 0xfe)];
  });
  return Buffer.concat([Buffer.of(count), ...parts, Buffer.of(0xff)]);
}

export interface NodeEntry {
  readonly ms: number | bigint;
  readonly seq: number | bigint;
  /** Name, value, ...; null: names of the node, values alone. */
  readonly fields: readonly Packed[];
  readonly same?: boolean;
  readonly deleted?: boolean;
}

/** A node of a stream. ms and seq count from its id. */
export function streamNode(names: readonly Packed[], entries: readonly NodeEntry[]): Buffer {
  const deleted = entries.filter((entry) => entry.deleted).length;
  const parts = entries.flatMap(({ ms, seq, fields, same, deleted: isDeleted }) => {
    const body = same ? fields : [fields.length / 2, ...fields];
    return [(isDeleted ? 1 : 0) | (same ? 2 : 0), ms, seq, ...body, body.length + 3];
  });
  return listpack([entries.length - deleted, deleted, names.length, ...names, 0, ...parts]);
}
