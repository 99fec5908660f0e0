/** Which language and which colours: what was chosen before, else what the browser prefers. */
import { en, type Words } from './en.ts';
import { zh } from './zh.ts';

export const LANGUAGES: readonly Words[] = [en, zh];
export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const LANGUAGE_STORED_AS = 'godwit.language';
const THEME_STORED_AS = 'godwit.theme';

export function chosenWords(): Words {
  const wanted = [read(LANGUAGE_STORED_AS), ...navigator.languages].find((code) => /^(en|zh)\b/i.test(code)) ?? 'en';
  return /^zh/i.test(wanted) ? zh : en;
}

export function chosenTheme(): Theme {
  return THEMES.find((theme) => theme === read(THEME_STORED_AS)) ?? 'auto';
}

/** For this page from now on, and for the next visit. */
export function chooseWords({ code }: Words): void {
  write(LANGUAGE_STORED_AS, code);
  applyWords(code);
}

export function chooseTheme(theme: Theme): void {
  write(THEME_STORED_AS, theme);
  applyTheme(theme);
}

export function applyWords(code: string): void {
  document.documentElement.lang = code;
}

export function applyTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme;
}

function read(name: string): string {
  try {
    return localStorage.getItem(name) ?? '';
  } catch {
    return '';
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Not remembered then.
  }
}
