/** Opens whatever file with data a user names; what it is, its first bytes say. A file that begins with a snapshot and is not called .rdb can go on as an AOF. */
import { stat } from 'node:fs/promises';
import { GodwitError } from '../errors/errors.ts';
import type { FileFormat } from '../model/file-format.ts';
import { AofFileSource } from './aof/aof-file-source.ts';
import { isUrl, openInput } from './file/open-input.ts';
import type { FileSource, FileSourceOptions } from './file/file-source.ts';
import { JsonFileSource } from './json/json-file-source.ts';
import { RdbFileSource } from './rdb/rdb-file-source.ts';

const PEEK_BYTES = 64;
const SHOWN_CHARS = 6;
const RDB_MAGIC = /^(REDIS|VALKEY)/;
const AOF_BEGIN = /^[*#]/;
const JSON_BEGIN = /^[ \t\r\n]*([{[])/;
const CSV_BEGIN = /^db,key,/;
const PARQUET_BEGIN = /^PAR1/;

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
    const format = options.format ?? formatOf(begin, path);
    if (format === 'rdb') return new RdbFileSource(input, options);
    if (format === 'aof' || format === 'resp') return new AofFileSource([{ name: '', input }], options);
    if (format !== undefined) return new JsonFileSource(input, format, options);
    throw unknownFormat(input.name, begin);
  } catch (error) {
    await input.close();
    throw error;
  }
}

/** By the first bytes; by the name where a snapshot might go on with commands, or where there are no bytes. */
function formatOf(begin: string, path: string): FileFormat | undefined {
  const extension = /\.([a-z]+)(?:\.gz|\.lz4)?$/i.exec(path)?.[1]?.toLowerCase();
  if (RDB_MAGIC.test(begin)) return extension === 'rdb' ? 'rdb' : 'aof';
  if (AOF_BEGIN.test(begin)) return 'aof';
  const json = JSON_BEGIN.exec(begin)?.[1];
  if (json !== undefined) return json === '{' ? 'jsonl' : 'json';
  return begin === '' && (extension === 'aof' || extension === 'resp' || extension === 'jsonl') ? extension : undefined;
}

async function isFolder(place: string): Promise<boolean> {
  if (place === '-' || isUrl(place)) return false;
  const facts = await stat(place).catch(() => null);
  return facts?.isDirectory() ?? false;
}

function unknownFormat(name: string, begin: string): GodwitError {
  const exported = CSV_BEGIN.test(begin) ? 'CSV' : PARQUET_BEGIN.test(begin) ? 'Parquet' : undefined;
  const details = { file: name };
  if (exported !== undefined) {
    return new GodwitError('FILE_FORMAT_UNKNOWN', `${name} is ${exported}, which has not all that is needed to make keys of it`, {
      fix: 'Export to jsonl (or json, resp, aof, rdb), which can be loaded.',
      details,
    });
  }
  const shown = JSON.stringify(begin.slice(0, SHOWN_CHARS));
  const what = begin === '' ? 'is empty' : `begins with ${shown}, which is neither an RDB file, nor an AOF or commands in RESP, nor JSON`;
  return new GodwitError('FILE_FORMAT_UNKNOWN', `${name} ${what}`, { details });
}
