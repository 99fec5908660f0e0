/**
 * A small disk of its own for one process: a tmpfs in a mount namespace that only this process is in, so it is gone with the process, however that ends.
 * As root, or where users may make namespaces; elsewhere the process does not start, and says why.
 *
 *   launcher: unshare > sh (mounts, lays the ballast down) > the program, all with one pid
 */
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SmallDisk {
  /** Where it is mounted, as the process sees it; the folder has to exist. */
  readonly dir: string;
  readonly bytes: number;
  /** Taken by others from the start, in a file that freeDisk() deletes. */
  readonly ballastBytes: number;
}

const BALLAST = 'ballast';

/** The words in front of the program's own command line. */
export function smallDiskLauncher({ dir, bytes, ballastBytes }: SmallDisk): string[] {
  const script = `mount -t tmpfs -o size=${bytes} tmpfs "$0" && head -c ${ballastBytes} /dev/zero > "$0/${BALLAST}" && exec "$@"`;
  return ['unshare', ...(process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user']), 'sh', '-c', script, dir];
}

/** Gives the room of the ballast back. @param pid of the process */
export function freeDisk(pid: number, { dir }: SmallDisk): void {
  rmSync(join(seenBy(pid, dir), BALLAST));
}

/** Takes what is free, to the last page. */
export function fillDisk(pid: number, { dir }: SmallDisk): void {
  const { bavail, bsize } = statfsSync(seenBy(pid, dir));
  writeFileSync(join(seenBy(pid, dir), BALLAST), Buffer.alloc(bavail * bsize));
}

/** A process's own view of the file system. */
function seenBy(pid: number, dir: string): string {
  return join(`/proc/${pid}/root`, dir);
}
