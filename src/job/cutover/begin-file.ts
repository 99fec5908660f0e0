/**
 * Where a sync begins that goes on from a switch: `begin.json` in its folder of the spool, until it has marks of its own. It is written while both sides are equal
 * and nobody writes, so that a process which dies right behind the switch takes nothing along.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { GodwitError } from '../../errors/errors.ts';
import type { BeginPlace } from '../../config/sync-config.ts';
import { spoolJobDir } from '../../source/replica/spool/spool-runs.ts';

const FILE = 'begin.json';
const BEGUN = 'begun.json';
const VERSION = 1;

/** @throws SPOOL_FAILED */
export async function writeBegin(spoolDir: string, job: string, places: readonly BeginPlace[]): Promise<void> {
  const dir = spoolJobDir(spoolDir, job);
  try {
    await fs.mkdir(dir, { recursive: true, mode: 0o700 });
    const temporary = path.join(dir, `${FILE}.new`);
    const file = await fs.open(temporary, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify({ version: VERSION, places }));
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, path.join(dir, FILE));
  } catch (error) {
    throw new GodwitError('SPOOL_FAILED', `${path.join(dir, FILE)} cannot be written: ${String((error as Error).message)}`);
  }
}

/** Undefined: there is none. @throws SPOOL_FAILED of one that cannot be read */
export async function readBegin(spoolDir: string, job: string): Promise<readonly BeginPlace[] | undefined> {
  const name = path.join(spoolJobDir(spoolDir, job), FILE);
  const text = await fs.readFile(name, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const { version, places } = JSON.parse(text) as { version?: number; places?: readonly BeginPlace[] };
    if (version === VERSION && Array.isArray(places)) return places;
  } catch {
    // As one of another version.
  }
  throw new GodwitError('SPOOL_FAILED', `${name} is not what this version of Godwit writes`);
}

/** The sync has marks of its own by now, which tell more. That it has begun stays on record: the one that was cut over must not be started again beside it. */
export async function noteBegun(spoolDir: string, job: string): Promise<void> {
  const dir = spoolJobDir(spoolDir, job);
  await fs.rename(path.join(dir, FILE), path.join(dir, BEGUN)).catch(() => {});
}

/** A sync of this name goes on from a switch, and has not been finished. */
export async function hasBegun(spoolDir: string, job: string): Promise<boolean> {
  return fs.access(path.join(spoolJobDir(spoolDir, job), BEGUN)).then(
    () => true,
    () => false,
  );
}

/** It does not begin after all, or is over. */
export async function removeBegin(spoolDir: string, job: string): Promise<void> {
  const dir = spoolJobDir(spoolDir, job);
  for (const name of [FILE, BEGUN]) await fs.rm(path.join(dir, name), { force: true });
  await fs.rmdir(dir).catch(() => {});
}
