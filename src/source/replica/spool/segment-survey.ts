/**
 * Finds what earlier runs left of a log.
 *
 * A segment file is named by the offset of its first byte and was only ever appended to in order, so whatever its size is now, it holds exactly the
 * bytes [start, start + size): a half-written tail is a shorter file, not a wrong one.
 */
import path from 'node:path';
import { GodwitError } from '../../../errors/errors.ts';
import type { SpoolFiles } from './spool-files.ts';

export type SpoolLogName = 'rdb' | 'stream';

/** A file that an earlier run left, and the part of it that counts. */
export interface FoundSegment {
  readonly dir: string;
  readonly path: string;
  /** Offset of the first byte of the file. */
  readonly fileStart: number;
  readonly fileBytes: number;
  /** The part that is used: a part of the file when files of several runs overlap. */
  readonly start: number;
  readonly end: number;
}

/** `stream-0000000000012345.seg`: sixteen digits hold every offset, and names sort like offsets. */
export function segmentFileName(name: SpoolLogName, startOffset: number): string {
  return `${name}-${String(startOffset).padStart(16, '0')}.seg`;
}

/** Start offset of a segment file of this log, or -1 for any other name. */
function segmentStart(name: SpoolLogName, fileName: string): number {
  const found = /^(rdb|stream)-(\d{12,16})\.seg$/.exec(fileName);
  if (found === null || found[1] !== name) return -1;
  const start = Number(found[2]);
  return Number.isSafeInteger(start) ? start : -1;
}

/** All segment files of a log in these folders, by start offset, the longer first among equals. @throws SPOOL_FAILED */
export async function listSegments(files: SpoolFiles, name: SpoolLogName, dirs: readonly string[]): Promise<FoundSegment[]> {
  const found: FoundSegment[] = [];
  for (const dir of new Set(dirs.map((each) => path.resolve(each)))) {
    const listed = await files.list(dir).catch((error: unknown) => Promise.reject(unusableFolder(dir, error)));
    for (const file of listed) {
      const start = segmentStart(name, file.name);
      if (start >= 0) found.push({ dir, path: path.join(dir, file.name), fileStart: start, fileBytes: file.bytes, start, end: start + file.bytes });
    }
  }
  return found.sort((a, b) => a.fileStart - b.fileStart || b.fileBytes - a.fileBytes);
}

/** Makes the folder if absent, and deletes the segment files of this log in it that are not to be kept. @throws SPOOL_FAILED */
export async function clearFolder(files: SpoolFiles, name: SpoolLogName, dir: string, keep: readonly FoundSegment[]): Promise<void> {
  const kept = new Set(keep.map((segment) => segment.path));
  try {
    await files.makeFolder(dir);
    for (const segment of await listSegments(files, name, [dir])) if (!kept.has(segment.path)) await files.unlink(segment.path);
  } catch (error) {
    throw unusableFolder(dir, error);
  }
}

function unusableFolder(dir: string, error: unknown): GodwitError {
  if (error instanceof GodwitError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new GodwitError('SPOOL_FAILED', `the spool folder ${dir} cannot be used: ${reason}`, { cause: error, details: { dir } });
}

/**
 * The one contiguous run of bytes that covers the wanted offset (its end counts: nothing is missing there), without overlaps; empty if there is none.
 * @param found as listSegments() gives them
 */
export function contiguousRun(found: readonly FoundSegment[], wantedOffset: number): FoundSegment[] {
  let run: FoundSegment[] = [];
  let reach = Number.NEGATIVE_INFINITY;
  for (const segment of found) {
    if (segment.fileBytes === 0) continue;
    if (segment.fileStart > reach) {
      if (run.length > 0 && reach >= wantedOffset) break;
      run = [];
    } else if (segment.end <= reach) {
      continue;
    }
    run.push({ ...segment, start: run.length === 0 ? segment.fileStart : reach });
    reach = segment.end;
  }
  return run.length > 0 && run[0].start <= wantedOffset && wantedOffset <= reach ? run : [];
}
