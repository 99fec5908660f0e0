/** The alerts that are raised now. */
import type { JSX } from 'preact';
import type { AlertStatus } from '../../src/observe/job-status.ts';
import { clockTime, useWords } from './page-words.ts';
import { Panel } from './panel.tsx';

export function AlertPanel({ alerts }: { readonly alerts: readonly AlertStatus[] }): JSX.Element {
  const words = useWords();
  const texts = words.alerts;
  return (
    <Panel id="alerts" title={texts.title}>
      {alerts.length === 0 ? (
        <p class="quiet">{texts.none}</p>
      ) : (
        <ul class="alerts">
          {alerts.map(({ id, severity, what, sinceAt }) => (
            <li key={id} class={severity === 'critical' ? 'bad' : 'warn'}>
              <strong>{texts.severities[severity]}</strong> {what} <span class="quiet">{texts.since(clockTime(sinceAt, words))}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
