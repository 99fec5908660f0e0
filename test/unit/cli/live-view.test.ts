import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LiveView } from '../../../src/cli/live-view.ts';
import { exampleStatus } from '../status/example-status.ts';
import { FakeOutput } from './fake-io.ts';

/** A terminal that understands what the view writes: cursor moves, clearing, and wrapping at its width. */
class Screen extends FakeOutput {
  #rows: string[] = [''];
  #row = 0;
  cursorShown = true;

  constructor() {
    super(true);
  }

  override write(text: string): void {
    super.write(text);
    for (const [part] of text.matchAll(/\u001b\[\??\d*[A-Za-z]|\n|[^\u001b\n]+/g)) this.#apply(part);
  }

  #apply(part: string): void {
    if (part === '\n') this.#rows[++this.#row] ??= '';
    else if (part === '\u001b[K') this.#rows[this.#row] = this.#rows[this.#row].slice(0, this.#column);
    else if (part === '\u001b[J') this.#rows = [...this.#rows.slice(0, this.#row), ''];
    else if (part === '\u001b[?25l' || part === '\u001b[?25h') this.cursorShown = part.endsWith('h');
    else if (/\u001b\[\d+F/.test(part)) this.#row -= Number(/\d+/.exec(part)![0]);
    else if (!part.startsWith('\u001b')) this.#print(part);
    if (part === '\n' || part.endsWith('F')) this.#column = 0;
  }

  #column = 0;

  #print(part: string): void {
    const row = this.#rows[this.#row];
    this.#rows[this.#row] = row.slice(0, this.#column) + part + row.slice(this.#column + part.length);
    this.#column += part.length;
  }

  /** As a real terminal does: lines that are too long now wrap onto more rows. */
  resize(columns: number): void {
    this.columns = columns;
    this.#rows = this.#rows.flatMap((row) => row.match(new RegExp(`.{1,${columns}}`, 'g')) ?? ['']);
    this.#row = this.#rows.length - 1;
    this.emit('resize');
  }

  get lines(): string[] {
    expect(this.#row).toBeGreaterThanOrEqual(0);
    return this.#rows.map((row) => row.trimEnd());
  }
}

beforeEach(() => void vi.useFakeTimers({ now: exampleStatus().phaseSinceAt }));
afterEach(() => void vi.useRealTimers());

function open(): { screen: Screen; view: LiveView } {
  const screen = new Screen();
  const view = new LiveView({ output: screen, color: false, redact: (text) => text.replaceAll('Valkey', '****') });
  return { screen, view };
}

const headLines = (lines: readonly string[]): string[] => lines.filter((line) => line.startsWith('godwit 0.1.0'));

describe('the live view', () => {
  test('is redrawn in place four times a second', () => {
    const { screen, view } = open();
    view.start(exampleStatus);
    const before = screen.lines;
    vi.advanceTimersByTime(1000);
    expect(headLines(screen.lines)).toEqual(['godwit 0.1.0  full-sync for 1 s  job 10.0.0.1-6379-to-10.0.0.2-6379']);
    expect(screen.lines).toHaveLength(before.length);
    expect(screen.text.match(/full-sync for/g)).toHaveLength(5);
    expect(screen.lines.join('\n')).toContain('**** 8.1.0');
    view.stop();
  });

  test('keeps lines above it, in order, and shows the newest events', () => {
    const { screen, view } = open();
    view.start(exampleStatus);
    view.writeAbove('first line\n');
    vi.advanceTimersByTime(250);
    view.writeAbove('second line\n');
    for (let n = 1; n <= 7; n++) view.addEvent({ at: 0, level: n === 7 ? 'debug' : 'info', kind: 'x', message: `event ${n}`, details: {} });
    vi.advanceTimersByTime(250);
    expect(screen.lines.slice(0, 2)).toEqual(['first line', 'second line']);
    expect(headLines(screen.lines)).toHaveLength(1);
    expect(screen.lines.filter((line) => line.includes('event')).map((line) => line.slice(-1))).toEqual(['2', '3', '4', '5', '6']);
    view.stop();
  });

  test('hides the cursor while it draws and gives it back; the last frame stays', () => {
    const { screen, view } = open();
    view.start(exampleStatus);
    expect(screen.cursorShown).toBe(false);
    view.stop();
    view.stop();
    expect(screen.cursorShown).toBe(true);
    expect(headLines(screen.lines)).toHaveLength(1);
    view.writeAbove('the end\n');
    expect(screen.lines.at(-2)).toBe('the end');
    expect(headLines(screen.lines)).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
    expect(screen.listenerCount('resize')).toBe(0);
  });

  test('leaves nothing behind when it is suspended', () => {
    const { screen, view } = open();
    view.start(exampleStatus);
    view.suspend();
    expect([screen.lines, screen.cursorShown]).toEqual([[''], true]);
    vi.advanceTimersByTime(1000);
    expect(screen.lines).toEqual(['']);
    view.resume();
    expect(headLines(screen.lines)).toHaveLength(1);
    view.stop();
  });

  test.each([40, 60, 140])('follows a resize to %i columns without leaving torn lines', (columns) => {
    const { screen, view } = open();
    view.start(exampleStatus);
    screen.resize(columns);
    vi.advanceTimersByTime(250);
    expect(headLines(screen.lines)).toHaveLength(1);
    expect(screen.lines.filter((line) => line.startsWith('target '))).toHaveLength(1);
    for (const line of screen.lines) expect(line.length).toBeLessThanOrEqual(columns);
    view.stop();
  });

  test('is never higher than the terminal', () => {
    const { screen, view } = open();
    screen.rows = 5;
    view.start(exampleStatus);
    expect(screen.lines.filter((line) => line !== '')).toHaveLength(4);
    view.stop();
  });
});
