/** Rows of cells as lines for a terminal: numbers to the right, one column that gives way when there is no room. No line is wider than `width`. */
export interface TextColumn {
  readonly title: string;
  /** Left unless told. */
  readonly align?: 'left' | 'right';
  /** Is cut when the line is too long; the first one unless told. */
  readonly gives?: boolean;
}

const GAP = '  ';
const INDENT = '  ';
const CUT_WIDTH_MIN = 8;

/** @returns lines, the titles first. */
export function textTable(columns: readonly TextColumn[], rows: readonly (readonly string[])[], width: number): string[] {
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => lengthOf(row[i]))));
  const total = INDENT.length + widths.reduce((sum, columnWidth) => sum + columnWidth, 0) + GAP.length * (columns.length - 1);
  const giving = Math.max(
    0,
    columns.findIndex(({ gives }) => gives === true),
  );
  if (total > width) widths[giving] = Math.max(CUT_WIDTH_MIN, widths[giving] - (total - width));
  const lineOf = (cells: readonly string[]): string => {
    const padded = cells.map((cell, i) => {
      const text = cut(cell, widths[i]);
      const space = ' '.repeat(widths[i] - lengthOf(text));
      return columns[i].align === 'right' ? space + text : text + space;
    });
    return cut((INDENT + padded.join(GAP)).trimEnd(), width);
  };
  return [lineOf(columns.map(({ title }) => title)), ...rows.map(lineOf)];
}

/** At most so many characters; the last one says that there were more. */
export function cut(text: string, charactersMax: number): string {
  const characters = Array.from(text);
  return characters.length <= charactersMax ? text : `${characters.slice(0, Math.max(0, charactersMax - 1)).join('')}…`;
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
