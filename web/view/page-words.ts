/** The words of the chosen language, for every part of the page; and numbers and times in its manner. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { en, type Words } from '../words/en.ts';

export const PageWords = createContext<Words>(en);

export function useWords(): Words {
  return useContext(PageWords);
}

/** Time of the day, in the browser's zone; with the day where it is another one. */
export function clockTime(at: number, { code }: Words): string {
  const time = new Date(at);
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday ? time.toLocaleTimeString(code, { hour12: false }) : time.toLocaleString(code, { hour12: false });
}
