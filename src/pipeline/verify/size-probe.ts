/** How large values are, before they are asked for: by MEMORY USAGE, or by their type and length where that is withheld. */
import type { AskedSide } from './asked-side.ts';
import type { ExpiryReader } from './expiry-reader.ts';
import { keyCommand, type KeyCommand } from './key-command.ts';
import type { KeyReplies } from './key-replies.ts';
import type { KeyRows } from './key-rows.ts';

export interface KeySizes {
  /** Estimated; -1 = no key. */
  readonly bytes: Float64Array;
  /** Unix ms; -1 = none. */
  readonly expiryMs: Float64Array;
}

const MEMORY = keyCommand(['MEMORY', 'USAGE']);
const TYPE = keyCommand(['TYPE']);
const LENGTHS: Readonly<Record<string, KeyCommand>> = {
  string: keyCommand(['STRLEN']),
  list: keyCommand(['LLEN']),
  set: keyCommand(['SCARD']),
  zset: keyCommand(['ZCARD']),
  hash: keyCommand(['HLEN']),
  stream: keyCommand(['XLEN']),
};
/** What an element is taken for. */
const ELEMENT_BYTES = 64;
const SMALL_REPLY = 1024;

export async function readSizes(side: AskedSide, database: number, keys: KeyRows, expiry: ExpiryReader): Promise<KeySizes> {
  await expiry.prepare();
  const byMemory = side.abilities.memoryUsage;
  const replies = await side.ask(database, keys, [byMemory ? MEMORY : TYPE, expiry.column], SMALL_REPLY);
  const bytes = new Float64Array(keys.count);
  const expiryMs = new Float64Array(keys.count);
  for (let i = 0; i < keys.count; i++) {
    expiryMs[i] = expiry.read(replies, i, 1);
    if (byMemory) bytes[i] = replies.number(i, 0, -1);
  }
  const types = byMemory ? null : typesOf(replies, keys.count);
  replies.release();
  if (types !== null) {
    const lengths = await readLengths(side, database, keys, types);
    for (let i = 0; i < keys.count; i++) bytes[i] = types[i] === 'none' ? -1 : types[i] === 'string' ? lengths[i] : lengths[i] * ELEMENT_BYTES;
  }
  return { bytes, expiryMs };
}

/** The words of TYPE, by key. */
export async function readTypes(side: AskedSide, database: number, keys: KeyRows): Promise<string[]> {
  const replies = await side.ask(database, keys, [TYPE], SMALL_REPLY);
  const types = typesOf(replies, keys.count);
  replies.release();
  return types;
}

/** Bytes of strings, elements of the others; 0 for what has no length or is of another type by now. */
export async function readLengths(side: AskedSide, database: number, keys: KeyRows, types: readonly string[]): Promise<Float64Array> {
  const replies = await side.ask(database, keys, [(row) => LENGTHS[types[row]] ?? TYPE], SMALL_REPLY);
  const lengths = new Float64Array(keys.count);
  for (let i = 0; i < keys.count; i++) lengths[i] = replies.number(i, 0, 0);
  replies.release();
  return lengths;
}

function typesOf(replies: KeyReplies, count: number): string[] {
  return Array.from({ length: count }, (_, i) => replies.text(i, 0));
}
