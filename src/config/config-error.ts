/** All that is wrong with a configuration, as one error: people mend a file once, not once per mistake. */
import type { ErrorCode } from '../errors/codes.ts';
import { ERROR_CODES } from '../errors/codes.ts';
import { GodwitError } from '../errors/errors.ts';

export interface ConfigProblem {
  readonly code: ErrorCode;
  /** What and where, without secrets. */
  readonly message: string;
  /** Overrides the code's general advice. */
  readonly fix?: string;
}

export class ConfigError extends GodwitError {
  readonly problems: readonly ConfigProblem[];

  /** @param problems one at least; the first gives the error its code. */
  constructor(problems: readonly ConfigProblem[], cause?: unknown) {
    const [first] = problems;
    super(first.code, problems.map((problem) => problem.message).join('; '), {
      fix: first.fix ?? ERROR_CODES[first.code].fix,
      details: { problems: problems.length },
      cause,
    });
    this.problems = problems;
  }

  /** One line per problem, each with its code and its fix. */
  override toLine(): string {
    return this.problems.map((problem) => new GodwitError(problem.code, problem.message, { fix: problem.fix }).toLine()).join('\n');
  }
}
