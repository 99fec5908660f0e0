/** What every job does before it may write: waits until the target takes writes, and asks before it empties it. */
import { GodwitError, toGodwitError } from '../errors/errors.ts';
import { replyFailure } from '../net/reply-errors.ts';
import type { JobDependencies } from '../observe/job-api.ts';
import { ReplyError } from '../resp/reply.ts';
import type { LastingTrouble } from './lasting-trouble.ts';

const READY_RETRY_MS = 250;

export interface TargetGateOptions {
  /** `keyCount` in all databases. */
  target(): { readonly address: string; ready(): Promise<void>; keyCount(): Promise<number> };
  readonly notReady: LastingTrouble;
  /** --yes */
  readonly yes: boolean;
  readonly confirmFlush: JobDependencies['confirmFlush'];
  isStopAsked(): boolean;
}

export class TargetGate {
  private readonly options: TargetGateOptions;

  constructor(options: TargetGateOptions) {
    this.options = options;
  }

  /** Does it again as long as the target is away, or not ready for writes (OOM, NOREPLICAS, READONLY ...). */
  async whenItTakesWrites<T>(work: () => Promise<T>): Promise<T> {
    const { notReady } = this.options;
    for (;;) {
      try {
        await this.options.target().ready();
        const result = await work();
        notReady.done(Number.POSITIVE_INFINITY, Date.now());
        return result;
      } catch (caught) {
        const error = this.failure(caught);
        if (!error.retryable || this.options.isStopAsked()) throw error;
        if (error.code === 'TARGET_NOT_READY') notReady.met(error.message, Date.now());
        await new Promise((resolve) => setTimeout(resolve, READY_RETRY_MS));
      }
    }
  }

  /** An error reply that nobody has sorted yet is the target's: what is asked of the source is asked without need. */
  failure(caught: unknown): GodwitError {
    return caught instanceof ReplyError ? replyFailure(caught, { role: 'target data', address: this.options.target().address }) : toGodwitError(caught);
  }

  /** @throws FLUSH_NOT_CONFIRMED */
  async mayFlush(): Promise<boolean> {
    const { yes, confirmFlush } = this.options;
    const target = this.options.target();
    const { address } = target;
    const keys = await target.keyCount();
    if (keys === 0) return true;
    if (confirmFlush === undefined ? yes : await confirmFlush({ address, keys })) return true;
    throw new GodwitError('FLUSH_NOT_CONFIRMED', `target ${address} holds ${keys} keys, and emptying it was not confirmed`, { details: { keys } });
  }
}
