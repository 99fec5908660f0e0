/** A key for messages and their details, in quotes: any bytes, cut at 100. */
export function quotedKey(key: Uint8Array): string {
  return JSON.stringify(Buffer.from(key.subarray(0, 100)).toString('latin1'));
}
