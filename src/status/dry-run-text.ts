/** A dry run as text for a terminal. Keys are escaped by then (printable-key.ts); no line is wider than told. */
import type { DryRunReport, DryRunRule } from '../pipeline/dry-run.ts';
import { showBytes, showCount } from './format-quantity.ts';
import { cut, type TextColumn, textTable } from './inspect/text-table.ts';

const COUNT: TextColumn = { title: 'count', align: 'right' };
const AMOUNTS: readonly TextColumn[] = [
  { title: 'keys', align: 'right' },
  { title: 'bytes', align: 'right' },
];

/** Ends with a line feed. @param width columns of the terminal */
export function dryRunText(report: DryRunReport, width: number): string {
  const { passed, dropped, types, databases, rules, unused, undecided, renamed, moved, retimed, collisions, warnings } = report;
  const { function: made } = report;
  const amount = ({ keys, bytes }: { readonly keys: number; readonly bytes: number }): string[] => [showCount(keys), showBytes(bytes)];
  const section = (title: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', title, ...lines]);
  const table = (columns: readonly TextColumn[], rows: readonly (readonly string[])[]): string[] => (rows.length === 0 ? [] : textTable(columns, rows, width));
  const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
  const lines = [
    'Nothing was written: this is what would happen.',
    `passes   ${sumText(passed)}`,
    `dropped  ${sumText(dropped)}`,
    ...section(
      'Rules that decided',
      table([{ title: 'rule', gives: true }, { title: 'effect' }, COUNT, { title: 'such as', gives: false }], rules.map(ruleRow)),
    ),
    ...section('Rules that decided nothing', indented(unused)),
    ...section(
      'Types',
      table(
        [{ title: 'type' }, ...AMOUNTS],
        types.map((one) => [one.type, ...amount(one)]),
      ),
    ),
    ...section(
      'Databases',
      table(
        [{ title: 'database' }, ...AMOUNTS],
        databases.map((one) => [`db${one.database}`, ...amount(one)]),
      ),
    ),
    ...section(`Undecided: ${showCount(undecided.count)} commands`, indented(undecided.samples)),
    ...section(`Renamed: ${showCount(renamed.count)}`, indented(renamed.samples.map(({ from, to }) => `${from} -> ${to}`))),
    ...section('Changed', indented(changes(moved, retimed))),
    ...section(
      `Keys that get one name: ${showCount(collisions.found)}${collisions.isWhole ? '' : ' or more'}`,
      indented([...collisions.samples, ...collisions.possible]),
    ),
    ...(made === null
      ? []
      : section(`Function: given ${showCount(made.given)}, made ${showCount(made.made)} commands, nothing of ${showCount(made.dropped)}`, madeLines(made))),
    ...section('Warnings', indented(warnings)),
  ];
  return `${lines.map((line) => cut(line, width)).join('\n')}\n`;
}

function madeLines({ commands, failures }: NonNullable<DryRunReport['function']>): string[] {
  const failed = failures.count === 0 ? [] : [`  it fails for ${showCount(failures.count)}:`, ...failures.samples.map((line) => `    ${line}`)];
  return [...commands.map(({ name, count }) => `  ${name}  ${showCount(count)}`), ...failed];
}

function sumText({ keys, bytes, commands }: DryRunReport['passed']): string {
  return `${showCount(keys)} keys (${showBytes(bytes)}), ${showCount(commands)} commands`;
}

function ruleRow({ rule, effect, count, samples }: DryRunRule): string[] {
  return [rule, effect, showCount(count), samples.join('  ')];
}

function changes(moved: number, retimed: number): string[] {
  return [...(moved > 0 ? [`${showCount(moved)} in another database`] : []), ...(retimed > 0 ? [`${showCount(retimed)} with another time to live`] : [])];
}
