/**
 * The name under which a value is built that is too large for one transaction. It lies in the slot of the key, so that a cluster can rename it: what
 * is hashed of the key stands in the first braces, its own or ours. Only a key that has a `}` but no tag, or is empty, may be in another slot.
 *
 * It does not begin with the name of a mark and a colon: such keys are passed over where a file or a stream has them, and what is built under a temporary key there
 * is renamed to a key of the data.
 */
const PREFIX = Buffer.from('__godwit-tmp:');
const OPENING = 0x7b;
const CLOSING = 0x7d;

export function temporaryKey(key: Uint8Array): Uint8Array {
  if (key.length === 0 || key.includes(CLOSING)) return Buffer.concat([PREFIX, key]);
  return Buffer.concat([PREFIX, Buffer.of(OPENING), key, Buffer.of(CLOSING)]);
}
