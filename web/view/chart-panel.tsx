/** Speed and lag over the last hour. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { showCount } from '../../src/status/format-quantity.ts';
import type { Series } from '../feed/series.ts';
import type { Theme } from '../words/choice.ts';
import { Chart } from './chart.tsx';
import { useWords } from './page-words.ts';
import { Panel } from './panel.tsx';

const SPANS_MIN = [5, 15, 60] as const;

interface ChartPanelProps {
  readonly series: Series;
  readonly theme: Theme;
  /** A stream is followed, so that there is a lag. */
  readonly hasLag: boolean;
}

export function ChartPanel({ series, theme, hasLag }: ChartPanelProps): JSX.Element {
  const words = useWords();
  const { charts, bytes, duration } = words;
  const [spanMin, setSpanMin] = useState<number>(5);
  const spanMs = spanMin * 60_000;
  const ranges = (
    <div class="ranges" role="group" aria-label={charts.range}>
      {SPANS_MIN.map((count) => (
        <button key={count} type="button" class="plain" aria-pressed={count === spanMin} onClick={() => setSpanMin(count)}>
          {charts.minutes(count)}
        </button>
      ))}
    </div>
  );
  const shared = { series, theme, spanMs };
  return (
    <Panel id="charts" title={charts.title} aside={ranges}>
      <div class="charts">
        {hasLag && <Chart {...shared} title={charts.lagMs} names={['lagMs']} show={duration} />}
        {hasLag && <Chart {...shared} title={charts.lagBytes} names={['lagBytes', 'spoolBytes']} show={bytes} />}
        <Chart {...shared} title={charts.speed} names={['keysPerSecond', 'commandsPerSecond']} show={showCount} />
        <Chart {...shared} title={charts.throughput} names={['bytesPerSecond']} show={bytes} />
      </div>
    </Panel>
  );
}
