/** Arguments of commands that are larger than the target takes: it would close the connection, and the same again after each reconnect. */
import { CommandArguments } from '../command/command-arguments.ts';
import type { Batch } from '../model/batch.ts';
import { tooLarge } from './large-value.ts';

/** @throws VALUE_TOO_LARGE */
export function checkArgumentSizes({ count, bytes, start, end, keyStart, keyEnd }: Batch, bytesMax: number): void {
  const args = new CommandArguments();
  for (let row = 0; row < count; row++) {
    if (end[row] - start[row] <= bytesMax || !args.read(bytes, start[row], end[row])) continue;
    for (let i = 0; i < args.count; i++) {
      const size = args.end(i) - args.start(i);
      if (size > bytesMax) throw tooLarge(bytes.subarray(keyStart[row], keyEnd[row]), size, bytesMax);
    }
  }
}
