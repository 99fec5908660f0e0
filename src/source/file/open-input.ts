/**
 * Opens the place that a user names: a path, `-` for standard input, or an http(s) URL; and takes off the compression, which is told by the first
 * bytes, not by the name, so that it is found in pipes as well.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { GodwitError, toGodwitError } from '../../errors/errors.ts';
import type { ByteInput } from './byte-input.ts';
import { DiskInput } from './disk-input.ts';
import { fileError } from './file-errors.ts';
import { gunzipped } from './gunzipped.ts';
import { HeldInput } from './held-input.ts';
import { HttpInput, type HttpInputOptions } from './http-input.ts';
import { lz4Chunks } from './lz4-frames.ts';
import { StreamInput } from './stream-input.ts';
import { ENVELOPE_BYTES, hasLz4Envelope } from './valkey-envelope.ts';

export interface OpenInputOptions {
  /** What `-` means: layers below the command line know no process. */
  readonly stdin?: Readable;
  readonly http?: HttpInputOptions;
  /** Where values that are larger than the window wait when the input can be read forward only; the system's place for temporary files unless told. */
  readonly holdDir?: string;
}

interface Packing {
  readonly name: string;
  readonly magic: readonly number[];
  /** The command that unpacks to standard output. */
  readonly unpack: string;
}

const PEEK_BYTES = 8;
const GZIP_MAGIC = [0x1f, 0x8b];
const LZ4_MAGIC = [0x04, 0x22, 0x4d, 0x18];
/** What this version of Node.js cannot unpack, or nobody needs in here. */
const OTHER_PACKINGS: readonly Packing[] = [
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd], unpack: 'zstd -dc' },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], unpack: 'xz -dc' },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], unpack: 'bzip2 -dc' },
  { name: 'zip', magic: [0x50, 0x4b, 0x03, 0x04], unpack: 'unzip -p' },
];

/** True for what is fetched from the web. */
export function isUrl(place: string): boolean {
  return /^https?:\/\//i.test(place);
}

/**
 * @param place path, `-`, or http(s) URL
 * @throws GodwitError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_FORMAT_UNKNOWN (a compression that cannot be undone), RDB_UNSUPPORTED (one of Valkey that cannot), CONFIG_INVALID (a URL of another
 *   scheme), HTTP_FAILED, CONNECT_FAILED, TLS_FAILED
 */
export async function openInput(place: string, options: OpenInputOptions = {}): Promise<ByteInput> {
  const raw = await openRaw(place, options);
  try {
    const input = unpacked(raw, await raw.peek(PEEK_BYTES));
    return input.isSeekable ? input : new HeldInput(input, options.holdDir);
  } catch (error) {
    await raw.close();
    throw error;
  }
}

async function openRaw(place: string, options: OpenInputOptions): Promise<ByteInput> {
  if (place === '-') {
    if (options.stdin === undefined) throw new GodwitError('INTERNAL', 'standard input was not handed over');
    return streamOf('standard input', options.stdin);
  }
  if (isUrl(place)) return HttpInput.open(urlOf(place), options.http);
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(place)?.[1];
  if (scheme !== undefined) {
    throw new GodwitError('CONFIG_INVALID', `files cannot be read from ${scheme}:// URLs`, { fix: 'Give a path, - for standard input, or an http(s) URL.' });
  }
  const facts = await stat(place).catch((error: unknown) => Promise.reject(fileError(place, error)));
  return facts.isFile() || facts.isDirectory() ? DiskInput.open(place) : streamOf(place, createReadStream(place));
}

function urlOf(place: string): URL {
  if (!URL.canParse(place)) throw new GodwitError('CONFIG_INVALID', 'the URL of the file cannot be understood', { fix: 'Check how it is written.' });
  return new URL(place);
}

function streamOf(name: string, stream: Readable): StreamInput {
  return new StreamInput({
    name,
    chunks: stream,
    toError: (error) => fileError(name, error),
    close: async () => void stream.destroy(),
  });
}

/** Takes over the input. */
function lz4Unpacked(raw: ByteInput, envelopeBytes: number): StreamInput {
  return new StreamInput({
    name: raw.name,
    version: raw.version,
    chunks: lz4Chunks(raw, envelopeBytes),
    raw: () => ({ bytes: raw.rawBytes, bytesTotal: raw.rawBytesTotal }),
    toError: toGodwitError,
    close: () => raw.close(),
  });
}

function unpacked(raw: ByteInput, head: Buffer): ByteInput {
  const begins = (magic: readonly number[]): boolean => head.length >= magic.length && magic.every((byte, i) => head[i] === byte);
  if (begins(GZIP_MAGIC)) return gunzipped(raw);
  if (begins(LZ4_MAGIC)) return lz4Unpacked(raw, 0);
  if (hasLz4Envelope(raw.name, head)) return lz4Unpacked(raw, ENVELOPE_BYTES);
  const packing = OTHER_PACKINGS.find(({ magic }) => begins(magic));
  if (packing === undefined) return raw;
  throw new GodwitError('FILE_FORMAT_UNKNOWN', `${raw.name} is compressed with ${packing.name}, which Godwit does not unpack`, {
    fix: `Unpack it on the way: ${packing.unpack} FILE | godwit load - ...`,
    details: { file: raw.name, packing: packing.name },
  });
}
