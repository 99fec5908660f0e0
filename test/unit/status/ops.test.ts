/** What is in `ops/` uses metrics and labels that are there, and no metric that an operator needs goes unused. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ALERT_RULES } from '../../../src/status/alerts/alert-rules.ts';
import { COUNTED_METRICS, STATUS_METRICS } from '../../../src/status/metrics/metrics-page.ts';
import { PROCESS_METRICS } from '../../../src/status/metrics/process-metrics.ts';

const read = (name: string): string => readFileSync(new URL(`../../../ops/${name}`, import.meta.url), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const { groups } = parse(read('prometheus-alerts.yml')) as { groups: readonly { readonly rules: readonly Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const { panels } = JSON.parse(read('grafana-dashboard.json')) as { panels: readonly Panel[] };

/** Those that Prometheus adds to each series, and `le` of a histogram. */
const GIVEN = ['instance', 'job', 'le'];
const metrics = new Map(
  [...STATUS_METRICS, ...Object.values(COUNTED_METRICS), ...PROCESS_METRICS].flatMap(({ name, kind, labels }) =>
    (kind === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']).map((end) => [`${name}${end}`, [...labels, ...GIVEN]] as const),
  ),
);

/** What of an expression is not there. */
function strangers(expr: string): string[] {
  const found: string[] = [];
  for (const [, name = '', selector = ''] of expr.matchAll(/\b(godwit_[a-z0-9_]+)(?:\{([^}]*)\})?/g)) {
    const labels = metrics.get(name);
    if (labels === undefined) found.push(name);
    for (const [, label = ''] of selector.matchAll(/([a-z_]+) *(?:=~|!~|!=|=)/g)) if (labels?.includes(label) === false) found.push(`${name}{${label}}`);
  }
  const known = new Set([...expr.matchAll(/\bgodwit_[a-z0-9_]+/g)].flatMap(([name]) => metrics.get(name) ?? []));
  for (const [, list = ''] of expr.matchAll(/\b(?:by|on|without) \(([^)]*)\)/g)) {
    found.push(
      ...list
        .split(',')
        .map((label) => label.trim())
        .filter((label) => !known.has(label)),
    );
  }
  return found;
}

describe('ops/prometheus-alerts.yml', () => {
  test.each(rules.map((rule) => [rule.alert, rule] as const))('%s uses what is there, and says what to do', (_name, { expr, labels, annotations }) => {
    expect(strangers(expr)).toEqual([]);
    expect(['warning', 'critical']).toContain(labels.severity);
    expect(Math.min(annotations.summary.length, annotations.description.length)).toBeGreaterThan(20);
    const known = new Set([...expr.matchAll(/\bgodwit_[a-z0-9_]+/g)].flatMap(([name]) => metrics.get(name) ?? []).concat(GIVEN));
    for (const [, label = ''] of `${annotations.summary}${annotations.description}`.matchAll(/\$labels\.(\w+)/g)) expect(known.has(label)).toBe(true);
  });

  test('names are given once, and a stranger would be found', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    expect(strangers('sum by (nobody) (rate(godwit_lag_bites{pipe="x"}[5m])) > godwit_pipeline_lag_bytes{phase="x"}')).toEqual([
      'godwit_lag_bites',
      'godwit_pipeline_lag_bytes{phase}',
      'nobody',
    ]);
  });
});

describe('ops/grafana-dashboard.json', () => {
  const shown = panels.filter(({ type }) => type !== 'row');

  test.each(shown.map((panel) => [panel.title, panel] as const))('%s uses what is there', (_title, { targets = [], description }) => {
    expect(targets.length).toBeGreaterThan(0);
    expect(targets.flatMap(({ expr }) => strangers(expr))).toEqual([]);
    for (const { expr } of targets) expect(expr).toContain('$instance');
    expect(description).toBeTruthy();
  });

  test('panels have numbers of their own and do not lie on each other', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => Array.from({ length: w * h }, (_cell, i) => `${x + (i % w)}:${y + Math.floor(i / w)}`));
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });
});

test('docs/alerts.md has a line for each alert of a job', () => {
  const page = readFileSync(new URL('../../../docs/alerts.md', import.meta.url), 'utf8');
  for (const { name } of ALERT_RULES) expect(page).toContain(`| \`${name}\` |`);
});
