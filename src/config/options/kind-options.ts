/** What kind of job `godwit run` does, and what only some of them have: `[scan]`, `[export]` and `[run]`. */
import { booleanType, choiceType, integerType, numbersType, pathType, textsType } from '../option-type.ts';
import { option, optional } from '../option-spec.ts';

const EXPORT_FORMAT_WORDS = ['jsonl', 'json', 'resp', 'cmd', 'aof', 'rdb', 'csv', 'parquet'] as const;

export const KIND_OPTIONS = {
  'scan.full': option(booleanType(), true, 'Go over all keys with SCAN'),
  'scan.notifications': option(booleanType(), false, 'Follow what changes by keyspace notifications'),
  'scan.count': option(integerType({ min: 1, max: 1_000_000_000, or: { word: 'auto', value: 0 } }), 0, 'COUNT of SCAN; auto fits it to the server'),
  'scan.databases': option(numbersType(), [], 'Only these databases; all that hold keys if none is named'),
  'scan.skip_types': option(textsType({ isSplit: true }), [], 'Leave keys of these types out, by the name that TYPE gives'),

  'export.to': optional(pathType('a path'), 'none', 'File that the export writes; its name tells the format, and .gz that it is compressed'),
  'export.format': option(choiceType('auto', ...EXPORT_FORMAT_WORDS), 'auto', 'Format of the export; auto is what the name of the file says'),
  'export.rdb_version': option(integerType({ min: 11, max: 80 }), 11, 'Version of an RDB file that is written: 11, 12 or 80'),
  'export.follow': option(booleanType(), false, 'Write what changes behind the snapshot too, without an end'),

  'run.kind': option(
    choiceType('auto', 'sync', 'scan', 'load', 'export'),
    'auto',
    'What `godwit run` does: auto is export if export.to is given, load if load.file is, else sync',
  ),
} as const;
