/** The first glance: one sentence for the whole job, and under it each thing that troubles it, worst first, with its reason. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { PageStatus } from '../feed/page-status.ts';
import type { Health } from '../judge/health.ts';
import { type Level, type Trouble, type Verdict, verdictKey } from '../judge/verdict.ts';
import type { Words } from '../words/en.ts';
import { HealthMark } from './health-mark.tsx';
import { useWords } from './page-words.ts';

const SHOWN_MAX = 6;
const MARKS: Record<Level, Health | 'warn'> = { good: 'good', busy: 'busy', warn: 'warn', bad: 'bad', ended: 'idle' };

interface BannerProps {
  readonly status: PageStatus;
  readonly verdict: Verdict;
  /** The verdict is of then, not of now. */
  readonly isStale: boolean;
}

export function Banner({ status, verdict, isStale }: BannerProps): JSX.Element {
  const words = useWords();
  const { level, troubles } = verdict;
  const said = sentence(status, verdict, words);
  const rest = troubles.length - SHOWN_MAX;
  return (
    <section class={`banner ${isStale ? 'ended' : level}`} data-level={level} aria-label={words.verdict.level[level]}>
      <p class="sentence">
        <HealthMark health={isStale ? 'idle' : MARKS[level]} /> {isStale ? words.verdict.lastSeen(said) : said}
      </p>
      {troubles.length > 0 && (
        <ul class="troubles">
          {troubles.slice(0, SHOWN_MAX).map((trouble, i) => (
            <li key={i} class={trouble.severity}>
              {troubleText(trouble, words)}
            </li>
          ))}
          {rest > 0 && <li class="warn">{words.verdict.more(rest)}</li>}
        </ul>
      )}
      <Announcement verdict={verdict} words={words} />
    </section>
  );
}

function sentence({ phase, lagMs, lagBytes }: PageStatus, { level, troubles }: Verdict, { verdict, duration, bytes, phases }: Words): string {
  const count = (severity: Trouble['severity']): number => troubles.filter((trouble) => trouble.severity === severity).length;
  const behind = phase === 'incremental-sync' && lagMs >= 0 ? verdict.behind(duration(lagMs), bytes(lagBytes)) : '';
  switch (level) {
    case 'bad':
      return verdict.bad(count('bad'));
    case 'warn':
      return [verdict.warn(count('warn')), behind].filter((text) => text !== '').join(' · ');
    case 'ended':
      return verdict.ended;
    case 'good':
      return [verdict.good, behind].filter((text) => text !== '').join(' · ');
    case 'busy':
      return phase === 'draining' ? verdict.draining : phase === 'full-sync' || phase === 'loading' ? verdict.copying : `${verdict.starting}: ${phases[phase]}`;
  }
}

function troubleText(trouble: Trouble, { troubles, duration }: Words): string {
  return troubles[trouble.kind](trouble, duration(trouble.forMs)).trim();
}

/** Read out only when the troubles are others, not when their numbers move. */
function Announcement({ verdict, words }: { readonly verdict: Verdict; readonly words: Words }): JSX.Element {
  const key = `${words.code} ${verdictKey(verdict)}`;
  const text = useMemo(
    () => [words.verdict.level[verdict.level], ...verdict.troubles.slice(0, 3).map((trouble) => troubleText(trouble, words))].join('. '),
    [key],
  );
  return (
    <p class="hidden" role="status">
      {text}
    </p>
  );
}
