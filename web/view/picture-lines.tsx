/** The lines of the picture, behind its cards: where the cards are is measured after each drawing, and drawn again only where that has changed. */
import type { JSX, RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';
import type { PictureLine } from '../judge/topology.ts';

interface PictureLinesProps {
  readonly frame: RefObject<HTMLDivElement | null>;
  readonly lines: readonly PictureLine[];
}

interface Place {
  readonly left: number;
  readonly right: number;
  readonly middle: number;
}

type Places = Readonly<Record<string, Place>>;

export function PictureLines({ frame, lines }: PictureLinesProps): JSX.Element {
  const [places, setPlaces] = useState<Places>({});
  const measure = (): void => {
    const found = frame.current === null ? {} : placesIn(frame.current);
    setPlaces((known) => (JSON.stringify(known) === JSON.stringify(found) ? known : found));
  };
  useLayoutEffect(measure);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(measure);
    if (frame.current !== null) observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  // What is in trouble is drawn last, over the others.
  const drawn = lines.toSorted((a, b) => Number(a.health === 'bad') - Number(b.health === 'bad'));
  return (
    <svg class="lines" aria-hidden="true">
      {drawn.map(({ from, to, health }) => {
        const [a, b] = [places[from], places[to]];
        if (a === undefined || b === undefined) return null;
        const bend = (b.left - a.right) / 2;
        const path = `M${a.right} ${a.middle}C${a.right + bend} ${a.middle} ${b.left - bend} ${b.middle} ${b.left} ${b.middle}`;
        return <path key={`${from} > ${to}`} class={health} d={path} />;
      })}
    </svg>
  );
}

function placesIn(frame: HTMLDivElement): Places {
  const origin = frame.getBoundingClientRect();
  const cards = [...frame.querySelectorAll<HTMLElement>('[data-node]')];
  return Object.fromEntries(
    cards.map((card) => {
      const { left, right, top, bottom } = card.getBoundingClientRect();
      const place = { left: left - origin.left, right: right - origin.left, middle: (top + bottom) / 2 - origin.top };
      return [card.dataset['node'], { left: Math.round(place.left), right: Math.round(place.right), middle: Math.round(place.middle) }] as const;
    }),
  );
}
