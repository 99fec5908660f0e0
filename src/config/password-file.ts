/** Reads a password from a file. */
import { readFileSync } from 'node:fs';
import { fileErrorText } from './file-error-text.ts';
import type { OptionKey } from './schema.ts';
import type { Given, Settings } from './settings.ts';

/** Undefined if the file cannot be read or does not hold one line; the reason is among the problems. A line end at its end is not part of it. */
export function readPasswordFile(settings: Settings, key: OptionKey, file: Given<string>): string | undefined {
  try {
    const text = readFileSync(file.value, 'utf8').replace(/\r?\n$/, '');
    if (text !== '' && !/[\r\n]/.test(text)) return text;
    settings.reject(key, `names ${file.value}, which ${text === '' ? 'is empty' : 'has more than one line'}`, 'Write the password, and nothing else, into it.');
  } catch (cause) {
    settings.reject(key, `names ${file.value}, which cannot be read: ${fileErrorText(cause)}`);
  }
  return undefined;
}
