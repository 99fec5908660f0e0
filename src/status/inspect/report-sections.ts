/** An inspection as headings with tables of text, for whatever shows them: a terminal or a page. What is in a cell is not escaped. */
import type { Amount, FoundKey, InspectionReport, PrefixAmount } from '../../rdb/inspect/inspection-report.ts';
import { showBytes, showCount, showDuration, showPercent } from '../format-quantity.ts';
import type { TextColumn } from './text-table.ts';

export interface ReportSection {
  readonly id: string;
  readonly title: string;
  readonly columns: readonly TextColumn[];
  readonly rows: readonly (readonly string[])[];
  /** Share of each row, 0 to 1, where a bar makes sense. */
  readonly bars?: readonly number[];
}

const AMOUNT_COLUMNS: readonly TextColumn[] = [
  { title: 'keys', align: 'right' },
  { title: 'elements', align: 'right' },
  { title: 'memory', align: 'right' },
  { title: 'share', align: 'right' },
];

/** What the head of a report says: names and values. */
export function reportFacts(report: InspectionReport): (readonly [name: string, value: string])[] {
  const { source, totals, memoryModel } = report;
  const facts: (readonly [string, string])[] = [['source', source.name]];
  const format = [source.rdb, source.server].filter((text) => text !== '').join(', ');
  if (format !== '') facts.push(['snapshot', format]);
  if (source.createdMs >= 0) facts.push(['created', new Date(source.createdMs).toISOString()]);
  facts.push(
    ['keys', `${showCount(totals.keys)}, ${showCount(totals.expiring)} with an expiry`],
    ['elements', showCount(totals.elements)],
    ['memory', `${showBytes(totals.bytes)} in keys and values, ${showBytes(totals.tableBytes)} in the tables that find them (estimated)`],
    ['model', `${memoryModel.layout} layout, ${memoryModel.allocator} allocator`],
  );
  if (source.functions > 0) facts.push(['functions', showCount(source.functions)]);
  if (source.scripts > 0) facts.push(['scripts', showCount(source.scripts)]);
  if (source.commandsLeftOut > 0) facts.push(['left out', `${showCount(source.commandsLeftOut)} commands of the AOF: what they change is not counted here`]);
  if (source.filteredOut > 0) facts.push(['filtered', `${showCount(source.filteredOut)} keys were not asked for and are not in this report`]);
  if (source.truncatedBytes > 0) facts.push(['truncated', `${showBytes(source.truncatedBytes)} at the end are no whole command`]);
  return facts;
}

/** @param prefixesMax rows of the table of prefixes */
export function reportSections(report: InspectionReport, prefixesMax: number): ReportSection[] {
  const { totals } = report;
  const amountRow = (name: string, amount: Amount): string[] => [name, ...amountCells(amount, totals)];
  const amounts = (id: string, title: string, column: string, items: readonly (Amount & { readonly name: string })[]): ReportSection => ({
    id,
    title,
    columns: [{ title: column }, ...AMOUNT_COLUMNS],
    rows: items.map((item) => amountRow(item.name, item)),
    bars: items.map(({ bytes }) => share(bytes, totals.bytes)),
  });
  const sections = [
    amounts('types', 'Types', 'type', report.types),
    amounts(
      'encodings',
      'Encodings',
      'encoding',
      report.encodings.map((item) => ({ ...item, name: `${item.type} ${item.encoding}` })),
    ),
    amounts(
      'databases',
      'Databases',
      'database',
      report.databases.map((item) => ({ ...item, name: `db${item.database}` })),
    ),
    amounts('prefixes', 'Prefixes', 'prefix', prefixRows(report.prefixes, prefixesMax)),
    keysBars(amounts('expiry', 'Time to live', 'expires', report.expiry), report.expiry, totals),
    keysBars(
      amounts(
        'sizes',
        'Sizes of keys with their values',
        'size',
        report.sizes.map((item) => ({ ...item, name: `${showBytes(item.fromBytes)} to ${showBytes(item.belowBytes)}` })),
      ),
      report.sizes,
      totals,
    ),
    foundKeys('largest', 'Largest keys by memory', report.largestByMemory),
    foundKeys('longest', 'Largest keys by elements', report.largestByElements),
    ...(report.hottest === null ? [] : [hottestKeys(report.hottest)]),
  ];
  return sections.filter(({ rows }) => rows.length > 0);
}

function amountCells({ keys, elements, bytes }: Amount, totals: Amount): string[] {
  return [showCount(keys), showCount(elements), showBytes(bytes), showPercent(share(bytes, totals.bytes))];
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** Histograms are about how many keys there are. */
function keysBars(section: ReportSection, items: readonly Amount[], totals: Amount): ReportSection {
  return { ...section, bars: items.map(({ keys }) => share(keys, totals.keys)) };
}

/** The tree in lines, largest first, with those left out of each level at its end; cut to the largest `rowsMax`. */
function prefixRows(root: PrefixAmount, rowsMax: number): (Amount & { readonly name: string })[] {
  const nodes: PrefixAmount[] = [];
  const collect = (node: PrefixAmount): void => {
    for (const child of node.children) {
      nodes.push(child);
      collect(child);
    }
  };
  collect(root);
  const shown = new Set(nodes.toSorted((a, b) => b.bytes - a.bytes).slice(0, rowsMax));
  const rows: (Amount & { name: string })[] = [];
  const write = (node: PrefixAmount, depth: number): void => {
    for (const child of node.children) {
      if (!shown.has(child)) continue;
      rows.push({ ...child, name: `${'  '.repeat(depth)}${child.name}` });
      write(child, depth + 1);
    }
  };
  write(root, 0);
  const covered = root.children.filter((child) => shown.has(child));
  const rest = (pick: (amount: Amount) => number): number => pick(root) - covered.reduce((sum, child) => sum + pick(child), 0);
  const keys = rest((amount) => amount.keys);
  if (keys > 0) rows.push({ name: '(others, or without prefix)', keys, elements: rest((amount) => amount.elements), bytes: rest((amount) => amount.bytes) });
  return rows;
}

const KEY_COLUMNS: readonly TextColumn[] = [
  { title: 'key' },
  { title: 'db', align: 'right' },
  { title: 'type' },
  { title: 'encoding' },
  { title: 'elements', align: 'right' },
  { title: 'memory', align: 'right' },
];

function keyCells({ key, database, type, encoding, elements, bytes }: FoundKey): string[] {
  return [key, String(database), type, encoding, showCount(elements), showBytes(bytes)];
}

function foundKeys(id: string, title: string, keys: readonly FoundKey[]): ReportSection {
  return { id, title, columns: KEY_COLUMNS, rows: keys.map(keyCells) };
}

function hottestKeys({ by, keys }: NonNullable<InspectionReport['hottest']>): ReportSection {
  const isFrequency = by === 'frequency';
  return {
    id: 'hottest',
    title: isFrequency ? 'Most used keys (LFU counter)' : 'Last used keys (idle time)',
    columns: [...KEY_COLUMNS, { title: isFrequency ? 'counter' : 'idle', align: 'right' }],
    rows: keys.map((key) => [...keyCells(key), isFrequency ? String(key.frequency) : showDuration(key.idleS * 1000)]),
  };
}
