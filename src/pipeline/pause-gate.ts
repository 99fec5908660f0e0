/**
 * Where a paused job stands still: before a batch is taken and before it is handed on, so that the target gets nothing new while the source is read into the spool
 * as ever. What is under way when the gate closes is still sent and answered; connections and their keepalive know nothing of it.
 *
 *   open <-> closed -> broken     a job that ends while it is paused does not send what had waited
 */
import { Deferred } from '../async/deferred.ts';
import { GodwitError } from '../errors/errors.ts';

export class PauseGate {
  private opened: Deferred<void> | undefined;

  get isClosed(): boolean {
    return this.opened !== undefined;
  }

  close(): void {
    this.opened ??= new Deferred();
  }

  open(): void {
    this.opened?.resolve();
    this.opened = undefined;
  }

  /** Whoever waits, or comes while it is closed, is refused from now on. Without effect while it is open. */
  break(): void {
    this.opened?.reject(new GodwitError('CONNECTION_LOST', 'the job is stopped'));
  }

  /** Resolves once it is open. @throws CONNECTION_LOST when it was broken */
  async passage(): Promise<void> {
    while (this.opened !== undefined) await this.opened.promise;
  }
}
