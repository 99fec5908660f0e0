/** The formats that data is exported to, and which one the name of a file stands for. */
export const EXPORT_FORMATS = ['jsonl', 'json', 'resp', 'cmd', 'aof', 'rdb', 'csv', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** By the end of the name, a compression aside; undefined if it says none. */
export function formatOfName(path: string): ExportFormat | undefined {
  const ending = /\.([a-z]+)$/i.exec(path.replace(/\.gz$/i, ''))?.[1].toLowerCase();
  const format = ending === 'ndjson' ? 'jsonl' : ending;
  return EXPORT_FORMATS.find((known) => known === format);
}
