/**
 * The logger of a run: pino, one JSON object per line, every field and message cleaned of secrets first (redaction.ts). Where lines go is
 * the caller's: a stream of the process, or the pretty printer of the command line. Nothing is buffered: a line is with the destination
 * when the call returns, so that a crash loses none.
 */
import { type DestinationStream, pino } from 'pino';
import type { Logger } from './log.ts';
import type { Redactor } from './redaction.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Its level can be changed while it is used. */
export interface LeveledLogger extends Logger {
  level: string;
}

/** Makes a logger that writes lines of `level` and above to `destination`. */
export function createLogger(level: LogLevel, destination: DestinationStream, redactor: Redactor): LeveledLogger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redactor.value(fields) as Record<string, unknown>,
      },
      hooks: {
        logMethod(args, method) {
          const [fields, message] = args as unknown as [object, string];
          // The message goes in as an argument, never as a format: a % in a server's reply is only a percent sign.
          return method.apply(this, [fields, '%s', redactor.text(String(message ?? ''))] as unknown as Parameters<typeof method>);
        },
      },
    },
    destination,
  );
}
