/** The log beside what is shown: how often a line of progress, and the file. */
import { booleanType, durationType, integerType, pathType, sizeType } from '../option-type.ts';
import { option, optional } from '../option-spec.ts';

const DAY_MS = 86_400_000;

export const LOG_OPTIONS = {
  'log.interval': option(
    durationType({ min: 100, max: DAY_MS, or: { word: 'off', value: 0 } }),
    5000,
    'How often a line tells the progress, where there is no live view',
  ),
  'log.file': optional(pathType('a file that can be written'), 'none', 'File that the log is appended to as JSON lines, beside what is shown'),
  'log.file_bytes_max': option(
    sizeType({ min: 1024, max: 1024 ** 4, or: { word: 'unlimited', value: 0 } }),
    0,
    'Size from which on the file is put aside under a name with the time, and begun anew',
  ),
  'log.file_age_max': option(
    durationType({ min: 1000, max: 3650 * DAY_MS, or: { word: 'unlimited', value: 0 } }),
    0,
    'Files that were put aside earlier are removed',
  ),
  'log.files_max': option(
    integerType({ min: 1, max: 10_000, or: { word: 'unlimited', value: 0 } }),
    0,
    'Files put aside beyond these are removed, the oldest first',
  ),
  'log.compress': option(booleanType(), false, 'Files that are put aside are compressed with gzip'),
} as const;
