/** The RDB files that tests read: ours in test/fixtures/rdb, and those of librdb beside the project, where they exist. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface RdbFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const OURS = fileURLToPath(new URL('../../fixtures/rdb', import.meta.url));
const LIBRDB = fileURLToPath(new URL('../../../../shared/fixtures/librdb', import.meta.url));

export interface FixtureKey {
  readonly db: number;
  /** Base64. */
  readonly key: string;
  readonly type: string;
  /** Null: it has one, but a server that old cannot tell it. */
  readonly expireAtMs?: number | null;
}

export function ownFiles(): RdbFile[] {
  return filesIn(OURS);
}

/** Empty where the files are not. */
export function librdbFiles(): RdbFile[] {
  return existsSync(LIBRDB) ? filesIn(LIBRDB) : [];
}

export function ownFile(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(OURS, `${name}.rdb`)));
}

export function keysOf(name: string): FixtureKey[] {
  return (JSON.parse(readFileSync(join(OURS, `${name}.keys.json`), 'utf8')) as { keys: FixtureKey[] }).keys;
}

function filesIn(folder: string): RdbFile[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.rdb'))
    .toSorted()
    .map((file) => ({ name: file.slice(0, -'.rdb'.length), bytes: new Uint8Array(readFileSync(join(folder, file))) }));
}
