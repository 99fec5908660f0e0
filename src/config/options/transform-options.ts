/** What is made of what passes: `[transform]`. docs/transforms.md and docs/functions.md say what the rules mean. */
import { booleanType, choiceType, durationType, pathType, ratioType, stringType } from '../option-type.ts';
import { option, optional, type OptionSpec } from '../option-spec.ts';
import { renamesType } from '../renames-type.ts';

const YEARS_MS = 100 * 365 * 86_400_000;
const DATABASE = /^\s*(?:\d{1,9}|\*)\s*=\s*(?:\d{1,9}|drop)\s*(?:,\s*(?:\d{1,9}|\*)\s*=\s*(?:\d{1,9}|drop)\s*)*$/;

const named = <Spec>(flag: string, spec: Spec): Spec & { readonly flag: string } => ({ ...spec, flag });
const time = (help: string): OptionSpec<number> => optional(durationType({ min: 1, max: YEARS_MS }), 'none', help);

export const TRANSFORM_OPTIONS = {
  'transform.rename': named('rename', option(renamesType(), [], 'Other names for keys, one rule after the other')),
  'transform.db_map': named(
    'db-map',
    optional(
      stringType('numbers of source and target such as 0=3,1=drop; * is all others', DATABASE),
      'none',
      'Which database of the target a database of the source goes to',
    ),
  ),
  'transform.ttl_persist': option(booleanType(), false, 'No key expires at the target'),
  'transform.ttl_set': time('Every key lives so long behind its last write, those without an expiry too'),
  'transform.ttl_scale': optional(ratioType(), 'none', 'Keys live so many times as long as is left to them'),
  'transform.ttl_add': optional(
    durationType({ min: -YEARS_MS, max: YEARS_MS }),
    'none',
    'Keys with an expiry live so much longer, or with a minus so much shorter',
  ),
  'transform.ttl_jitter': time('Up to so much more, by the key'),
  'transform.ttl_min': time('No key with an expiry lives shorter'),
  'transform.ttl_max': time('No key with an expiry lives longer'),
  'transform.on_untold': named(
    'on-untold',
    option(choiceType('pass', 'drop', 'dead-letter', 'stop'), 'stop', 'A command that cannot be said in the new names: what is done with it'),
  ),
  'transform.function': named(
    'function',
    optional(stringType('the text of a Lua function', /[^]/, true), 'none', 'Lua that is called with every command: KEYS, ARGV, DB, CMD, shake.call'),
  ),
  'transform.function_file': named('function-file', optional(pathType('a file that can be read'), 'none', 'The same from a file')),
  'transform.module': named(
    'module',
    optional(pathType('a JavaScript or TypeScript module'), 'none', 'A module that exports transform(entry) or transformBatch(entries)'),
  ),
  'transform.expand': named(
    'expand',
    option(
      choiceType('auto', 'on', 'off'),
      'auto',
      'Give the function the values of a snapshot as the commands that make them (on) or as SET and RESTORE (off)',
    ),
  ),
} as const;
