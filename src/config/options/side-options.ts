/**
 * What can be said of a side beside its address and credentials (schema.ts): which kind of servers it is, and how it is read and written.
 */
import { booleanType, sizeType, textsType } from '../option-type.ts';
import { option } from '../option-spec.ts';

const TIB = 1024 ** 4;
export const SIDE_OPTIONS = {
  source: {
    'source.psync_commands': option(textsType(), [], 'Names of PSYNC where a service has renamed it: host:port@name'),
  },
  target: {
    'target.off_reply': option(booleanType(), false, 'CLIENT REPLY OFF: no answers, so that nothing tells what was refused'),
    'target.unanswered_bytes_max': option(
      sizeType({ min: 1024, max: TIB, or: { word: 'auto', value: 0 } }),
      0,
      'Bytes that may be under way to the target without an answer; auto keeps far below its client-query-buffer-limit',
    ),
    'target.value_bytes_max': option(
      sizeType({ min: 1024, max: TIB, or: { word: 'auto', value: 0 } }),
      0,
      'Larger values are written in several commands; auto is what the target says in proto-max-bulk-len',
    ),
  },
} as const;
