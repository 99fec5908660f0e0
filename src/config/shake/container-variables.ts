/**
 * The environment variables of RedisShake's container image, and those that charts and forks have added, as if a file said them:
 *
 *   SYNC=true | SCAN=true                                     which reader
 *   SHAKE_SRC_ADDRESS USERNAME PASSWORD TLS CLUSTER           of the source
 *   SHAKE_DST_ADDRESS USERNAME PASSWORD TLS CLUSTER OFF_REPLY of the target
 *
 * An empty variable is one that is not given.
 */
import { nearestName } from '../nearest-name.ts';
import { ShakeDocument } from './shake-document.ts';
import { readWeakly } from './weak-value.ts';

const SIDE_KEYS = ['address', 'username', 'password', 'tls', 'cluster'] as const;

/** Names of all of them, but for the two that choose the reader. */
const VARIABLES: readonly string[] = [
  ...SIDE_KEYS.map((key) => `SHAKE_SRC_${key.toUpperCase()}`),
  ...[...SIDE_KEYS, 'off_reply'].map((key) => `SHAKE_DST_${key.toUpperCase()}`),
];

export function readContainerVariables(env: Readonly<Record<string, string | undefined>>): ShakeDocument {
  const document = new ShakeDocument();
  const reader = ['SYNC', 'SCAN'].find((name) => readWeakly('boolean', env[name] ?? '') === true);
  if (reader === undefined) {
    const fix = 'Set SYNC=true or SCAN=true with SHAKE_SRC_ADDRESS and SHAKE_DST_ADDRESS; or give a file, or GODWIT_ variables and `godwit sync`.';
    document.problems.push({ code: 'CONFIG_MISSING', message: 'neither SYNC nor SCAN is true in the environment', fix });
    return document;
  }
  const section = reader === 'SYNC' ? 'sync_reader' : 'scan_reader';
  document.sections.set(section, { kind: 'env', name: reader });
  document.sections.set('redis_writer', { kind: 'env', name: 'SHAKE_DST_ADDRESS' });
  for (const [name, raw] of Object.entries(env)) {
    if (!name.startsWith('SHAKE_') || !raw) continue;
    const origin = { kind: 'env', name } as const;
    if (VARIABLES.includes(name)) {
      document.add(`${name.startsWith('SHAKE_SRC_') ? section : 'redis_writer'}.${name.slice('SHAKE_SRC_'.length).toLowerCase()}`, { raw, origin });
    } else {
      const near = nearestName(name, VARIABLES);
      document.unknown.push({ message: `the environment variable ${name} is not known`, fix: near === undefined ? undefined : `Did you mean ${near}?` });
    }
  }
  return document;
}
