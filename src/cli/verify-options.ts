/** Options of `godwit verify`: how it compares, how both sides are reached, and what the job did with keys on the way. */
import { type Command, InvalidArgumentError, Option as CommandOption } from 'commander';
import type { ConfigInput } from '../config/gather-settings.ts';
import { isNotYet } from '../config/not-yet.ts';
import { parseDuration, parseSize } from '../config/quantity.ts';
import { CONFIG_FILE_ENV, OPTIONS, type OptionKey } from '../config/schema.ts';
import type { RulesConfig } from '../config/rules-config.ts';
import { transformRules } from '../job/open-edits.ts';
import { parseDatabaseMap } from '../transform/database-map.ts';
import type { RenameRule, TransformRules } from '../transform/transform-rules.ts';
import type { OnUnsupported } from '../config/sync-config.ts';
import { commandOptions } from './config-options.ts';
import type { CliIo } from './process-io.ts';

export const VERIFY_FORMATS = ['table', 'json', 'jsonl', 'html'] as const;
export type VerifyFormat = (typeof VERIFY_FORMATS)[number];

export interface VerifyWords {
  readonly format: VerifyFormat;
  readonly to?: string;
  readonly quick: boolean;
  readonly sample: number;
  readonly oneWay: boolean;
  readonly settle: number;
  readonly ttlTolerance: number;
  readonly rate: number;
  readonly largeAbove: number;
  readonly list: number;
  readonly onUnsupported?: OnUnsupported;
  readonly dbMap?: string;
  readonly renamePrefix: readonly RenameRule[];
  readonly renameSuffix: readonly RenameRule[];
  readonly repair: boolean;
  readonly dryRun: boolean;
  readonly repairMax: number;
  readonly repairWithoutJob: boolean;
  readonly repairLog?: string;
}

const SECTIONS_USED = new Set(['source', 'target', 'keepalive', 'reconnect', 'checkpoint']);
/** Said by the arguments, or of no meaning for what only reads. */
const LEFT_OUT = new Set<OptionKey>(['source.url', 'source.address', 'target.url', 'target.address', 'source.others']);
/** Where a running job is found. */
const OF_JOB = new Set<OptionKey>(['job.name', 'spool.dir']);
const USED = OPTIONS.filter((option) => (SECTIONS_USED.has(option.section) || OF_JOB.has(option.key)) && !LEFT_OUT.has(option.key) && !isNotYet(option));
const LIST_MAX = 1_000_000;
const SETTLE_DEFAULT_MS = 2_000;
const TOLERANCE_DEFAULT_MS = 1_000;
const LARGE_DEFAULT = 1024 * 1024;

export function addVerifyOptions(command: Command): void {
  const options: CommandOption[] = [];
  const add = (flags: string, help: string): CommandOption => {
    const option = new CommandOption(flags, help);
    options.push(option);
    return option;
  };
  add('--format <format>', 'how to show it').choices(VERIFY_FORMATS).default('table');
  add('--to <file>', 'write it there instead of to standard output');
  add('--list <n>', 'differences that are listed; all are counted').argParser(countOf(LIST_MAX)).default(1000);
  add('--quick', 'types, lengths and expiries alone, not what the values hold').default(false);
  add('--sample <share>', 'a part of the keys, by their names: 1%, 0.01').argParser(shareOf).default(1, '100%');
  add('--one-way', 'do not look for keys that the target has and the source has not').default(false);
  add('--settle <duration>', 'how long a difference must last to count, where changes are still under way: more than the lag')
    .argParser(durationOf)
    .default(SETTLE_DEFAULT_MS, '2s');
  add('--ttl-tolerance <duration>', 'by how much times of expiry may differ').argParser(durationOf).default(TOLERANCE_DEFAULT_MS, '1s');
  add('--rate <keys>', 'keys a second at most; 0 is no limit').argParser(countOf(1_000_000_000)).default(0);
  add('--large-above <size>', 'larger values are read in parts').argParser(sizeOf).default(LARGE_DEFAULT, '1mb');
  const onTheWay = (flags: string, help: string): CommandOption => add(flags, help).helpGroup('What the job did with keys:');
  onTheWay('--db-map <map>', 'databases of the source and where they went: 0=3,1=drop,*=0');
  onTheWay('--rename-prefix <from=to>', 'keys that begin so were renamed; can be given several times').argParser(renames('prefix')).default([], '');
  onTheWay('--rename-suffix <from=to>', 'keys that end so were renamed; can be given several times').argParser(renames('suffix')).default([], '');
  onTheWay('--on-unsupported <policy>', 'what was done with what the target cannot hold whole').choices(['stop', 'skip', 'degrade']);
  const repair = (flags: string, help: string): CommandOption => add(flags, help).helpGroup('Repair:');
  repair('--repair', 'bring keys that differ anew from the source: through the running job between both sides, or directly where there is none').default(false);
  repair('--dry-run', 'with --repair: tell what would be done').default(false);
  repair('--repair-max <keys>', 'when more keys differ, none is touched').argParser(countOf(LIST_MAX)).default(100_000);
  repair('--repair-log <file>', 'write each key that was touched there, as JSON lines: both sides as they were, and what became of it');
  repair('--repair-without-job', 'no job goes on between both sides, whatever marks the target has').default(false);
  // The command takes over what an option says when it is added.
  for (const option of options) command.addOption(option);
}

/** Of both sides, of connections, and the file. */
export function addSideOptions(command: Command): void {
  command.addOption(new CommandOption('--config <file>', `TOML file with any of the options below (${CONFIG_FILE_ENV})`).helpGroup('General:'));
  for (const option of USED) for (const made of commandOptions(option)) command.addOption(made);
}

/** @param source undefined: it is no server */
export function sidesInput(command: Command, source: string | undefined, target: string | undefined, io: CliIo): ConfigInput {
  const values = command.opts<Record<string, string | boolean | undefined>>();
  const flags: Partial<Record<OptionKey, string | boolean>> = {};
  for (const { key, flag } of USED) {
    const name = new CommandOption(flag).attributeName();
    if (command.getOptionValueSource(name) === 'cli') flags[key] = values[name];
  }
  return { flags, sourceArgument: source, targetArgument: target, configFile: values['config'] as string | undefined, env: io.env, cwd: io.cwd };
}

/** What flags say instead of what the job's configuration says. @throws GodwitError CONFIG_INVALID */
export function transformOf({ dbMap, renamePrefix, renameSuffix }: VerifyWords, rules: RulesConfig | null): TransformRules {
  const ofJob = rules === null ? {} : transformRules(rules);
  const rename = [...renamePrefix, ...renameSuffix];
  return { ...ofJob, ...(rename.length === 0 ? {} : { rename }), ...(dbMap === undefined ? {} : { databases: parseDatabaseMap(dbMap) }) };
}

function renames(kind: 'prefix' | 'suffix') {
  return (text: string, before: readonly RenameRule[]): RenameRule[] => {
    const at = text.indexOf('=');
    if (at < 0) throw new InvalidArgumentError('Write the old and the new one: old:=new:');
    return [...before, { kind, from: Buffer.from(text.slice(0, at)), to: Buffer.from(text.slice(at + 1)) }];
  };
}

function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Give a duration such as 500ms or 2s.');
  return ms;
}

function sizeOf(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined || bytes < 1024) throw new InvalidArgumentError('Give a size of 1kb at least, such as 1mb.');
  return bytes;
}

function countOf(max: number) {
  return (text: string): number => {
    if (!/^\d+$/.test(text) || Number(text) > max) throw new InvalidArgumentError(`It is a number from 0 to ${max}.`);
    return Number(text);
  };
}

function shareOf(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(%?)$/.exec(text);
  const share = found === null ? Number.NaN : Number(found[1]) / (found[2] === '%' ? 100 : 1);
  if (!(share > 0 && share <= 1)) throw new InvalidArgumentError('Give a share above 0 and up to 100%, such as 1% or 0.01.');
  return share;
}
