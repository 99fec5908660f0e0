/** One chart: lines over time, drawn by uPlot. What it shows is said in words too, for who cannot see it; the caption has the numbers of now, or of where the pointer is. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Series, SeriesName } from '../feed/series.ts';
import type { Theme } from '../words/choice.ts';
import type { Words } from '../words/en.ts';
import { useWords } from './page-words.ts';

const HEIGHT = 150;
/** So that an axis of bytes has whole KiB and MiB. */
const POWERS = Array.from({ length: 50 }, (_, i) => 2 ** i);
const COLOURS = ['--line-1', '--line-2'];

interface ChartProps {
  readonly title: string;
  readonly names: readonly SeriesName[];
  readonly series: Series;
  readonly spanMs: number;
  readonly theme: Theme;
  /** A value in words. */
  readonly show: (value: number) => string;
}

export function Chart({ title, names, series, spanMs, theme, show }: ChartProps): JSX.Element {
  const words = useWords();
  const { charts } = words;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const isDark = useDarkness(theme);
  const [pointed, setPointed] = useState<number | null>(null);
  const { at, columns } = series.window(names, spanMs);
  const data = [at.map((time) => time / 1000), ...columns] as uPlot.AlignedData;
  useEffect(() => {
    const element = place.current!;
    const made = new uPlot(optionsOf(names, element.clientWidth, show, words, setPointed), data, element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [names.join(), words, isDark]);
  useEffect(() => plot.current?.setData(data), [at.at(-1), at.length, spanMs]);
  const alt = useMemo(() => names.map((name, i) => inWords(name, columns[i], show, words)).join('; '), [at.at(-1), words]);
  return (
    <figure class="chart">
      <figcaption>
        {title}
        {names.map((name, i) => (
          <span key={name} class="key">
            <i class={`line-${i + 1}`} /> {names.length > 1 && charts.series[name]}{' '}
            <b>{show((pointed === null ? columns[i].at(-1) : columns[i][pointed]) ?? -1)}</b>
          </span>
        ))}
        {pointed !== null && at[pointed] !== undefined && <time>{timeOf(at[pointed], words)}</time>}
      </figcaption>
      {at.length === 0 && <p class="quiet">{charts.empty}</p>}
      <div ref={place} role="img" aria-label={`${title}. ${alt}`} />
    </figure>
  );
}

function inWords(name: SeriesName, column: readonly (number | null)[], show: (value: number) => string, { charts }: Words): string {
  const numbers = column.filter((value) => value !== null);
  return charts.alt(charts.series[name], show(numbers.at(-1) ?? -1), show(numbers.length === 0 ? -1 : Math.max(...numbers)));
}

function optionsOf(
  names: readonly SeriesName[],
  width: number,
  show: (value: number) => string,
  words: Words,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const [ink, grid, ...lines] = ['--quiet', '--line', ...COLOURS].map((name) => style.getPropertyValue(name).trim());
  const isBytes = names.some((name) => name.includes('ytes'));
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 4 }, font: '11px system-ui, sans-serif' };
  return {
    width: Math.max(120, width),
    height: HEIGHT,
    series: [
      {},
      ...names.map((_, i) => ({
        stroke: lines[i],
        fill: i === 0 ? `${lines[i]}22` : undefined,
        width: 1.6,
        points: { show: false },
      })),
    ],
    axes: [
      { ...axis, space: 70, size: 24, values: (_, ticks) => ticks.map((seconds) => timeOf(seconds * 1000, words).replace(/:00$/, '')) },
      { ...axis, size: 72, ...(isBytes ? { incrs: POWERS } : {}), values: (_, ticks) => ticks.map((value) => (value === 0 ? '0' : show(value))) },
    ],
    scales: { y: { range: (_, __, max) => [0, Math.max(1, (max ?? 1) * 1.1)] } },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    legend: { show: false },
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
  };
}

function timeOf(at: number, { code }: Words): string {
  return new Date(at).toLocaleTimeString(code, { hour12: false });
}

/** True while the page is dark; the chart's colours are not the style sheet's to change. */
function useDarkness(theme: Theme): boolean {
  const query = useMemo(() => matchMedia('(prefers-color-scheme: dark)'), []);
  const [isSystemDark, setSystemDark] = useState(query.matches);
  useEffect(() => {
    const look = (): void => setSystemDark(query.matches);
    query.addEventListener('change', look);
    return () => query.removeEventListener('change', look);
  }, []);
  return theme === 'auto' ? isSystemDark : theme === 'dark';
}
