/** The question before a target is emptied. The answer is the target's address: nobody types that by habit. */
import { createInterface } from 'node:readline';
import { GodwitError } from '../errors/errors.ts';
import type { FlushFacts } from '../observe/job-api.ts';
import { showCount } from '../status/format-quantity.ts';
import type { CliIo } from './process-io.ts';

/** True if there is somebody to ask. */
function canAsk(io: CliIo): boolean {
  return io.stdin.isTTY === true && io.stderr.isTTY === true;
}

/** @throws GodwitError FLUSH_NOT_CONFIRMED where nobody can be asked and --yes was not given. */
export function requireAskable(io: CliIo, config: { readonly flushTarget: boolean; readonly yes: boolean }): void {
  if (!config.flushTarget || config.yes || canAsk(io)) return;
  throw new GodwitError('FLUSH_NOT_CONFIRMED', '--flush-target empties the target, and there is no terminal to ask on', {
    fix: 'Add --yes if all keys of the target may be deleted.',
  });
}

/** Asks, and resolves with true if the address was typed; false for any other answer, the end of input, or `cancelled`. */
export function confirmFlush(io: CliIo, facts: FlushFacts, cancelled: AbortSignal): Promise<boolean> {
  const keys = facts.keys === 1 ? '1 key' : `${showCount(facts.keys)} keys`;
  io.stderr.write(`The target ${facts.address} holds ${keys}. ALL of its databases will be emptied.\nType its address to go on: `);
  // Not a readline terminal: that would take Ctrl-C for itself, which has to stay a signal.
  const reader = createInterface({ input: io.stdin, terminal: false });
  return new Promise((resolve) => {
    const end = (answer: string | undefined): void => {
      cancelled.removeEventListener('abort', cancel);
      // close() tells its listeners at once, and an answer is not the end of the input.
      reader.removeListener('close', cancel);
      reader.close();
      if (answer === undefined) io.stderr.write('\n');
      resolve(answer?.trim() === facts.address);
    };
    const cancel = (): void => end(undefined);
    cancelled.addEventListener('abort', cancel, { once: true });
    reader.once('line', end);
    reader.once('close', cancel);
    if (cancelled.aborted) cancel();
  });
}
