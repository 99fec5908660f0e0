/** A state as a shape and a colour: a disc, a ring, a triangle, a cross or a dash, so that colour alone says nothing. What it means stands beside it in words. */
import type { JSX } from 'preact';
import type { Health } from '../judge/health.ts';

type Sign = Health | 'warn';

const SHAPES: Record<Sign, JSX.Element> = {
  good: <circle cx="8" cy="8" r="5.5" fill="currentColor" />,
  busy: <circle cx="8" cy="8" r="4.5" fill="none" stroke="currentColor" stroke-width="2.4" stroke-dasharray="6 3.4" />,
  warn: <path d="M8 1.5L15 14H1zM8 6v4m0 1.2v1.6" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" />,
  bad: <path d="M3.5 3.5l9 9m0-9l-9 9" stroke="currentColor" stroke-width="3" stroke-linecap="round" />,
  idle: <path d="M3.5 8h9" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" />,
};

export function HealthMark({ health }: { readonly health: Sign }): JSX.Element {
  return (
    <svg class={`mark ${health}`} viewBox="0 0 16 16" aria-hidden="true">
      {SHAPES[health]}
    </svg>
  );
}
