/**
 * A key as people can read it, on one line, whatever its bytes: UTF-8 where it is that, without anything that a terminal or a browser would act on; else
 * ASCII with \xNN. Two keys can look alike only where they were cut.
 */
import { isUtf8 } from 'node:buffer';

const SHOWN_BYTES_MAX = 256;
/** Control characters, what turns the direction of text around or cannot be seen, and the mark of escapes itself. */
const ACTED_ON = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\\]/g;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param length of the whole key, if `key` is its begin only */
export function printableKey(key: Uint8Array, length = key.length): string {
  const shown = key.subarray(0, SHOWN_BYTES_MAX);
  const text = textOf(shown) ?? Array.from(shown, byteText).join('');
  return length > shown.length ? `${text}… (${length} bytes)` : text;
}

/** All of any bytes, as printableKey() shows a key: two of them look alike only if they are alike. */
export function printableBytes(bytes: Uint8Array): string {
  return isUtf8(bytes) ? utf8.decode(bytes).replace(ACTED_ON, escaped) : Array.from(bytes, byteText).join('');
}

function textOf(bytes: Uint8Array): string | null {
  // A cut can fall within a character.
  for (let end = bytes.length; end > bytes.length - 4 && end >= 0; end--) {
    try {
      return utf8.decode(bytes.subarray(0, end)).replace(ACTED_ON, escaped);
    } catch {
      if (bytes.length < SHOWN_BYTES_MAX) return null;
    }
  }
  return null;
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  if (character === '\\') return '\\\\';
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

function byteText(byte: number): string {
  if (byte === 0x5c) return '\\\\';
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}
