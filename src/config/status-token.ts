/** The token of the status server, as it was given: by itself or in a file. */
import { originName, originRank } from './origin.ts';
import { readPasswordFile } from './password-file.ts';
import type { Settings } from './settings.ts';

const TOKEN = /^[\x21-\x7e]{8,1024}$/;

/** '' = none was given, or what was given is among the problems. */
export function statusToken(settings: Settings): string {
  const own = settings.given('status.token');
  const file = settings.given('status.token_file');
  if (own !== undefined && file !== undefined && originRank(own.origin) === originRank(file.origin)) {
    const message = `status.token is given twice: ${originName(own.origin)} and ${originName(file.origin)}`;
    settings.problems.push({ code: 'CONFIG_INVALID', message, fix: 'Leave one of them out.' });
    return '';
  }
  const isFile = file !== undefined && (own === undefined || originRank(file.origin) > originRank(own.origin));
  const token = isFile ? readPasswordFile(settings, 'status.token_file', file) : own?.value;
  if (token === undefined) return '';
  if (TOKEN.test(token)) return token;
  settings.reject(isFile ? 'status.token_file' : 'status.token', 'is not 8 to 1024 printable characters without spaces');
  return '';
}
