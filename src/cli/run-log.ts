/**
 * Where the log of a run goes. Log lines and the live view are on stdout, so that stderr holds nothing but error lines and questions:
 *
 *   json     one JSON object per line: what `auto` means where stdout is no terminal
 *   pretty   the same lines for people
 *   live     the live view, log lines in pretty form above it: what `auto` means on a terminal. The view shows the last events itself, so
 *            only warnings and errors go above it, unless a level was asked for.
 */
import { prettyFactory } from 'pino-pretty';
import type { SyncConfig } from '../config/sync-config.ts';
import { createLogger } from '../observe/create-logger.ts';
import type { Logger } from '../observe/log.ts';
import type { Redactor } from '../observe/redaction.ts';
import { LiveView } from './live-view.ts';
import type { CliIo } from './process-io.ts';

export interface RunLog {
  readonly log: Logger;
  readonly format: 'live' | 'pretty' | 'json';
  /** Only where the format is live. */
  readonly view: LiveView | undefined;
}

/** @param levelGiven true if the user chose the level */
export function openRunLog(config: SyncConfig['log'], levelGiven: boolean, io: CliIo, redactor: Redactor): RunLog {
  const terminal = io.stdout.isTTY === true && io.env.TERM !== 'dumb';
  const wished = config.format === 'auto' ? 'live' : config.format;
  const format = wished === 'live' && !terminal ? 'json' : wished;
  if (format === 'json') {
    const log = createLogger(config.level, { write: (line: string) => void io.stdout.write(line) }, redactor);
    if (config.format === 'live') log.warn({}, 'log.format is live, but stdout is no terminal: JSON lines instead');
    return { log, format, view: undefined };
  }
  const color = terminal && !io.env.NO_COLOR;
  const pretty = prettyFactory({ colorize: color, messageKey: 'message', translateTime: 'SYS:HH:MM:ss.l' });
  if (format === 'pretty') {
    const destination = { write: (line: string) => void io.stdout.write(pretty(line)) };
    return { log: createLogger(config.level, destination, redactor), format, view: undefined };
  }
  const view = new LiveView({ output: io.stdout, color, redact: (text) => redactor.text(text) });
  const level = levelGiven || config.level === 'error' ? config.level : 'warn';
  return { log: createLogger(level, { write: (line: string) => view.writeAbove(pretty(line)) }, redactor), format, view };
}
