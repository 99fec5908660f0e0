/** What the disk of the spool has free, and what a spool has on it, without making anything there. */
import { access, constants, readdir, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Of the disk that the directory is on, or would be on. @returns -1 where that cannot be told */
export async function freeBytesAt(dir: string): Promise<number> {
  for (let at = path.resolve(dir); ; at = path.dirname(at)) {
    const found = await statfs(at).catch(() => undefined);
    if (found !== undefined) return found.bavail * found.bsize;
    if (at === path.dirname(at)) return -1;
  }
}

/** Of all files below it; 0 where there is none. */
export async function spoolBytesIn(dir: string): Promise<number> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(path.join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Where spools are put, if the disk of their own is too small. */
const OTHER_PLACES = ['/var/lib', '/var/tmp', '/srv', '/data', '/mnt', '/opt'];

/** A directory that can be written, on a disk with so much room; '' = none of the usual ones is. */
export async function directoryWith(bytes: number): Promise<string> {
  for (const place of [...OTHER_PLACES, tmpdir()]) {
    const mayWrite = await access(place, constants.W_OK).then(
      () => true,
      () => false,
    );
    if (mayWrite && (await freeBytesAt(place)) >= bytes) return path.join(place, 'godwit');
  }
  return '';
}
