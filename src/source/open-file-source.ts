/** Opens whatever file with data a user names; what it is, its first bytes say. A file that begins with a snapshot and is not called .rdb can go on as an AOF. */
import { stat } from 'node:fs/promises';
import { GodwitError } from '../errors/errors.ts';
import { AofFileSource } from './aof/aof-file-source.ts';
import { isUrl, openInput } from './file/open-input.ts';
import type { FileSource, FileSourceOptions } from './file/file-source.ts';
import { RdbFileSource } from './rdb/rdb-file-source.ts';

const PEEK_BYTES = 6;
const RDB_MAGIC = /^(REDIS|VALKEY)/;
const AOF_BEGIN = /^[*#]/;

/**
 * @param place path, `-`, http(s) URL; a folder or manifest of a multi-part AOF
 * @returns a source that stands at `options.from`, as file-source.ts tells
 * @throws GodwitError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_FORMAT_UNKNOWN, FILE_CHANGED, AOF_MANIFEST_INVALID, HTTP_FAILED, CONNECT_FAILED, TLS_FAILED
 */
export async function openFileSource(place: string, options: FileSourceOptions = {}): Promise<FileSource> {
  const path = isUrl(place) && URL.canParse(place) ? new URL(place).pathname : place;
  if (path.endsWith('.manifest') || (await isFolder(place))) return AofFileSource.open(place, options);
  const input = await openInput(place, options);
  try {
    const begin = (await input.peek(PEEK_BYTES)).toString('latin1');
    if (RDB_MAGIC.test(begin) && /\.rdb(\.gz|\.lz4)?$/i.test(path)) return new RdbFileSource(input, options);
    if (RDB_MAGIC.test(begin) || AOF_BEGIN.test(begin) || (begin === '' && /\.aof(\.gz|\.lz4)?$/i.test(path)))
      return new AofFileSource([{ name: '', input }], options);
    throw unknownFormat(input.name, begin);
  } catch (error) {
    await input.close();
    throw error;
  }
}

async function isFolder(place: string): Promise<boolean> {
  if (place === '-' || isUrl(place)) return false;
  const facts = await stat(place).catch(() => null);
  return facts?.isDirectory() ?? false;
}

function unknownFormat(name: string, begin: string): GodwitError {
  const what = begin === '' ? 'is empty' : `begins with ${JSON.stringify(begin)}, which is neither an RDB file nor an AOF`;
  return new GodwitError('FILE_FORMAT_UNKNOWN', `${name} ${what}`, { details: { file: name } });
}
