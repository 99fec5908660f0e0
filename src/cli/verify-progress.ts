/** How far a verification is, on stderr: one line that is written over on a terminal, else a line every few seconds, so that short runs say nothing. */
import type { VerifyProgress } from '../pipeline/verify/verify-result.ts';
import { showCount, showDuration, showPercent } from '../status/format-quantity.ts';
import type { OutputStream } from './process-io.ts';

const TERMINAL_EVERY_MS = 200;
const LINE_EVERY_MS = 5000;
const CLEAR_LINE = '\r\u001b[K';
const PHASES = { source: 'keys of the source', target: 'keys of the target', settling: 'looking again at what differed', done: 'done' } as const;

/** @returns takes the line away and ends it; may be called again */
export function startVerifyProgress(stderr: OutputStream, progress: () => VerifyProgress): () => void {
  const isTerminal = stderr.isTTY === true;
  let isShown = false;
  const show = (): void => {
    const { phase, keysDone, keysTotal, suspects, differences, timeLeftMs } = progress();
    const share = keysTotal === 0 ? '' : `${showPercent(keysDone / keysTotal)}, ${showCount(keysDone)} keys, `;
    const left = timeLeftMs >= 0 && phase !== 'settling' ? `, ${showDuration(timeLeftMs)} left` : '';
    const text = `${share}${PHASES[phase]}, ${showCount(suspects)} to be looked at again, ${showCount(differences)} differ${left}`;
    stderr.write(isTerminal ? `${CLEAR_LINE}${text}` : `godwit: ${text}\n`);
    isShown = isTerminal;
  };
  const timer = setInterval(show, isTerminal ? TERMINAL_EVERY_MS : LINE_EVERY_MS);
  return () => {
    clearInterval(timer);
    if (isShown) stderr.write(CLEAR_LINE);
    isShown = false;
  };
}
