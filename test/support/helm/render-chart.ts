/** Renders the chart of the project, in place of `helm template`: templates of the subset of template-parser.ts with the functions below. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { type Call, type Node, type Operand, parseTemplate, type Pipeline } from './template-parser.ts';

export const CHART_DIR = fileURLToPath(new URL('../../../container/helm/godwit/', import.meta.url));

export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly [key: string]: unknown;
}

export interface RenderedChart {
  readonly resources: readonly Resource[];
  readonly notes: string;
}

type Values = Readonly<Record<string, unknown>>;

/** @param values over those of the chart @throws Error for what is not of the subset, and what is no YAML */
export function renderChart(values: Values, release = 'sync'): RenderedChart {
  const dir = join(CHART_DIR, 'templates');
  const files = readdirSync(dir).toSorted();
  const texts = new Map(files.map((name) => [name, readFileSync(join(dir, name), 'utf8')]));
  const chart = parse(readFileSync(join(CHART_DIR, 'Chart.yaml'), 'utf8')) as { name: string; version: string; appVersion: string };
  const root = {
    Values: merged(parse(readFileSync(join(CHART_DIR, 'values.yaml'), 'utf8')) as Values, values),
    Chart: { Name: chart.name, Version: chart.version, AppVersion: chart.appVersion },
    Release: { Name: release, Namespace: 'default', Service: 'Helm' },
  };
  const renderer = new Renderer();
  const parsed = new Map([...texts].map(([name, text]) => [name, parseTemplate(text)]));
  for (const nodes of parsed.values()) renderer.define(nodes);
  const rendered = [...parsed].map(([name, nodes]) => [name, renderer.render(nodes, root)] as const);
  const resources = rendered.filter(([name]) => name.endsWith('.yaml')).flatMap(([name, text]) => resourcesOf(name, text));
  return { resources, notes: rendered.find(([name]) => name === 'NOTES.txt')?.[1] ?? '' };
}

function resourcesOf(name: string, text: string): Resource[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors.length > 0) throw new Error(`${name}: ${document.errors[0].message}\n${text}`);
    return (document.toJS() as Resource | null) ?? [];
  });
}

/** As helm does: tables are merged, all else is replaced. */
export function merged(base: Values, over: Values): Values {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) result[key] = isTable(value) && isTable(base[key]) ? merged(base[key], value) : value;
  return result;
}

export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

class Renderer {
  private readonly defined = new Map<string, readonly Node[]>();

  define(nodes: readonly Node[]): void {
    for (const node of nodes) if (node.kind === 'define') this.defined.set(node.name, node.body);
  }

  render(nodes: readonly Node[], dot: unknown): string {
    return nodes.map((node) => this.node(node, dot)).join('');
  }

  private node(node: Node, dot: unknown): string {
    switch (node.kind) {
      case 'text':
        return node.text;
      case 'define':
        return '';
      case 'output':
        return shown(this.pipeline(node.pipeline, dot));
      case 'if':
        return this.render(node.branches.find(({ when }) => isTrue(this.pipeline(when, dot)))?.body ?? node.otherwise, dot);
      case 'with': {
        const value = this.pipeline(node.over, dot);
        return isTrue(value) ? this.render(node.body, value) : '';
      }
      case 'range':
        return (this.pipeline(node.over, dot) as readonly unknown[]).map((item) => this.render(node.body, item)).join('');
    }
  }

  private pipeline(calls: Pipeline, dot: unknown): unknown {
    let value: unknown;
    for (const [index, call] of calls.entries()) value = this.call(call, dot, index === 0 ? [] : [value]);
    return value;
  }

  private call({ name, operands }: Call, dot: unknown, piped: readonly unknown[]): unknown {
    const values = [...operands.map((operand) => this.operand(operand, dot)), ...piped];
    if (name === undefined) {
      if (piped.length > 0) throw new Error('a value takes nothing from a pipe');
      return values[0];
    }
    if (name === 'include') {
      const body = this.defined.get(String(values[0]));
      if (!body) throw new Error(`no template ${String(values[0])}`);
      return this.render(body, values[1]);
    }
    const run = FUNCTIONS[name];
    if (!run) throw new Error(`the function ${name} is not of the subset`);
    return run(...values);
  }

  private operand(operand: Operand, dot: unknown): unknown {
    switch (operand.kind) {
      case 'value':
        return operand.value;
      case 'pipeline':
        return this.pipeline(operand.pipeline, dot);
      case 'path':
        return operand.path.reduce<unknown>((value, key) => {
          if (!isTable(value) || !(key in value)) throw new Error(`there is no .${operand.path.join('.')}`);
          return value[key];
        }, dot);
    }
  }
}

/** Those of sprig and helm, with what is piped as the last argument. */
const FUNCTIONS: Readonly<Record<string, (...values: unknown[]) => unknown>> = {
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
  not: (value) => !isTrue(value),
  contains: (part, text) => String(text).includes(String(part)),
  default: (fallback, value) => (isTrue(value) ? value : fallback),
  dict: (...pairs) => Object.fromEntries(pairs.flatMap((key, index) => (index % 2 === 0 ? [[String(key), pairs[index + 1]]] : []))),
  lower: (text) => String(text).toLowerCase(),
  nindent: (spaces, text) => `\n${String(text).replaceAll(/^/gm, ' '.repeat(Number(spaces)))}`,
  printf: (format, ...values) => String(format).replaceAll('%s', () => shown(values.shift())),
  quote: (value) => JSON.stringify(shown(value)),
  replace: (from, to, text) => String(text).replaceAll(String(from), String(to)),
  sha256sum: (text) => createHash('sha256').update(String(text)).digest('hex'),
  toJson: (value) => JSON.stringify(value),
  toYaml: (value) => stringify(value, { sortMapEntries: true, lineWidth: 0 }).trimEnd(),
  trimSuffix: (suffix, text) => (String(text).endsWith(String(suffix)) ? String(text).slice(0, -String(suffix).length) : text),
  trunc: (length, text) => String(text).slice(0, Number(length)),
};

function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isTable(value) ? Object.keys(value).length > 0 : Boolean(value);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`${JSON.stringify(value)} cannot be written as it is`);
}
