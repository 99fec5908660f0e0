/** What a verification has found in this run. */
import type { JSX } from 'preact';
import { showCount } from '../../src/status/format-quantity.ts';
import type { VerificationFacts } from '../feed/page-status.ts';
import { differencesOf } from '../judge/verdict.ts';
import type { Words } from '../words/en.ts';
import { FactList } from './fact-list.tsx';
import { clockTime, useWords } from './page-words.ts';
import { Panel } from './panel.tsx';

export function VerificationPanel({ verification }: { readonly verification: VerificationFacts | null }): JSX.Element {
  const words = useWords();
  const texts = words.verification;
  const isWrong = differencesOf(verification).open > 0;
  return (
    <Panel id="verification" title={texts.title}>
      {verification === null ? (
        <p class="quiet">{texts.none}</p>
      ) : (
        <div class={isWrong ? 'bad' : ''}>
          <FactList facts={Object.entries(verification).map(([name, value]) => [texts.facts[name] ?? name, inWords(name, value, words)])} />
        </div>
      )}
    </Panel>
  );
}

/** Names that end in `At`, and `since`, are Unix milliseconds. */
function inWords(name: string, value: unknown, words: Words): string {
  if (typeof value === 'boolean') return value ? words.verification.yes : words.verification.no;
  if (typeof value === 'number') return /(At|^since)$/.test(name) ? (value > 0 ? clockTime(value, words) : '–') : showCount(value);
  if (Array.isArray(value)) return value.length === 0 ? '0' : value.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join(', ');
  return value === null ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}
