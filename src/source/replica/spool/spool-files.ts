/**
 * The file operations of the spool, as an object so that a test can make them slow or fail. All go through libuv's thread pool; none is synchronous.
 * Files are made 0600 and folders 0700: a spool holds the user's data.
 */
import fs from 'node:fs';
import { promisify } from 'node:util';

export interface SpoolFiles {
  /** Makes the folder and its parents. */
  makeFolder(dir: string): Promise<void>;
  /** Regular files of a folder with their sizes in bytes; an absent folder has none. */
  list(dir: string): Promise<{ readonly name: string; readonly bytes: number }[]>;
  /** Makes a new file for writing and reading; refuses with EEXIST if it is there. Resolves to the descriptor. */
  create(path: string): Promise<number>;
  openForRead(path: string): Promise<number>;
  /** Writes the buffers one behind the other at `position`; resolves to the count of bytes, which can be less than all. */
  write(fd: number, buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** Reads at most `length` bytes into out[at..]; resolves to the count. */
  read(fd: number, out: Uint8Array, at: number, length: number, position: number): Promise<number>;
  close(fd: number): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Bytes that this user may still write on the disk of `dir`. */
  freeBytes(dir: string): Promise<number>;
}

const openFd = promisify(fs.open) as (path: string, flags: string, mode?: number) => Promise<number>;
const closeFd = promisify(fs.close);

async function listFolder(dir: string): Promise<{ name: string; bytes: number }[]> {
  let names: string[];
  try {
    names = await fs.promises.readdir(dir);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
  const found = await Promise.all(
    names.map(async (name) => {
      try {
        const stat = await fs.promises.stat(`${dir}/${name}`);
        return stat.isFile() ? [{ name, bytes: stat.size }] : [];
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return [];
        throw error;
      }
    }),
  );
  return found.flat();
}

/** The real file system. */
export const nodeSpoolFiles: SpoolFiles = {
  async makeFolder(dir) {
    await fs.promises.mkdir(dir, { recursive: true, mode: 0o700 });
  },
  list: listFolder,
  create: (path) => openFd(path, 'wx+', 0o600),
  openForRead: (path) => openFd(path, 'r'),
  write: (fd, buffers, position) =>
    new Promise((resolve, reject) => {
      const done = (error: Error | null, written: number): void => (error ? reject(error) : resolve(written));
      if (buffers.length === 1) fs.write(fd, buffers[0], 0, buffers[0].length, position, done);
      else fs.writev(fd, buffers, position, done);
    }),
  read: (fd, out, at, length, position) =>
    new Promise((resolve, reject) => {
      fs.read(fd, out, at, length, position, (error, count) => (error ? reject(error) : resolve(count)));
    }),
  close: closeFd,
  unlink: (path) => fs.promises.unlink(path),
  async freeBytes(dir) {
    const stat = await fs.promises.statfs(dir);
    return stat.bavail * stat.bsize;
  },
};

/** `ENOENT` and the like; '' if the thing thrown has none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** True for the failures that pass when someone frees space. */
export function isDiskFullError(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}
