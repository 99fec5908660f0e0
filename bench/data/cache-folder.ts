/** `.cache/bench/`: what is made once and used by later runs, and the folders of this run, which are removed when the process ends. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../.cache/bench/', import.meta.url));
const ofThisRun = new Set<string>();

/** @param name of a file that is kept */
export function cachedPath(name: string): string {
  mkdirSync(ROOT, { recursive: true });
  return join(ROOT, name);
}

/** An empty folder on the disk of the cache, so that files can be linked into it. */
export function makeFolder(name: string): string {
  mkdirSync(ROOT, { recursive: true });
  const path = mkdtempSync(join(ROOT, `.${name}-`));
  ofThisRun.add(path);
  return path;
}

export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
  ofThisRun.delete(path);
}

process.on('exit', () => {
  for (const path of ofThisRun) rmSync(path, { recursive: true, force: true });
});
