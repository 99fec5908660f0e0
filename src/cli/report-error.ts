/** The end of a run that failed: lines for a person on stderr, and the exit code. A stack is only for defects, and only when asked for. */
import { CommanderError } from 'commander';
import { GodwitError, toGodwitError } from '../errors/errors.ts';
import { Redactor } from '../observe/redaction.ts';
import type { CliIo } from './process-io.ts';

const MISUSE_FIX = 'See `godwit --help` or `godwit <command> --help`.';

/** Writes `godwit: [CODE] what. fix` for each problem. Returns the exit code. */
export function reportError(thrown: unknown, io: CliIo, redactor = new Redactor()): number {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
  const error = thrown instanceof CommanderError ? misuse(thrown) : toGodwitError(thrown);
  for (const line of redactor.text(error.toLine()).split('\n')) io.stderr.write(`godwit: ${line}\n`);
  if (error.code === 'INTERNAL') reportDefect(error, io, redactor);
  return error.exitCode;
}

function misuse(error: CommanderError): GodwitError {
  const [first, hint = ''] = error.message.replace(/^error: /, '').split('\n');
  const near = /Did you mean (.*)\?/.exec(hint);
  return new GodwitError('CONFIG_INVALID', first.replace(/\.$/, ''), { fix: near ? `Did you mean ${near[1]}?` : MISUSE_FIX });
}

function reportDefect(error: GodwitError, io: CliIo, redactor: Redactor): void {
  if (wantsStack(io)) {
    const stack = error.cause instanceof Error ? error.cause.stack : error.stack;
    io.stderr.write(`${redactor.text(stack ?? 'no stack')}\n`);
  } else {
    io.stderr.write('godwit: run it again with --log-level debug to see the stack\n');
  }
}

/** The configuration may be what broke, so the plain words of the user decide. */
function wantsStack({ args, env }: CliIo): boolean {
  return env.GODWIT_LOG_LEVEL === 'debug' || args.includes('--log-level=debug') || args[args.indexOf('--log-level') + 1] === 'debug';
}
