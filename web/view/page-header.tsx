/** What this is, whether it is live, and the two choices that a reader has. */
import type { JSX } from 'preact';
import type { Contact } from '../feed/live-feed.ts';
import type { PageStatus } from '../feed/page-status.ts';
import type { Health } from '../judge/health.ts';
import { LANGUAGES, THEMES, type Theme } from '../words/choice.ts';
import type { Words } from '../words/en.ts';
import { HealthMark } from './health-mark.tsx';
import { useWords } from './page-words.ts';

interface PageHeaderProps {
  readonly status: PageStatus | null;
  readonly contact: Contact;
  readonly theme: Theme;
  readonly onWords: (words: Words) => void;
  readonly onTheme: (theme: Theme) => void;
}

const MARKS: Record<Contact['state'], Health> = { connecting: 'busy', live: 'good', polling: 'good', lost: 'bad' };

export function PageHeader({ status, contact, theme, onWords, onTheme }: PageHeaderProps): JSX.Element {
  const words = useWords();
  return (
    <header class="page-head">
      <h1>
        Godwit
        {status !== null && (
          <span class="job">
            <span class="quiet">{words.head.job}</span> {status.job}
          </span>
        )}
      </h1>
      <p class="contact" data-contact={contact.state}>
        <HealthMark health={MARKS[contact.state]} /> {words.head.contact[contact.state]}
      </p>
      <label>
        <span class="hidden">{words.head.language}</span>
        <select value={words.code} onChange={({ currentTarget }) => onWords(LANGUAGES[currentTarget.selectedIndex])}>
          {LANGUAGES.map(({ code, own }) => (
            <option key={code} value={code} lang={code}>
              {own}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="hidden">{words.head.theme}</span>
        <select value={theme} onChange={({ currentTarget }) => onTheme(THEMES[currentTarget.selectedIndex])}>
          {THEMES.map((name) => (
            <option key={name} value={name}>
              {words.head.themes[name]}
            </option>
          ))}
        </select>
      </label>
    </header>
  );
}
