/** The text of a configuration file, and what TOML makes of it. */
import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { redactUrls } from '../observe/redaction.ts';
import { ConfigError } from './config-error.ts';
import { fileErrorText } from './file-error-text.ts';

const FILE_BYTES_MAX = 1024 * 1024;

/** @param shown the path as it was given. @throws ConfigError CONFIG_UNREADABLE */
export function readConfigText(path: string, shown: string): string {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > FILE_BYTES_MAX) throw new Error(`it has ${bytes.length} bytes, more than the ${FILE_BYTES_MAX} that a configuration may have`);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ConfigError([{ code: 'CONFIG_UNREADABLE', message: `the configuration file ${shown} cannot be read: ${fileErrorText(cause)}` }], cause);
  }
}

/** @throws ConfigError CONFIG_SYNTAX with the line */
export function parseConfigText(text: string, file: string): Record<string, unknown> {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded' });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    // Only the first line: the excerpt that follows it may hold a password.
    const reason = redactUrls(cause.message.split('\n', 1)[0]).replace(/^Invalid TOML document: /, '');
    const message = `${file}:${cause.line}:${cause.column} (line ${cause.line}, column ${cause.column}): ${reason}`;
    throw new ConfigError([{ code: 'CONFIG_SYNTAX', message }]);
  }
}
