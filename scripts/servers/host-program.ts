/** Programs of the host: looked up on the PATH, and Debian's redis-server installed when the machine has none. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runProgram } from './run-program.ts';

/** @returns absolute path, or null. */
export function findOnPath(program: string): string | null {
  for (const dir of (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const path = join(dir, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

/** Installs the package by apt-get. @throws Error with what to do when this is not root, not Debian, or apt-get fails. */
export async function installPackage(name: string): Promise<void> {
  if (!findOnPath('apt-get')) throw new Error(`${name} is not on the PATH and this machine has no apt-get; install it and run this again`);
  if (process.getuid?.() !== 0) throw new Error(`${name} is not on the PATH, and installing it needs root: run \`sudo apt-get install ${name}\``);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120', 'install', '--no-install-recommends', name];
  try {
    await runProgram('apt-get', install, { env });
  } catch {
    // A machine whose package lists are missing or stale cannot find the package before an update.
    await runProgram('apt-get', ['-q', 'update'], { env });
    await runProgram('apt-get', install, { env });
  }
}
