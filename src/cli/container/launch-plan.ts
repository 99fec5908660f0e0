/**
 * What the container runs: the words of `godwit`, found from the arguments, the environment and what is mounted. Pure but for what it is handed.
 *
 *   words behind the image's name              are those of godwit; `godwit` or `redis-shake` in front of them is left out
 *   nothing, or options alone                  the first of: GODWIT_CONFIG; a mounted godwit.toml or shake.toml; the variables of RedisShake's image
 *                                              (SYNC or SCAN, SHAKE_...); GODWIT_ variables alone
 *
 * The status server listens on port 8080 of all interfaces unless a flag, variable or file says otherwise: probes come from outside.
 */
import { basename, join } from 'node:path';
import { ConfigError } from '../../config/config-error.ts';
import { type ConfigInput, gatherSettings } from '../../config/gather-settings.ts';
import { explainRun } from '../../config/run-config.ts';
import { CONFIG_FILE_ENV } from '../../config/schema.ts';
import { GodwitError } from '../../errors/errors.ts';
import type { StatusPlace } from './status-place.ts';

export interface LaunchGiven {
  /** Behind the name of the image. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly isFile: (path: string) => boolean;
}

export interface LaunchPlan {
  readonly words: readonly string[];
  /** Variables to set, since nothing else says it. */
  readonly variables: Readonly<Record<string, string>>;
  readonly status: StatusPlace;
}

/** Another folder than /etc/godwit for a mounted configuration. It is the container's, not Godwit's. */
export const CONFIG_DIR_ENV = 'GODWIT_CONFIG_DIR';
export const STATUS_DEFAULT: StatusPlace = { host: '0.0.0.0', port: 8080 };

const CONFIG_DIR = '/etc/godwit';
const CONFIG_FILES = ['godwit.toml', 'shake.toml'];
const PROGRAM_NAMES = ['godwit', 'redis-shake'];
const WITH_STATUS = ['run', 'sync', 'load'];
const WITHOUT_JOB = ['-h', '--help', '-V', '--version'];
const NO_STATUS: StatusPlace = { host: '', port: null };

/** @throws GodwitError CONFIG_MISSING if nothing says what to do, CONFIG_INVALID if it is said twice */
export function planLaunch(given: LaunchGiven): LaunchPlan {
  const words = wordsOf(given);
  if (!WITH_STATUS.includes(words[0])) return { words, variables: {}, status: NO_STATUS };
  return { words, ...planStatus(words, given) };
}

function wordsOf(given: LaunchGiven): string[] {
  const args = PROGRAM_NAMES.includes(basename(given.args[0] ?? '')) ? given.args.slice(1) : [...given.args];
  const [first] = args;
  if (first === undefined || (first.startsWith('-') && !WITHOUT_JOB.includes(first))) return ['run', ...jobOf(given, args), ...args];
  return /\.toml$/i.test(first) ? ['run', ...args] : args;
}

/** What `godwit run` is told to do. */
function jobOf({ env, isFile }: LaunchGiven, options: readonly string[]): string[] {
  if (env[CONFIG_FILE_ENV] || flagValue(options, '--config') !== undefined) return [];
  const dir = env[CONFIG_DIR_ENV] || CONFIG_DIR;
  const mounted = CONFIG_FILES.map((name) => join(dir, name)).filter((path) => isFile(path));
  const image = ['SYNC', 'SCAN'].find((name) => /^(1|t|true)$/i.test(env[name] ?? ''));
  const said = [...mounted, ...(image === undefined ? [] : [`${image}=${env[image]}`])];
  if (said.length > 1) {
    throw new GodwitError('CONFIG_INVALID', `${said.join(' and ')} exclude each other`, { fix: `Give one of them, or name a file with ${CONFIG_FILE_ENV}.` });
  }
  if (mounted.length === 1) return mounted;
  const names = Object.keys(env).filter((name) => env[name]);
  // SHAKE_ variables without SYNC are a mistake that godwit names.
  if (image !== undefined || names.some((name) => name.startsWith('SHAKE_'))) return ['--from-env'];
  if (options.length === 0 && !names.some((name) => /^GODWIT_(SOURCE|TARGET|LOAD|EXPORT|RUN)_/.test(name))) {
    const fix =
      `Mount ${join(dir, 'godwit.toml')} or shake.toml, or set GODWIT_SOURCE_URL and GODWIT_TARGET_URL, ` +
      'or SYNC=true with SHAKE_SRC_ADDRESS and SHAKE_DST_ADDRESS, or give a command, such as sync SOURCE TARGET.';
    throw new GodwitError('CONFIG_MISSING', 'the container was not told what to do', { fix });
  }
  return [];
}

function planStatus(words: readonly string[], given: LaunchGiven): Pick<LaunchPlan, 'variables' | 'status'> {
  const { isExport, port, host } = statusInLayers(words, given);
  if (isExport) return { variables: {}, status: NO_STATUS };
  const portFlag = flagValue(words, '--status-port');
  const hostFlag = flagValue(words, '--status-host');
  const listens = portFlag === undefined ? (port ?? STATUS_DEFAULT.port!) : Number(portFlag);
  return {
    variables: {
      ...(portFlag === undefined && port === undefined && { GODWIT_STATUS_PORT: String(STATUS_DEFAULT.port) }),
      ...(hostFlag === undefined && host === undefined && { GODWIT_STATUS_HOST: STATUS_DEFAULT.host }),
    },
    // `off`, and any free port, which nobody could know.
    status: listens > 0 ? { host: hostFlag ?? host ?? STATUS_DEFAULT.host, port: listens } : NO_STATUS,
  };
}

interface StatusSaid {
  readonly isExport: boolean;
  readonly port: number | undefined;
  readonly host: string | undefined;
}

/** What environment and file say of the status. What is wrong with them is said by the run itself. */
function statusInLayers(words: readonly string[], { env, cwd }: LaunchGiven): StatusSaid {
  const [command, second = '-'] = words;
  const configFile = flagValue(words, '--config') ?? (command === 'run' && !second.startsWith('-') ? second : undefined);
  const input: ConfigInput = { flags: {}, configFile, containerVariables: words.includes('--from-env'), env, cwd };
  try {
    const settings = gatherSettings(input);
    const isExport = command === 'run' && explainRun(input, settings).kind === 'export';
    return { isExport, port: settings.given('status.port')?.value, host: settings.given('status.host')?.value };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { isExport: false, port: undefined, host: undefined };
  }
}

function flagValue(words: readonly string[], flag: string): string | undefined {
  const at = words.findLastIndex((word) => word === flag || word.startsWith(`${flag}=`));
  if (at < 0) return undefined;
  return words[at] === flag ? words[at + 1] : words[at].slice(flag.length + 1);
}
