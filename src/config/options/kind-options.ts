/** What kind of job `godwit run` does, and what only some of them have: `[scan]`, `[export]` and `[run]`. */
import { booleanType, choiceType, integerType, numbersType, pathType, sizeType, textsType } from '../option-type.ts';
import { option, optional } from '../option-spec.ts';

const MANY = 1_000_000_000;
const TIB = 1024 ** 4;
const NO_LIMIT = { word: 'none', value: 0 } as const;
const named = <Spec>(flag: string, spec: Spec): Spec & { readonly flag: string } => ({ ...spec, flag });

const EXPORT_FORMAT_WORDS = ['jsonl', 'json', 'resp', 'cmd', 'aof', 'rdb', 'csv', 'parquet'] as const;

export const KIND_OPTIONS = {
  'scan.notifications': named('notifications', option(booleanType(), false, 'Follow what changes by keyspace notifications')),
  'scan.full': named('full', option(booleanType(), true, 'Go over all keys with SCAN; without it, only what notifications tell')),
  'scan.mirror': named('mirror', option(booleanType(), false, 'Remove keys of the target that the source does not have')),
  'scan.count': named('count', option(integerType({ min: 1, max: MANY, or: { word: 'auto', value: 0 } }), 0, 'COUNT of SCAN; auto fits it to the server')),
  'scan.connections': option(integerType({ min: 1, max: 64 }), 2, 'Connections that values are read over, for each server of the source'),
  'scan.databases': named('databases', option(numbersType(), [], 'Only these databases; all that hold keys if none is named')),
  'scan.types': named('types', option(textsType({ isSplit: true }), [], 'Only keys of these types, by the name that TYPE gives')),
  'scan.skip_types': named('skip-types', option(textsType({ isSplit: true }), [], 'Leave keys of these types out, by the name that TYPE gives')),
  'scan.set_notifications': named(
    'set-notifications',
    option(booleanType(), true, 'Set notify-keyspace-events of the source where it lacks something, and put it back at the end'),
  ),
  'scan.queue_keys': named('queue-keys', option(integerType({ min: 1, max: MANY }), 500_000, 'Keys that have changed and may wait; more are an overflow')),
  'scan.part_size': named('part-size', option(sizeType({ min: 1024, max: TIB }), 64 * 1024 ** 2, 'Values from here on are read in parts')),
  'scan.keys_per_second': named('keys-per-second', option(integerType({ min: 1, max: MANY, or: NO_LIMIT }), 0, 'Read no more keys than this')),
  'scan.bytes_per_second': named('bytes-per-second', option(sizeType({ min: 1, max: TIB, or: NO_LIMIT }), 0, 'Read no more than this')),

  'export.to': optional(pathType('a path'), 'none', 'File that the export writes; its name tells the format, and .gz that it is compressed'),
  'export.format': option(choiceType('auto', ...EXPORT_FORMAT_WORDS), 'auto', 'Format of the export; auto is what the name of the file says'),
  'export.rdb_version': option(integerType({ min: 11, max: 80 }), 11, 'Version of an RDB file that is written: 11, 12 or 80'),
  'export.scan': option(booleanType(), false, 'Read the keys of a server with SCAN, where it hides replication, instead of its snapshot'),
  'export.follow': option(booleanType(), false, 'Write what changes behind the snapshot too, without an end'),

  'run.kind': option(
    choiceType('auto', 'sync', 'scan', 'load', 'export'),
    'auto',
    'What `godwit run` does: auto is export if export.to is given, load if load.file is, else sync',
  ),
} as const;
