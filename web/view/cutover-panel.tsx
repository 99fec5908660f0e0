/** How far a cut-over is, what each step has found, and what is to be changed at the clients. */
import type { JSX } from 'preact';
import type { CutoverStatus } from '../../src/observe/cutover-status.ts';
import { clockTime, useWords } from './page-words.ts';
import { Panel } from './panel.tsx';

/** None was asked for: nothing is shown. */
export function CutoverPanel({ cutover }: { readonly cutover: CutoverStatus | null }): JSX.Element | null {
  const words = useWords();
  const texts = words.cutover;
  if (cutover === null) return null;
  const { state, isRehearsal, sinceAt, steps, pausedMs, holdUntilAt, instructions, reason } = cutover;
  const facts = [
    words.alerts.since(clockTime(sinceAt, words)),
    ...(isRehearsal ? [texts.rehearsal] : []),
    ...(pausedMs > 0 ? [texts.stopped(words.duration(pausedMs))] : []),
    ...(holdUntilAt > 0 ? [texts.until(clockTime(holdUntilAt, words))] : []),
  ];
  return (
    <Panel id="cutover" title={texts.title} aside={<span class="quiet">{facts.join(' · ')}</span>}>
      <p>
        <strong>{state}</strong> {reason}
      </p>
      <ol class="events" tabIndex={0} aria-label={texts.title}>
        {steps.map(({ name, at, tookMs, found }) => (
          <li key={`${at} ${name}`}>
            <time>{clockTime(at, words)}</time>
            <span class="number">{words.duration(tookMs)}</span>
            <span class="message">
              {name}: {found.join('; ')}
            </span>
          </li>
        ))}
      </ol>
      {instructions.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </Panel>
  );
}
