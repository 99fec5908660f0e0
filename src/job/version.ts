/** The version of Godwit, from its package.json, which is two folders up from here in src/ and in dist/ alike. */
import { readFileSync } from 'node:fs';

export const VERSION = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
