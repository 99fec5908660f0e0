/** What has happened, newest first, and the last error. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { showCount } from '../../src/status/format-quantity.ts';
import type { PageEvent, PageStatus } from '../feed/page-status.ts';
import { clockTime, useWords } from './page-words.ts';
import { Panel } from './panel.tsx';

interface EventPanelProps {
  /** Newest first. */
  readonly events: readonly PageEvent[];
  readonly status: PageStatus;
}

export function EventPanel({ events, status: { errors } }: EventPanelProps): JSX.Element {
  const words = useWords();
  const texts = words.events;
  const [isOnlyWarnings, setOnlyWarnings] = useState(false);
  const shown = events.filter(({ level }) => !isOnlyWarnings || level === 'warn' || level === 'error');
  const filter = (
    <label>
      <input type="checkbox" checked={isOnlyWarnings} onChange={({ currentTarget }) => setOnlyWarnings(currentTarget.checked)} /> {texts.only}
    </label>
  );
  return (
    <Panel id="events" title={texts.title} aside={filter}>
      {errors.last !== null && (
        <p class="last-error">
          <strong>{texts.last}</strong> <time>{clockTime(errors.last.at, words)}</time> {errors.last.code}: {errors.last.message}
        </p>
      )}
      {errors.retried + errors.deadLetters > 0 && <p class="quiet">{texts.counts(showCount(errors.retried), showCount(errors.deadLetters))}</p>}
      {shown.length === 0 ? (
        <p class="quiet">{events.length === 0 ? texts.none : texts.noneOfThese}</p>
      ) : (
        <ol class="events" tabIndex={0} aria-label={texts.title}>
          {shown.map(({ at, level, kind, message }) => (
            <li key={`${at} ${kind} ${message}`} class={level}>
              <time>{clockTime(at, words)}</time>
              <span class="level">{texts.levels[level]}</span>
              <span class="message">
                {message} <span class="quiet">{kind}</span>
              </span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
