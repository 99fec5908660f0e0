/** The RDB files that tests read: ours in test/fixtures/rdb, and those of librdb beside the project, where they exist. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

export interface RdbFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const OURS = fileURLToPath(new URL('../../fixtures/rdb', import.meta.url));
/** Beside the project, or where GODWIT_FIXTURES_DIR says; not everywhere. */
const SHARED = process.env['GODWIT_FIXTURES_DIR'] ?? fileURLToPath(new URL('../../../../shared/fixtures', import.meta.url));
const LIBRDB = join(SHARED, 'librdb');

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

/** The content of a key as its server told it: bytes in base64, a stream's details as XINFO STREAM FULL. */
export interface FixtureContent {
  readonly db: number;
  readonly key: string;
  readonly type: string;
  readonly value?: unknown;
  readonly info?: readonly unknown[];
  /** Unix ms; -1 = never, -2 = there is no such field. */
  readonly fieldExpireAtMs_f1_f9_f2?: readonly number[];
}

export function contentsOf(name: string): FixtureContent[] {
  const text = brotliDecompressSync(readFileSync(join(OURS, `${name}.contents.json.br`))).toString();
  return (JSON.parse(text) as { keys: FixtureContent[] }).keys;
}

/** What librdb expects of a file, database by database; null where its files are not. Its texts are JSON without the braces around it. */
export function librdbExpectation(name: string): Record<string, unknown>[] | null {
  const path = join(LIBRDB, `${name}.json`);
  if (!existsSync(path)) return null;
  const text = readFileSync(path, 'utf8').trim();
  return (text.startsWith('[') ? JSON.parse(text) : [JSON.parse(`{${text}}`)]) as Record<string, unknown>[];
}

function filesIn(folder: string): RdbFile[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.rdb'))
    .toSorted()
    .map((file) => ({ name: file.slice(0, -'.rdb'.length), bytes: new Uint8Array(readFileSync(join(folder, file))) }));
}
