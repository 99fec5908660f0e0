/** How far a file has been read, on stderr: one line that is written over on a terminal, else a line every few seconds, so that short runs say nothing. */
import type { FileSource } from '../source/file/file-source.ts';
import { showBytes, showCount, showPercent } from '../status/format-quantity.ts';
import type { OutputStream } from './process-io.ts';

const TERMINAL_EVERY_MS = 200;
const LINE_EVERY_MS = 5000;
const CLEAR_LINE = '\r\u001b[K';

export interface FileProgressLine {
  /** To be called as often as keys come. */
  readonly update: (keys: number) => void;
  /** Takes the line away. */
  readonly end: () => void;
}

export function startFileProgress(stderr: OutputStream, source: FileSource): FileProgressLine {
  const isTerminal = stderr.isTTY === true;
  const everyMs = isTerminal ? TERMINAL_EVERY_MS : LINE_EVERY_MS;
  let lastMs = Date.now();
  let isShown = false;
  return {
    update(keys) {
      const nowMs = Date.now();
      if (nowMs - lastMs < everyMs) return;
      lastMs = nowMs;
      const { bytes, bytesTotal } = source.progress;
      const part = bytesTotal > 0 ? `${showPercent(bytes / bytesTotal)} of ${showBytes(bytesTotal)}` : showBytes(bytes);
      const text = `${showCount(keys)} keys, ${part}`;
      stderr.write(isTerminal ? `${CLEAR_LINE}${text}` : `godwit: ${text}\n`);
      isShown = isTerminal;
    },
    end() {
      if (isShown) stderr.write(CLEAR_LINE);
      isShown = false;
    },
  };
}
