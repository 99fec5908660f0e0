/**
 * How much is read, and sent, at a time: over a long line each batch waits for a round trip, a transaction alone, others a few together, so that batches have to be as
 * large as what the line and the target take in that time. What is not there yet is not waited for: a batch is as large only while the target is behind.
 */

/** That a target is given in a ms. Servers take about half of it in commands of 100 bytes. */
const BYTES_PER_MS = 80 * 1024;
/** Longer transactions would keep the target from its other clients for too long. */
const WINDOW_BYTES_MAX = 2 * 1024 * 1024;
/** Columns of a row take 60 bytes, in each of the batches that are in flight. */
const ROWS_MAX = 40_000;

/** @param nearBytes for a target that is near @returns a multiple of it, by powers of two */
export function windowBytesAt(roundTripMs: number, nearBytes: number): number {
  let bytes = nearBytes;
  while (bytes < Math.min(WINDOW_BYTES_MAX, roundTripMs * BYTES_PER_MS)) bytes *= 2;
  return bytes;
}

/** How many rows a batch has room for that is read through such a window. */
export function rowsAt(windowBytes: number, nearBytes: number, nearRows: number): number {
  return Math.min(ROWS_MAX, (nearRows * windowBytes) / nearBytes);
}
