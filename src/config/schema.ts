/**
 * Every option of Godwit, one row each: the key of the file, the flag, the environment variable, the type with its range, the default and
 * one line of help. Help texts, `godwit explain`, validation and docs/configuration.md all come from this table.
 *
 * Flag and variable follow from the key: `sync.on_existing` is `--on-existing` and GODWIT_ON_EXISTING (the sections `sync` and `load` fall away),
 * `spool.max_bytes` is `--spool-max-bytes` and GODWIT_SPOOL_MAX_BYTES; a row may say otherwise.
 *
 * When you add a row: give SyncConfig its leaf, map it in build-config.ts, run `npx tsx scripts/generate-docs.ts`.
 */
import { FILE_FORMATS } from '../model/file-format.ts';
import {
  booleanType,
  choiceType,
  durationType,
  fileType,
  integerType,
  type OptionType,
  pathType,
  secretType,
  sizeType,
  stringType,
  timeType,
  urlsType,
  urlType,
} from './option-type.ts';
import { option, optional, type OptionSpec } from './option-spec.ts';
import { ALERT_OPTIONS } from './options/alert-options.ts';
import { FILTER_OPTIONS } from './options/filter-options.ts';
import { DOCTOR_OPTIONS } from './options/doctor-options.ts';
import { KIND_OPTIONS } from './options/kind-options.ts';
import { LOG_OPTIONS } from './options/log-options.ts';
import { PACE_OPTIONS } from './options/pace-options.ts';
import { STATUS_OPTIONS } from './options/status-options.ts';
import { TRANSFORM_OPTIONS } from './options/transform-options.ts';
import { SIDE_OPTIONS } from './options/side-options.ts';
import { VERIFY_OPTIONS } from './options/verify-options.ts';
import { TOPOLOGY_OPTIONS } from './topology-options.ts';

const TIB = 1024 ** 4;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const ENDPOINT_OPTIONS = {
  url: { ...optional(urlType(), 'required', 'Address with credentials, e.g. rediss://user:password@host:port'), flag: '' },
  address: optional(urlType('host or host:port, or several with commas'), 'from the URL', 'Instead of a URL; the port is 6379 if not given'),
  username: optional(stringType(), 'from the URL', 'ACL user; without one, the password is that of the default user'),
  password: optional(secretType(), 'from the URL', 'Password; the variable or password_file keep it out of the list of processes'),
  password_file: optional(pathType('a file that can be read'), 'none', 'File that holds the password; a line end at its end is not part of it'),
  'tls.enabled': { ...option(booleanType(), false, 'Speak TLS; a rediss:// URL says so too'), flag: 'tls' },
  'tls.verify': option(booleanType(), true, 'Check the certificate and its name'),
  'tls.ca': optional(pathType('a PEM file that can be read'), "the system's authorities", 'PEM file of the authorities to trust'),
  'tls.cert': optional(pathType('a PEM file that can be read'), 'none', 'PEM file of the client certificate'),
  'tls.key': optional(pathType('a PEM file that can be read'), 'none', 'PEM file of the key of the client certificate'),
  'tls.server_name': optional(stringType(), 'the host', 'Name to ask for (SNI) and to check in the certificate'),
} satisfies Record<string, OptionSpec<never> | OptionSpec<string> | OptionSpec<boolean>>;

type EndpointRows<Side extends string> = { readonly [Key in keyof typeof ENDPOINT_OPTIONS as `${Side}.${Key}`]: (typeof ENDPOINT_OPTIONS)[Key] };

function endpointRows<Side extends 'source' | 'target'>(side: Side): EndpointRows<Side> {
  const rows = Object.entries(ENDPOINT_OPTIONS).map(([key, spec]) => {
    if (!('flag' in spec)) return [`${side}.${key}`, spec];
    const flag = spec.flag === '' ? side : `${side}-${spec.flag}`;
    return [`${side}.${key}`, { ...spec, flag }];
  });
  return Object.fromEntries(rows) as EndpointRows<Side>;
}

const SPECS = {
  ...endpointRows('source'),
  'source.others': optional(urlsType(), 'none', 'More standalone servers that are brought into the same target; their keys must differ'),
  ...TOPOLOGY_OPTIONS.source,
  ...SIDE_OPTIONS.source,
  ...endpointRows('target'),
  ...TOPOLOGY_OPTIONS.target,
  ...SIDE_OPTIONS.target,

  'job.name': {
    ...optional(stringType("1 to 64 of the letters a-z and A-Z, digits, '-', '_' and '.'", /^[A-Za-z0-9._-]{1,64}$/), 'from both addresses', ''),
    help: 'Name of the job: what the marks in the target and the folder of the spool are found by',
    flag: 'job',
    env: 'GODWIT_JOB',
  },

  'sync.on_existing': option(choiceType('fail', 'replace', 'skip'), 'fail', 'What to do with a key that the target has already'),
  'sync.flush_target': option(booleanType(), false, 'Empty the target before a full sync into it; asks first'),
  'sync.yes': option(booleanType(), false, 'Answer the question of --flush-target with yes; with --finish, give up a job that is not through'),
  'sync.on_error': option(choiceType('stop', 'dead-letter'), 'stop', 'When the target refuses a command: stop, or write it to the dead-letter file and go on'),
  'sync.on_unsupported': option(
    choiceType('stop', 'skip', 'degrade'),
    'stop',
    'What the target cannot hold without a loss: stop there, leave it out, or bring what it can hold',
  ),
  'sync.on_cross_slot': option(
    choiceType('split', 'stop', 'dead-letter'),
    'split',
    'Commands whose keys lie in several slots of a cluster target: split them where that is safe (others are as --on-error says), stop, or write those that cannot be split to the dead-letter file',
  ),
  'sync.on_lost_position': option(choiceType('resync', 'stop'), 'resync', 'When the source cannot continue from the mark: do a new full sync, or stop'),
  'sync.stop_after': option(choiceType('never', 'full-sync'), 'never', 'End when the full sync is applied'),
  'sync.stop_when_lag_below': option(
    sizeType({ min: 0, max: TIB, or: { word: 'never', value: -1 } }),
    -1,
    'End once the target is less than this behind the source in incremental sync',
  ),
  'sync.full_sync_concurrency': option(
    integerType({ min: 1, max: 1000 }),
    1,
    'How many snapshots are made at a time on one host of the source, where it has several shards',
  ),
  'sync.full_sync': option(booleanType(), true, 'Bring what the source holds already; without it, only what changes from now on'),
  'sync.dry_run': option(booleanType(), false, 'Tell what filter and transforms would do with what the source holds, and write nothing'),
  'sync.finish': option(booleanType(), false, 'End the job: remove its mark from the target and its spool, and sync nothing'),

  'load.file': {
    ...optional(fileType(), 'required', 'File to read instead of a server: a path, - for standard input, or an http(s) URL; a folder or manifest of an AOF'),
    flag: 'file',
  },
  'load.format': option(
    choiceType('auto', ...FILE_FORMATS),
    'auto',
    'What the file is, if its first bytes should not tell: an RDB file, an AOF, commands (resp), or keys as JSON, one a line (jsonl) or as an array (json)',
  ),
  'load.until': option(timeType(), -1, 'Load an AOF up to this time only, e.g. 2026-01-31T12:00:00Z; needs aof-timestamp-enabled at the server that wrote it'),
  'load.on_truncated': option(choiceType('leave-out', 'error'), 'leave-out', 'When an AOF ends within a command or transaction: leave it out, or fail'),

  ...FILTER_OPTIONS,
  ...TRANSFORM_OPTIONS,
  ...PACE_OPTIONS,
  ...VERIFY_OPTIONS,
  ...KIND_OPTIONS,

  'keepalive.interval': option(
    durationType({ min: 100, max: HOUR_MS, or: { word: 'auto', value: 0 } }),
    0,
    'Longest idle time of a connection before a PING; auto fits it to the timeout of each node',
  ),
  'keepalive.idle_limit': option(
    durationType({ min: 500, max: DAY_MS, or: { word: 'none', value: 0 } }),
    0,
    'Idle limit of a proxy, load balancer or NAT in between; counts like the timeout of a node',
  ),
  'keepalive.dead_after': option(
    durationType({ min: 1000, max: DAY_MS, or: { word: 'auto', value: 0 } }),
    0,
    'Silence while answers are due after which the other side counts as gone; auto is max(3 intervals, 15s)',
  ),

  'reconnect.delay_min': option(durationType({ min: 1, max: HOUR_MS }), 100, 'First delay before a connection is made again; doubles from there'),
  'reconnect.delay_max': option(durationType({ min: 1, max: HOUR_MS }), 10_000, 'Longest delay between two attempts'),
  'reconnect.attempts': option(integerType({ min: 1, max: 1_000_000_000, or: { word: 'unlimited', value: 0 } }), 0, 'Attempts in a row before the job fails'),
  'reconnect.connect_timeout': option(durationType({ min: 10, max: HOUR_MS }), 5000, 'How long one attempt to connect may take'),

  'spool.dir': {
    ...optional(pathType('a directory that can be written'), '$XDG_STATE_HOME/godwit or ~/.local/state/godwit', ''),
    help: 'Directory of the spool; each job has a folder in it',
  },
  'spool.max_bytes': option(
    sizeType({ min: 16 * 1024 ** 2, max: 1024 * TIB, or: { word: 'auto', value: 0 } }),
    0,
    'What the spool may take on disk; auto is what is free less 1 GiB',
  ),
  'spool.retain': option(durationType({ min: 0, max: 30 * DAY_MS }), 60_000, 'How long applied changes are kept for a target that lost its newest ones'),
  'spool.retain_bytes': option(sizeType({ min: 0, max: TIB }), 256 * 1024 ** 2, 'How much of the applied changes is kept at most'),

  'checkpoint.prefix': option(
    stringType("1 to 64 printable characters without spaces and without '{' and '}'", /^[!-z|~]{1,64}$/),
    '__godwit',
    'First part of the names of the keys that Godwit writes for itself',
  ),
  'dead_letter.file': {
    ...optional(pathType('a file that can be written'), "dead-letter.jsonl in the job's folder of the spool", ''),
    help: 'File for the commands that the target refused (--on-error dead-letter)',
  },
  'report.file': {
    ...optional(pathType('a file that can be written'), 'none', 'File that names every key that was left out or lost something, as JSON lines'),
    flag: 'report',
    env: 'GODWIT_REPORT',
  },
  ...STATUS_OPTIONS,
  ...DOCTOR_OPTIONS,
  ...ALERT_OPTIONS,
  'log.level': option(choiceType('debug', 'info', 'warn', 'error'), 'info', 'Least severe lines to write'),
  'log.format': option(choiceType('auto', 'live', 'pretty', 'json'), 'auto', 'auto is the live view on a terminal and JSON lines otherwise'),
  ...LOG_OPTIONS,
};

export type OptionKey = keyof typeof SPECS;
export type OptionValue<Key extends OptionKey> = (typeof SPECS)[Key] extends OptionSpec<infer T> ? T : never;

export interface Option {
  readonly key: OptionKey;
  readonly section: string;
  /** With its dashes. */
  readonly flag: string;
  readonly env: string;
  readonly type: OptionType<unknown>;
  readonly fallback: unknown;
  /** The default in words. */
  readonly fallbackText: string;
  readonly help: string;
}

/** Titles of the groups in help and documents, in their order. */
export const SECTIONS: Readonly<Record<string, string>> = {
  source: 'Source',
  target: 'Target',
  job: 'Job',
  sync: 'Sync',
  load: 'Load',
  filter: 'Filter',
  transform: 'Transform',
  rate: 'Rate',
  verify: 'Verification',
  scan: 'Scan',
  export: 'Export',
  run: 'Run',
  keepalive: 'Keepalive',
  reconnect: 'Reconnect',
  spool: 'Spool',
  checkpoint: 'Checkpoint',
  dead_letter: 'Dead letters',
  report: 'Report of losses',
  status: 'Status server',
  doctor: 'Doctor',
  alerts: 'Alerts',
  log: 'Log',
};

/** The variable that names the configuration file, beside --config. */
export const CONFIG_FILE_ENV = 'GODWIT_CONFIG';

function makeOption(key: OptionKey, spec: OptionSpec<unknown>): Option {
  const words = key.replace(/^(?:sync|load)\./, '').replace(/[._]/g, '-');
  const text = spec.fallback === undefined ? '' : spec.type.show(spec.fallback);
  return {
    key,
    section: key.slice(0, key.indexOf('.')),
    flag: `--${spec.flag ?? words}`,
    env: spec.env ?? `GODWIT_${words.replaceAll('-', '_').toUpperCase()}`,
    type: spec.type,
    fallback: spec.fallback,
    fallbackText: spec.fallbackText ?? text,
    help: spec.help,
  };
}

export const OPTIONS: readonly Option[] = Object.entries(SPECS).map(([key, spec]) => makeOption(key as OptionKey, spec as OptionSpec<unknown>));

const byKey = new Map<string, Option>(OPTIONS.map((row) => [row.key, row]));

/** True for the parts of an address, which endpoint-setting.ts puts together. */
export function isEndpointPart({ key, section }: Option): boolean {
  return (section === 'source' || section === 'target') && key.slice(section.length + 1) in ENDPOINT_OPTIONS;
}

/** The row of a key of the file; undefined if there is none. */
export function findOption(key: string): Option | undefined {
  return byKey.get(key);
}
