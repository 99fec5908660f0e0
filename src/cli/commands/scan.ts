/** `godwit scan`: loads the configuration and sees the job through. */
import type { Command } from 'commander';
import { loadConfig } from '../../config/load.ts';
import type { SyncConfig } from '../../config/sync-config.ts';
import { parseSize } from '../../config/quantity.ts';
import { GodwitError } from '../../errors/errors.ts';
import { ScanJob } from '../../job/scan-job.ts';
import type { JobDependencies } from '../../observe/job-api.ts';
import { SCAN_DEFAULTS, type ScanOptions } from '../../source/scan/scan-options.ts';
import type { CommandContext } from '../command-context.ts';
import { addConfigOptions, configInput } from '../config-options.ts';
import { seeJobThrough } from '../see-job-through.ts';

const GROUP = 'Scan:';
const EXAMPLES = `
Examples:
  godwit scan redis://10.0.0.1 redis://10.0.0.2                     copy all keys once
  godwit scan 10.0.0.1 10.0.0.2 --notifications                     and follow what changes by keyspace notifications
  godwit scan 10.0.0.1 10.0.0.2 --mirror                            and remove what only the target has
  godwit scan 10.0.0.1 10.0.0.2 --skip-types stream --databases 0,3

A run that was stopped or killed goes on where it was when the same command line is given again.
Exit codes: 0 done, 2 configuration, 3 connection, 4 protocol, 5 format, 7 checkpoint, 70 defect, 130/143 stopped by a signal.
`;

type Flags = Record<string, string | boolean | undefined>;

export function registerScan(program: Command, context: CommandContext): void {
  const command = program
    .command('scan')
    .summary('copy a source key by key, for services that hide replication')
    .description('Copies all keys of a source to a target with SCAN and DUMP, and can follow what changes by keyspace notifications.');
  addConfigOptions(command)
    .optionsGroup(GROUP)
    .option('--notifications', 'follow what changes by keyspace notifications')
    .option('--no-full', 'do not go over all keys: only what notifications tell')
    .option('--mirror', 'remove keys of the target that the source does not have')
    .option('--count <n>', 'COUNT of SCAN; fitted if it is not given')
    .option('--scan-connections <n>', 'connections that values are read over, per server of the source (default: 2)')
    .option('--databases <list>', 'only these databases, 0,3; all that hold keys if none is named')
    .option('--types <list>', 'only keys of these types, as TYPE names them')
    .option('--skip-types <list>', 'leave keys of these types out')
    .option('--no-set-notifications', 'leave notify-keyspace-events of the source alone')
    .option('--queue-keys <n>', 'keys that have changed and may wait (default: 500000)')
    .option('--part-size <size>', 'values from here on are read in parts (default: 64mb)')
    .option('--keys-per-second <n>', 'read no faster than this')
    .option('--bytes-per-second <size>', 'read no faster than this')
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const scan = scanOptions(command.opts<Flags>());
      const create = (config: SyncConfig, dependencies: JobDependencies): ScanJob => new ScanJob(config, { ...dependencies, scan });
      context.exitWith(await seeJobThrough(loadConfig(configInput(command, context.io)), create, context));
    });
}

/** @throws CONFIG_INVALID */
function scanOptions(flags: Flags): ScanOptions {
  return {
    full: flags['full'] !== false,
    notifications: flags['notifications'] === true,
    mirror: flags['mirror'] === true,
    setNotifications: flags['setNotifications'] !== false,
    count: whole(flags, 'count', SCAN_DEFAULTS.count),
    connections: whole(flags, 'scanConnections', SCAN_DEFAULTS.connections),
    databases: words(flags, 'databases').map((word) => wholeNumber('databases', word)),
    types: words(flags, 'types'),
    skipTypes: words(flags, 'skipTypes'),
    queueKeysMax: whole(flags, 'queueKeys', SCAN_DEFAULTS.queueKeysMax),
    partBytes: size(flags, 'partSize', SCAN_DEFAULTS.partBytes),
    keysPerSecondMax: whole(flags, 'keysPerSecond', 0),
    bytesPerSecondMax: size(flags, 'bytesPerSecond', 0),
  };
}

function words(flags: Flags, name: string): string[] {
  const text = flags[name];
  return typeof text === 'string' ? text.split(/[\s,]+/).filter((word) => word !== '') : [];
}

function whole(flags: Flags, name: string, fallback: number): number {
  const text = flags[name];
  return typeof text === 'string' ? wholeNumber(name, text) : fallback;
}

function size(flags: Flags, name: string, fallback: number): number {
  const text = flags[name];
  if (typeof text !== 'string') return fallback;
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  throw new GodwitError('CONFIG_INVALID', `the flag ${name} takes a size such as 64mb, not ${JSON.stringify(text)}`);
}

function wholeNumber(name: string, text: string): number {
  const n = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(n)) return n;
  throw new GodwitError('CONFIG_INVALID', `the flag ${name} takes a whole number, not ${JSON.stringify(text)}`);
}
