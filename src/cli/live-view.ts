/**
 * Draws the live view in place on a terminal, four times a second: the cursor goes up over the last frame and each line is written over.
 * Log lines go above it and stay in the terminal's history. The last frame stays when the view ends. Nothing but plain ANSI is used:
 *
 *   ESC [ n F  up n lines, to the first column      ESC [ K  clear to the end of the line
 *   ESC [ J    clear to the end of the screen       ESC [ ? 25 l / h  hide / show the cursor
 */
import type { JobEvent } from '../observe/job-api.ts';
import type { JobStatus } from '../observe/job-status.ts';
import { renderView } from '../status/render-view.ts';
import type { OutputStream } from './process-io.ts';

const REDRAW_MS = 250;
const EVENTS_SHOWN = 5;
const WIDTH_DEFAULT = 80;
const HEIGHT_DEFAULT = 24;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const STYLE = /\u001b\[[0-9;]*m/g;

export interface LiveViewOptions {
  readonly output: OutputStream;
  readonly color: boolean;
  /** Cleans a text of secrets. */
  readonly redact: (text: string) => string;
  readonly now?: () => number;
}

export class LiveView {
  readonly #options: LiveViewOptions;
  readonly #events: JobEvent[] = [];
  #status: (() => JobStatus) | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Columns that each line of the frame on the screen takes; empty when there is none. */
  #drawn: number[] = [];

  constructor(options: LiveViewOptions) {
    this.#options = options;
  }

  start(status: () => JobStatus): void {
    this.#status = status;
    this.resume();
  }

  /** What is drawn from now on. */
  show(status: () => JobStatus): void {
    if (this.#status) this.#status = status;
  }

  addEvent(event: JobEvent): void {
    if (event.level === 'debug') return;
    this.#events.push(event);
    if (this.#events.length > EVENTS_SHOWN) this.#events.shift();
  }

  /** Writes whole lines above the view. */
  writeAbove(text: string): void {
    this.#options.output.write(`${this.#erase()}${text}`);
    if (this.#timer) this.#draw();
  }

  /** Takes the view off the screen, e.g. for a question. */
  suspend(): void {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#options.output.off('resize', this.#draw);
    this.#options.output.write(`${this.#erase()}${SHOW_CURSOR}`);
  }

  resume(): void {
    if (this.#timer || !this.#status) return;
    this.#options.output.write(HIDE_CURSOR);
    this.#options.output.on('resize', this.#draw);
    // Referenced on purpose: a job that waits with unreferenced timers alone must not let the process end.
    this.#timer = setInterval(this.#draw, REDRAW_MS);
    this.#draw();
  }

  /** Draws the last frame, leaves it there, and gives the cursor back. May be called again. */
  stop(): void {
    if (!this.#timer) return;
    this.#draw();
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#status = undefined;
    this.#drawn = [];
    this.#options.output.off('resize', this.#draw);
    this.#options.output.write(SHOW_CURSOR);
  }

  readonly #draw = (): void => {
    if (!this.#status) return;
    const { output, color, redact, now = Date.now } = this.#options;
    const width = output.columns ?? WIDTH_DEFAULT;
    const height = Math.max(1, (output.rows ?? HEIGHT_DEFAULT) - 1);
    const lines = redact(renderView(this.#status(), { width, color, height, events: this.#events, now: now() })).split('\n');
    const up = this.#up();
    this.#drawn = lines.map((line) => line.replace(STYLE, '').length);
    output.write(`${up}${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`);
  };

  #erase(): string {
    const up = this.#up();
    this.#drawn = [];
    return up === '' ? '' : `${up}\u001b[J`;
  }

  /** To the first line of the frame. A terminal that became narrower has wrapped its lines, so they count by the width of now. */
  #up(): string {
    const width = this.#options.output.columns ?? WIDTH_DEFAULT;
    const rows = this.#drawn.reduce((sum, columns) => sum + Math.max(1, Math.ceil(columns / width)), 0);
    return rows === 0 ? '' : `\u001b[${rows}F`;
  }
}
