/**
 * Where the log of a run goes. Log lines and the live view are on stdout, so that stderr holds nothing but error lines and questions:
 *
 *   json     one JSON object per line: what `auto` means where stdout is no terminal
 *   pretty   the same lines for people
 *   live     the live view, log lines in pretty form above it: what `auto` means on a terminal. The view shows the last events itself, so
 *            only warnings and errors go above it, unless a level was asked for.
 *
 * The log file, where one is asked for, has the JSON lines of the level that was asked for, whatever is shown.
 */
import { prettyFactory } from 'pino-pretty';
import type { LogConfig } from '../config/sync-config.ts';
import { createLogger } from '../observe/create-logger.ts';
import type { Logger } from '../observe/log.ts';
import type { Redactor } from '../observe/redaction.ts';
import { LiveView } from './live-view.ts';
import { LogFile } from './log-file.ts';
import type { CliIo } from './process-io.ts';

export interface RunLog {
  readonly log: Logger;
  readonly format: 'live' | 'pretty' | 'json';
  /** Only where the format is live. */
  readonly view: LiveView | undefined;
}

/** @param levelGiven true if the user chose the level */
export function openRunLog(config: LogConfig, levelGiven: boolean, io: CliIo, redactor: Redactor): RunLog {
  const terminal = io.stdout.isTTY === true && io.env.TERM !== 'dumb';
  const wished = config.format === 'auto' ? 'live' : config.format;
  const format = wished === 'live' && !terminal ? 'json' : wished;
  const file = config.file.path === '' ? undefined : new LogFile(config.file, (message) => void io.stderr.write(`godwit: warning: ${message}\n`));
  const logger = (level: LogConfig['level'], show: (line: string) => void): Logger => createLogger(config.level, shownFrom(level, show, file), redactor);
  if (format === 'json') {
    const log = logger(config.level, (line) => void io.stdout.write(line));
    if (config.format === 'live') log.warn({}, 'log.format is live, but stdout is no terminal: JSON lines instead');
    return { log, format, view: undefined };
  }
  const color = terminal && !io.env.NO_COLOR;
  const pretty = prettyFactory({ colorize: color, messageKey: 'message', translateTime: 'SYS:HH:MM:ss.l' });
  if (format === 'pretty') return { log: logger(config.level, (line) => void io.stdout.write(pretty(line))), format, view: undefined };
  const view = new LiveView({ output: io.stdout, color, redact: (text) => redactor.text(text) });
  const level = levelGiven || config.level === 'error' ? config.level : 'warn';
  return { log: logger(level, (line) => view.writeAbove(pretty(line))), format, view };
}

const LEVELS: readonly LogConfig['level'][] = ['debug', 'info', 'warn', 'error'];

/** Each line goes to the file; only those of the level and above are shown. */
function shownFrom(level: LogConfig['level'], show: (line: string) => void, file: LogFile | undefined): { write(line: string): void } {
  return {
    write(line) {
      file?.write(line);
      const own = (JSON.parse(line) as { level: LogConfig['level'] }).level;
      if (LEVELS.indexOf(own) >= LEVELS.indexOf(level)) show(line);
    },
  };
}
