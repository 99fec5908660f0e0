/**
 * The name of a module's type, as its values say it at their begin (module.c: moduleTypeNameByID): nine characters of six bits each, then ten bits of version.
 *
 *   value = 0x81 id(8 bytes, big-endian) ...          ; the id as an RDB length of 64 bits
 */
const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const LENGTH64 = 0x81;
const ID_BYTES = 8;
const NAME_LENGTH = 9;

/** Of the value that begins at bytes[start]; '' if it does not begin with an id, or fewer than 9 bytes of it are there. */
export function moduleName(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= ID_BYTES || bytes[start] !== LENGTH64) return '';
  let name = '';
  // Six bits at a time from the top: character i ends at bit 6 (i + 1) of 64.
  for (let i = 0; i < NAME_LENGTH; i++) {
    const at = start + 1 + ((i * 6) >> 3);
    const pair = (bytes[at] << 8) | (bytes[at + 1] ?? 0);
    name += CHARACTERS[(pair >> (10 - ((i * 6) & 7))) & 63];
  }
  return name;
}

/** Can it be the name of a module's type? */
export function isModuleName(text: string): boolean {
  return /^[A-Za-z0-9_-]{9}$/.test(text);
}
