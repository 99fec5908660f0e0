/** The one recovery of a pipeline: whatever breaks at the target, the attempt begins anew, after a pause, until it is over or cannot be cured by waiting. */
import { type GodwitError, toGodwitError } from '../errors/errors.ts';
import { replyFailure } from '../net/reply-errors.ts';
import type { Logger } from '../observe/log.ts';
import { ReplyError } from '../resp/reply.ts';

const RETRY_MS = 200;

export interface Attempts {
  /** Of the target. */
  readonly address: string;
  readonly log: Logger;
  isStopping(): boolean;
  onRetry(): void;
  onEvent(level: 'info' | 'warn' | 'error', kind: string, message: string): void;
}

/** @throws GodwitError that is not retryable */
export async function againAndAgain<Outcome>(attempt: () => Promise<Outcome | 'again'>, attempts: Attempts): Promise<Outcome | 'stopped'> {
  for (;;) {
    try {
      const outcome = await attempt();
      if (outcome !== 'again') return outcome;
    } catch (caught) {
      const error: GodwitError =
        caught instanceof ReplyError ? replyFailure(caught, { role: 'target data', address: attempts.address }) : toGodwitError(caught);
      if (attempts.isStopping()) return 'stopped';
      if (!error.retryable) throw error;
      attempts.onRetry();
      attempts.log.debug({ code: error.code, error: error.message }, 'the target is looked at again');
      if (error.code === 'TARGET_NOT_READY') attempts.onEvent('warn', 'target.not-ready', error.message);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
