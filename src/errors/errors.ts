/**
 * The error classes of Godwit. One base class; every error carries a stable, documented code (see codes.ts and docs/errors.md),
 * the exit code of the process that it ends, whether a retry can help, typed details, and what the user can do.
 *
 * Lower layers only classify: they throw one of these. One place (pipeline/) decides on retries.
 */
import { type ErrorCode, ERROR_CODES } from './codes.ts';

/** Facts about the failure, safe to log (never a secret). */
export type ErrorDetails = Record<string, string | number | boolean | null | undefined>;

export interface ErrorOptions {
  /** What the user can do about it; overrides the code's general advice. */
  fix?: string;
  details?: ErrorDetails;
  cause?: unknown;
  /** Overrides the code's default. */
  retryable?: boolean;
}

export class GodwitError extends Error {
  readonly code: ErrorCode;
  readonly exitCode: number;
  readonly retryable: boolean;
  readonly fix: string;
  readonly details: ErrorDetails;

  /** @param message what happened and where, without the advice (that is `fix`). */
  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const entry = ERROR_CODES[code];
    this.name = 'GodwitError';
    this.code = code;
    this.exitCode = entry.exitCode;
    this.retryable = options.retryable ?? entry.retryable;
    this.fix = options.fix ?? entry.fix;
    this.details = options.details ?? {};
  }

  /** One line for a person: code, what and where, what to do. */
  toLine(): string {
    return `[${this.code}] ${this.message}${/[.!?]$/.test(this.message) ? '' : '.'} ${this.fix}`.trim();
  }
}

/** Turns anything thrown into a GodwitError; an unknown error becomes INTERNAL with its cause kept. */
export function toGodwitError(error: unknown): GodwitError {
  if (error instanceof GodwitError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new GodwitError('INTERNAL', `unexpected failure: ${message}`, { cause: error });
}
