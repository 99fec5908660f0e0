/** What goes wrong with a file does not change by waiting; its readers have tried again where that helps. */
import { GodwitError, toGodwitError } from '../errors/errors.ts';

export function fileFailure(caught: unknown): GodwitError {
  const error = toGodwitError(caught);
  if (!error.retryable) return error;
  return new GodwitError(error.code, error.message, { retryable: false, fix: error.fix, details: error.details, cause: error });
}
