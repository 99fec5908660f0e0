/** What the doctor has found beside the job and is not over, each with why it matters and what mends it. */
import type { JSX } from 'preact';
import type { OpenFinding } from '../../src/observe/finding.ts';
import { clockTime, useWords } from './page-words.ts';
import { Panel } from './panel.tsx';

/** None: nothing is shown. */
export function FindingPanel({ findings }: { readonly findings: readonly OpenFinding[] }): JSX.Element | null {
  const words = useWords();
  const texts = words.findings;
  if (findings.length === 0) return null;
  return (
    <Panel id="findings" title={texts.title}>
      <ul class="findings">
        {findings.map(({ check, severity, where, measured, why, mends, sinceAt }) => (
          <li key={`${check} ${where}`} class={severity}>
            <strong>{texts.severities[severity]}</strong> {where}: {measured}{' '}
            <span class="quiet">
              {check}, {words.alerts.since(clockTime(sinceAt, words))}
            </span>
            {why !== '' && <p>{why}</p>}
            {mends.map(({ kind, at, command }) => (
              <p key={command} class="mend">
                <span class="quiet">
                  {texts.mends[kind]} {kind === 'option' ? '' : at}
                </span>{' '}
                <code>{command}</code>
              </p>
            ))}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
