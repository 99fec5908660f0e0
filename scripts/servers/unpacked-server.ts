/**
 * How a program out of an unpacked Debian tree is started beside the host's own libraries: by the tree's own dynamic linker, which is told
 * where the tree's libraries are.
 */
import { existsSync, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';

export interface LaunchPlan {
  /** All paths are relative to the root of the tree. */
  readonly linker: string;
  readonly libraryDirs: readonly string[];
  readonly binDir: string;
}

/** @throws Error if the tree has no dynamic linker. */
export function planLaunch(root: string): LaunchPlan {
  const files = walk(root);
  const linkers = files.filter((path) => /^ld-(linux.*\.so\.\d+|\d[\d.]*\.so)$/.test(basename(path)));
  const linker = linkers.map((path) => resolveInside(root, path)).find((path) => path !== null);
  if (!linker) throw new Error(`no dynamic linker among the files under ${root}`);
  const libraryDirs = [...new Set(files.filter((path) => /\.so(\.\d+)*$/.test(path)).map((path) => relative(root, dirname(path))))];
  const wanted = libraryDirs.filter((dir) => !/gconv|ossl-modules|engines|security/.test(dir));
  return { linker: relative(root, linker), libraryDirs: wanted, binDir: 'usr/bin' };
}

/** @returns the command line that starts `program` of the tree under `root`. */
export function launch(root: string, plan: LaunchPlan, program: string): { command: string; args: string[] } {
  const libraries = plan.libraryDirs.map((dir) => join(root, dir)).join(':');
  return { command: join(root, plan.linker), args: ['--library-path', libraries, join(root, plan.binDir, program)] };
}

function walk(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    return entry.isDirectory() ? walk(path) : [path];
  });
}

/** Follows links with the tree as the root of the file system; null when the end is not in the tree. */
function resolveInside(root: string, path: string): string | null {
  let current = path;
  for (let hop = 0; hop < 8 && existsWithoutFollowing(current); hop++) {
    if (!lstatSync(current).isSymbolicLink()) return current;
    const next = readlinkSync(current);
    current = isAbsolute(next) ? join(root, next) : join(dirname(current), next);
  }
  return null;
}

function existsWithoutFollowing(path: string): boolean {
  return existsSync(path) || lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
