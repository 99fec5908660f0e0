/** The status over HTTP: `[status]`. */
import { integerType, pathType, secretType, stringType } from '../option-type.ts';
import { option, optional } from '../option-spec.ts';

export const STATUS_OPTIONS = {
  'status.port': option(integerType({ min: 0, max: 65_535, or: { word: 'off', value: -1 } }), -1, 'Port of the status server; 0 is any free one'),
  'status.host': option(stringType(), '127.0.0.1', 'Address that the status server listens on; what only tells asks for no token'),
  'status.token': optional(
    secretType(),
    "made at random, in control-token in the job's folder of the spool",
    'What changes over HTTP ask for (Authorization: Bearer); the variable or token_file keep it out of the list of processes',
  ),
  'status.token_file': optional(pathType('a file that can be read'), 'none', 'File that holds the token; a line end at its end is not part of it'),
} as const;
