/**
 * The text of `/metrics`, read as the exposition format says, and held to what promtool asks for as well: a HELP and a TYPE before each metric, each metric in one
 * piece, no series twice, counters that end in `_total`, names of base units, whole histograms.
 *
 *   text   = { family } ;   family = "# HELP " name " " help LF  "# TYPE " name " " kind LF  { name [ "{" labels "}" ] " " number LF }
 *   labels = label "=" '"' { character | "\\" ( "\\" | '"' | "n" ) } '"' { "," ... }
 */
interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly help: string;
  kind: string;
  readonly series: Series[];
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/;
const NUMBER = /^(?:[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?|[-+]Inf|NaN)$/;
const ESCAPES: Readonly<Record<string, string>> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

export class Metrics {
  private readonly families = new Map<string, Family>();

  /** @throws Error with what is wrong with the text */
  constructor(text: string) {
    if (!text.endsWith('\n')) throw new Error('the text does not end with a line end');
    let family: Family | undefined;
    for (const line of text.split('\n')) {
      if (line === '') continue;
      family = line.startsWith('# ') ? this.head(line, family) : sampleOf(line, family);
    }
    for (const one of this.families.values()) checkFamily(one);
  }

  get names(): readonly string[] {
    return [...this.families.keys()];
  }

  /** The one series with these labels (others may be there too); undefined if there is none. @throws Error if there are several */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.all(name, labels);
    if (found.length > 1) throw new Error(`${name} has ${found.length} series with ${JSON.stringify(labels)}`);
    return found[0];
  }

  all(name: string, labels: Readonly<Record<string, string>> = {}): number[] {
    const family = this.families.get(name) ?? this.families.get(name.replace(/_(?:bucket|sum|count)$/, ''));
    const matching = family?.series.filter((one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value));
    return (matching ?? []).map(({ value }) => value);
  }

  private head(line: string, before: Family | undefined): Family {
    const [, word = '', name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (word === 'HELP') {
      if (this.families.has(name)) throw new Error(`${name} comes in two pieces`);
      const family = { name, help: rest, kind: '', series: [] };
      this.families.set(name, family);
      return family;
    }
    if (word !== 'TYPE' || before?.name !== name || before.kind !== '') throw new Error(`this is no HELP, and no TYPE of it: ${line}`);
    before.kind = rest;
    return before;
  }
}

function sampleOf(line: string, family: Family | undefined): Family {
  const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
  const base = family?.kind === 'histogram' ? name.replace(/_(?:bucket|sum|count)$/, '') : name;
  if (family === undefined || base !== family.name || !NUMBER.test(value)) throw new Error(`this is no sample of ${family?.name}: ${line}`);
  const series = { name, labels: labelsOf(labels), value: Number(value.replace('Inf', 'Infinity')) };
  const key = seriesKey(series);
  if (family.series.some((one) => seriesKey(one) === key)) throw new Error(`there are two of ${key}`);
  family.series.push(series);
  return family;
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== '';) {
    const [whole, name = '', value = ''] = LABEL.exec(rest) ?? [];
    if (whole === undefined) throw new Error(`these are no labels: ${rest}`);
    if (name in labels) throw new Error(`the label ${name} is there twice: ${text}`);
    labels[name] = value.replaceAll(/\\./g, (escaped) => ESCAPES[escaped] ?? escaped);
    rest = rest.slice(whole.length);
  }
  return labels;
}

function seriesKey({ name, labels }: Series): string {
  return JSON.stringify([
    name,
    ...Object.entries(labels)
      .map((pair) => pair.join('='))
      .toSorted(),
  ]);
}

function checkFamily({ name, kind, series }: Family): void {
  if (!['counter', 'gauge', 'histogram'].includes(kind)) throw new Error(`${name} has no type, or ${kind}`);
  if ((kind === 'counter') !== name.endsWith('_total')) throw new Error(`${name}: a counter ends in _total, and nothing else does`);
  if (/_(?:ms|milliseconds|kb|mb|percent)(?:_|$)/.test(name)) throw new Error(`${name} is in no base unit`);
  for (const count of series.filter((one) => kind === 'histogram' && one.name.endsWith('_count'))) {
    const isSame = (one: Series): boolean => Object.entries(count.labels).every(([label, value]) => one.labels[label] === value);
    const buckets = series.filter((one) => one.name.endsWith('_bucket') && isSame(one)).map((one) => one.value);
    if (buckets.at(-1) !== count.value || buckets.some((value, i) => value < (buckets[i - 1] ?? 0))) throw new Error(`${name}: its buckets do not add up`);
  }
}
