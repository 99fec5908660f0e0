/** Where the status server of the container listens: written down by the entry point for the health check, which is a process of its own. */
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface StatusPlace {
  /** As it listens: 0.0.0.0 and :: are all interfaces. */
  readonly host: string;
  /** null: what runs has no status. */
  readonly port: number | null;
}

const path = (): string => join(tmpdir(), 'godwit-status.json');

/** On a file system that cannot be written to nothing is kept, and the health check goes by the environment. */
export function keepStatusPlace(place: StatusPlace): void {
  try {
    writeFileSync(path(), JSON.stringify(place));
  } catch {
    // Nothing but the health check needs it.
  }
}

/** Undefined if none was kept. */
export function keptStatusPlace(): StatusPlace | undefined {
  try {
    return JSON.parse(readFileSync(path(), 'utf8')) as StatusPlace;
  } catch {
    return undefined;
  }
}
