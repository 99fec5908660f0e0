/**
 * Which files make an AOF, and in which order: a single one; the folder that a server of Redis 7.0 or newer writes (or the data folder that has it
 * inside); a manifest by name, also on the web. Files on disk are all opened at once, so that a server that rewrites its AOF meanwhile and deletes
 * what it has replaced takes nothing away.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type AofManifest, parseAofManifest } from '../../aof/manifest.ts';
import { GodwitError } from '../../errors/errors.ts';
import type { ByteInput } from '../file/byte-input.ts';
import { fileError } from '../file/file-errors.ts';
import { isUrl, openInput, type OpenInputOptions } from '../file/open-input.ts';

export interface AofPart {
  /** In the manifest; '' for a single file. */
  readonly name: string;
  readonly input: ByteInput;
}

const MANIFEST_SUFFIX = '.manifest';
const MANIFEST_BYTES_MAX = 1024 * 1024;
/** As servers call them unless their configuration (appenddirname, appendfilename) says otherwise. */
const FOLDER_NAME = 'appendonlydir';
const FILE_NAME = 'appendonly.aof';

/**
 * @param place path of an AOF, of its manifest, of the folder of either; or `-` or http(s) URL of an AOF, or URL of a manifest
 * @returns the parts in order, one at least, unread. The caller closes their inputs.
 * @throws GodwitError FILE_NOT_FOUND, AOF_MANIFEST_INVALID, and as openInput()
 */
export async function openAofParts(place: string, options: OpenInputOptions = {}): Promise<readonly AofPart[]> {
  const found = await manifestOrFile(place);
  if (!isManifest(found)) return [{ name: '', input: await openInput(found, options) }];
  const { base, incr } = await readManifest(found, options);
  const files = base === null ? incr : [base, ...incr];
  if (files.length === 0) throw new GodwitError('AOF_MANIFEST_INVALID', `the manifest ${found} names neither a base nor an incr file`);
  const parts: AofPart[] = [];
  try {
    for (const { name, line } of files) parts.push({ name, input: await openPart(found, name, line, options) });
  } catch (error) {
    await Promise.all(parts.map(({ input }) => input.close()));
    throw error;
  }
  return parts;
}

/** True if the place names a manifest. */
function isManifest(place: string): boolean {
  return (isUrl(place) ? new URL(place).pathname : place).endsWith(MANIFEST_SUFFIX);
}

/** What to open where a folder was named; anything else is what was named. */
async function manifestOrFile(place: string): Promise<string> {
  if (place === '-' || isUrl(place)) return place;
  const facts = await stat(place).catch((error: unknown) => Promise.reject(fileError(place, error)));
  if (!facts.isDirectory()) return place;
  const names = await readdir(place).catch((error: unknown) => Promise.reject(fileError(place, error)));
  const manifests = names.filter((name) => name.endsWith(MANIFEST_SUFFIX));
  if (manifests.length > 1) {
    throw new GodwitError('FILE_UNREADABLE', `the folder ${place} has several AOF manifests: ${manifests.toSorted().join(', ')}`, {
      fix: 'Name the one to load.',
    });
  }
  if (manifests.length === 1) return join(place, manifests[0]);
  if (names.includes(FOLDER_NAME) && basename(place) !== FOLDER_NAME) return manifestOrFile(join(place, FOLDER_NAME));
  if (names.includes(FILE_NAME)) return join(place, FILE_NAME);
  throw new GodwitError('FILE_NOT_FOUND', `the folder ${place} has no AOF: no *${MANIFEST_SUFFIX}, no ${FOLDER_NAME}, no ${FILE_NAME}`, {
    fix: 'Name the file itself.',
    details: { folder: place },
  });
}

async function readManifest(place: string, options: OpenInputOptions): Promise<AofManifest> {
  const input = await openInput(place, options);
  try {
    const bytes = Buffer.alloc(MANIFEST_BYTES_MAX);
    let length = 0;
    for (let got = -1; got !== 0 && length < bytes.length; length += got) got = await input.read(length, bytes, length, bytes.length - length);
    if (length === bytes.length) throw new GodwitError('AOF_MANIFEST_INVALID', `${input.name} is larger than any manifest`, { details: { file: input.name } });
    return parseAofManifest(bytes.subarray(0, length));
  } catch (error) {
    if (!(error instanceof GodwitError) || error.code !== 'AOF_MANIFEST_INVALID') throw error;
    throw new GodwitError(error.code, `${input.name}: ${error.message}`, { cause: error, details: { ...error.details, file: input.name } });
  } finally {
    await input.close();
  }
}

async function openPart(manifest: string, name: string, line: number, options: OpenInputOptions): Promise<ByteInput> {
  try {
    return await openInput(isUrl(manifest) ? siblingUrl(manifest, name) : join(dirname(manifest), name), options);
  } catch (error) {
    if (!(error instanceof GodwitError) || error.code !== 'FILE_NOT_FOUND') throw error;
    throw new GodwitError('FILE_NOT_FOUND', `${error.message}, although line ${line} of the manifest beside it names it`, {
      cause: error,
      fix: 'The copy of the AOF is not whole, or was taken while the server rewrote it: copy the folder again, the manifest first.',
      details: error.details,
    });
  }
}

/** User and query (a signature, it may be) stay as they are. */
function siblingUrl(manifest: string, name: string): string {
  const url = new URL(manifest);
  url.pathname = url.pathname.replace(/[^/]*$/, encodeURIComponent(name));
  return url.href;
}
