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
import { createLogger, type LeveledLogger, type LogLevel } from '../observe/create-logger.ts';
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
  /** Lines of this level and above are written and shown from now on. */
  setLevel(level: LogLevel): void;
}

/** @param levelGiven true if the user chose the level */
export function openRunLog(config: LogConfig, levelGiven: boolean, io: CliIo, redactor: Redactor): RunLog {
  const terminal = io.stdout.isTTY === true && io.env.TERM !== 'dumb';
  const wished = config.format === 'auto' ? 'live' : config.format;
  const format = wished === 'live' && !terminal ? 'json' : wished;
  const file = config.file.path === '' ? undefined : new LogFile(config.file, (message) => void io.stderr.write(`godwit: warning: ${message}\n`));
  const opened = (shownLevel: LogLevel, show: (line: string) => void): Pick<RunLog, 'log' | 'setLevel'> => {
    const shown = { level: shownLevel };
    const log = createLogger(config.level, shownFrom(shown, show, file), redactor);
    return { log, setLevel: (level) => setLevel(log, shown, level) };
  };
  if (format === 'json') {
    const made = opened(config.level, (line) => void io.stdout.write(line));
    if (config.format === 'live') made.log.warn({}, 'log.format is live, but stdout is no terminal: JSON lines instead');
    return { ...made, format, view: undefined };
  }
  const color = terminal && !io.env.NO_COLOR;
  const pretty = prettyFactory({ colorize: color, messageKey: 'message', translateTime: 'SYS:HH:MM:ss.l' });
  if (format === 'pretty') return { ...opened(config.level, (line) => void io.stdout.write(pretty(line))), format, view: undefined };
  const view = new LiveView({ output: io.stdout, color, redact: (text) => redactor.text(text) });
  const level = levelGiven || config.level === 'error' ? config.level : 'warn';
  return { ...opened(level, (line) => view.writeAbove(pretty(line))), format, view };
}

function setLevel(log: LeveledLogger, shown: { level: LogLevel }, level: LogLevel): void {
  log.level = level;
  shown.level = level;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Each line goes to the file; only those of the level and above are shown. */
function shownFrom(shown: { readonly level: LogLevel }, show: (line: string) => void, file: LogFile | undefined): { write(line: string): void } {
  return {
    write(line) {
      file?.write(line);
      const own = (JSON.parse(line) as { level: LogLevel }).level;
      if (LEVELS.indexOf(own) >= LEVELS.indexOf(shown.level)) show(line);
    },
  };
}
