/** Where the job is on its way, for how long, and how much of the copy is done. */
import type { JSX } from 'preact';
import { showPercent } from '../../src/status/format-quantity.ts';
import type { JobPhase } from '../../src/observe/job-status.ts';
import type { PageStatus } from '../feed/page-status.ts';
import { useWords } from './page-words.ts';
import { Panel } from './panel.tsx';

const SYNC_STEPS: readonly JobPhase[] = ['planning', 'full-sync', 'incremental-sync', 'draining', 'stopped'];
const LOAD_STEPS: readonly JobPhase[] = ['planning', 'loading', 'draining', 'stopped'];

export function Phases({ status, now }: { readonly status: PageStatus; readonly now: number }): JSX.Element {
  const words = useWords();
  const { phase, phaseSinceAt, fullSync, load } = status;
  const steps = load === undefined ? SYNC_STEPS : LOAD_STEPS;
  const shown = phase === 'failed' ? [...steps.slice(0, -1), phase] : steps;
  const current = Math.max(0, shown.indexOf(phase));
  const { progress, timeLeftMs } = fullSync;
  const isCopying = phase === 'full-sync' || phase === 'loading';
  return (
    <Panel id="phases" title={words.phasesTitle}>
      <ol class="steps">
        {shown.map((step, i) => (
          <li key={step} class={i < current ? 'past' : i === current ? `now ${phase}` : ''} aria-current={i === current ? 'step' : undefined}>
            <span class="step-name">{words.phases[step]}</span>
            {i === current && <span class="quiet">{words.forTime(words.duration(Math.max(0, now - phaseSinceAt)))}</span>}
          </li>
        ))}
      </ol>
      {isCopying && (
        <div class="progress">
          <progress aria-label={words.numbers.progress} {...(progress >= 0 ? { value: progress, max: 1 } : {})} />
          <span class="number">{progress >= 0 ? showPercent(progress) : ''}</span>
          <span class="quiet">{timeLeftMs >= 0 ? words.numbers.left(words.duration(timeLeftMs)) : words.numbers.leftUnknown}</span>
        </div>
      )}
    </Panel>
  );
}
