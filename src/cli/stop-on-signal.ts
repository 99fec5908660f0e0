/**
 * What signals do to a running job. The first SIGINT or SIGTERM drains it; the second ends it at once; a third does not even wait for that.
 * Whichever came first gives the exit code: 130 or 143.
 */
import type { SyncJobApi } from '../observe/job-api.ts';
import type { CliIo, StopSignal } from './process-io.ts';

const ABORT_WAIT_MS = 2000;
const EXIT_CODES: Record<StopSignal, number> = { SIGINT: 130, SIGTERM: 143 };

export interface StopOnSignal {
  /** The first signal that came. */
  readonly signal: StopSignal | undefined;
  readonly exitCode: number;
  readonly aborted: boolean;
  /** Resolves when an aborted job has had its time to end. */
  readonly forced: Promise<void>;
  /** Signals are the process's own again. */
  dispose(): void;
}

/** @param onFirst called with the first signal, after the drain has begun; onSecond with the one that aborts. */
export function stopOnSignal(io: CliIo, job: SyncJobApi, onFirst: (signal: StopSignal) => void, onSecond: () => void): StopOnSignal {
  let first: StopSignal | undefined;
  let aborted = false;
  let timer: NodeJS.Timeout | undefined;
  let force = (): void => {};
  const forced = new Promise<void>((resolve) => (force = resolve));
  const receive = (signal: StopSignal): void => {
    if (first === undefined) {
      first = signal;
      job.stop();
      onFirst(signal);
    } else if (!aborted) {
      aborted = true;
      timer = setTimeout(force, ABORT_WAIT_MS);
      job.abort();
      onSecond();
    } else {
      force();
    }
  };
  const undo = (['SIGINT', 'SIGTERM'] as const).map((signal) => io.onSignal(signal, () => receive(signal)));
  return {
    get signal() {
      return first;
    },
    get exitCode() {
      return first === undefined ? 0 : EXIT_CODES[first];
    },
    get aborted() {
      return aborted;
    },
    forced,
    dispose() {
      clearTimeout(timer);
      for (const remove of undo) remove();
    },
  };
}
