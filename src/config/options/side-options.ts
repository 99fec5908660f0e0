/**
 * What can be said of a side beside its address and credentials (schema.ts): which kind of servers it is, and how it is read and written.
 */
import { sizeType, textsType } from '../option-type.ts';
import { option } from '../option-spec.ts';

const TIB = 1024 ** 4;
export const SIDE_OPTIONS = {
  source: {
    'source.psync_commands': option(
      textsType({ isSplit: true, pattern: /^[^@\s]+@[^@\s]+$/, allowed: 'a list of host:port@name' }),
      [],
      'Names of PSYNC where a service has renamed it: host:port@name, for each server whose address begins so',
    ),
  },
  target: {
    'target.unanswered_bytes_max': option(
      sizeType({ min: 1024, max: TIB, or: { word: 'auto', value: 0 } }),
      0,
      'Bytes that may be under way to a node of the target without an answer; one value that is larger goes alone. auto keeps far below its client-query-buffer-limit',
    ),
    'target.value_bytes_max': option(
      sizeType({ min: 1024, max: TIB, or: { word: 'auto', value: 0 } }),
      0,
      'Values of a snapshot that are larger, and than 512 KiB, are written in several commands; auto is what the target takes (proto-max-bulk-len)',
    ),
  },
} as const;
