/** Said plainly, and before everything else: what is on the page is not how it is. */
import type { JSX } from 'preact';
import type { JobPhase } from '../../src/observe/job-status.ts';
import { clockTime, useWords } from './page-words.ts';

interface LostContactProps {
  /** Browser's time, Unix milliseconds. */
  readonly heardAt: number;
  /** Phase when it was last seen; null if it never was. */
  readonly phase: JobPhase | null;
}

export function LostContact({ heardAt, phase }: LostContactProps): JSX.Element {
  const words = useWords();
  const { lost } = words;
  const isEnd = phase === 'draining' || phase === 'stopped';
  const text = phase === null ? lost.never : isEnd ? lost.ended(words.phases[phase]) : lost.text;
  return (
    <div class={`lost ${isEnd ? 'ended' : ''}`} role="alert">
      <strong>{lost.title(clockTime(heardAt, words))}</strong>
      <p>{text}</p>
    </div>
  );
}
