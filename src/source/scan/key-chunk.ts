/** Some keys of one database, whose values are read together, and why they are: a page of SCAN, or keys that something has happened to. */
import type { ScanPosition } from './scan-position.ts';

export interface KeyChunk {
  readonly database: number;
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Ranges of `bytes`, by key. */
  readonly start: Uint32Array;
  readonly end: Uint32Array;
  /** How far the scan is once they are applied; null: they are no part of it, and those that are gone have to go from the target. */
  readonly behind: ScanPosition | null;
}

/** @param keys as latin1 */
export function eventChunk(database: number, keys: readonly string[]): KeyChunk {
  const count = keys.length;
  const start = new Uint32Array(count);
  const end = new Uint32Array(count);
  let length = 0;
  for (const key of keys) length += key.length;
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (let i = 0; i < count; i++) {
    start[i] = at;
    at += bytes.write(keys[i], at, 'latin1');
    end[i] = at;
  }
  return { database, bytes, count, start, end, behind: null };
}

export function keyText({ bytes, start, end }: Pick<KeyChunk, 'bytes' | 'start' | 'end'>, i: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', start[i], end[i]);
}
