/** Every key of RedisShake's file, one row each: `godwit explain`, `godwit migrate-config`, docs/from-redisshake.md and the tests come from this table. */
import { ADVANCED_KEYS } from './advanced-keys.ts';
import { ENDPOINT_KEYS } from './endpoint-keys.ts';
import { FILTER_KEYS } from './filter-keys.ts';
import { READER_KEYS } from './reader-keys.ts';
import { READERS, type ShakeKey, type ShakeSection, WRITERS } from './shake-key.ts';

export const SHAKE_SECTIONS: readonly ShakeSection[] = [...READERS, 'redis_writer', 'file_writer', 'filter', 'advanced', 'module'];

const ROWS = [...ENDPOINT_KEYS, ...READER_KEYS, ...FILTER_KEYS, ...ADVANCED_KEYS];

/** In the order of the sections. */
export const SHAKE_KEYS: readonly ShakeKey[] = SHAKE_SECTIONS.flatMap((section) => ROWS.filter((row) => row.section === section));

/** A section, or a dotted key, that only RedisShake's file has; looked for in the text, which is no TOML before its variables are put in. */
const SHAKE_MARK = new RegExp(String.raw`^[ \t]*\[{0,2}[ \t]*["']?(?:${[...READERS, ...WRITERS].join('|')})["']?[ \t]*[\].=]`, 'im');

export function isShakeText(text: string): boolean {
  return SHAKE_MARK.test(text);
}
