/** Decodes a value that comes in pieces, cut anywhere: what a piece leaves over is put before the next one, as much as the decoder needs to go on. */
import { GodwitError } from '../errors/errors.ts';
import type { ValueDecoder } from '../rdb/values/value-decoder.ts';

/**
 * @param decoder has begun the value
 * @param pieces each valid until the next one is asked for
 * @param between awaited after each step, so that what was decoded can be taken away
 * @throws GodwitError RDB_CORRUPT
 */
export async function decodePieces(decoder: ValueDecoder, pieces: AsyncIterable<Buffer>, between: () => Promise<void>): Promise<void> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const piece of pieces) {
    const needed = held.length === 0 ? 1 : decoder.needed;
    if (heldBytes + piece.length < needed) {
      held.push(Buffer.from(piece));
      heldBytes += piece.length;
      continue;
    }
    const bytes = held.length === 0 ? piece : Buffer.concat([...held, piece]);
    const at = decoder.feed(bytes, 0, bytes.length);
    held = at < bytes.length ? [Buffer.from(bytes.subarray(at))] : [];
    heldBytes = bytes.length - at;
    await between();
  }
  if (!decoder.done) throw new GodwitError('RDB_CORRUPT', 'the value goes beyond its end');
}
