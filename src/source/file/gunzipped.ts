/** The bytes of a gzip file, decompressed as they are asked for. Several members one after the other (as `cat a.gz b.gz` makes) are one file. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { GodwitError } from '../../errors/errors.ts';
import type { ByteInput } from './byte-input.ts';
import { StreamInput } from './stream-input.ts';

const CHUNK_BYTES = 256 * 1024;

/** Takes over the input, which is closed with what is returned. */
export function gunzipped(input: ByteInput): StreamInput {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  // The error comes out of the last stream as well, where it is read.
  pipeline(Readable.from(chunksOf(input), { objectMode: false, highWaterMark: CHUNK_BYTES }), gunzip, () => undefined);
  return new StreamInput({
    name: input.name,
    version: input.version,
    chunks: gunzip,
    raw: () => ({ bytes: input.rawBytes, bytesTotal: input.rawBytesTotal }),
    toError: (error) =>
      error instanceof GodwitError ? error : new GodwitError('FILE_DAMAGED', `${input.name} is damaged gzip: ${(error as Error).message}`, { cause: error }),
    async close() {
      gunzip.destroy();
      await input.close();
    },
  });
}

async function* chunksOf(input: ByteInput): AsyncGenerator<Buffer> {
  for (let offset = 0; ;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const count = await input.read(offset, chunk, 0, chunk.length);
    if (count === 0) return;
    offset += count;
    yield chunk.subarray(0, count);
  }
}
