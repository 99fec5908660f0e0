/** The effective configuration of `godwit load`, from the same layers as that of `godwit sync` (load.ts). */
import { basename } from 'node:path';
import { buildJobConfig, loadName, spoolDirectory } from './build-config.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { type ConfigInput, gatherSettings } from './gather-settings.ts';
import { checkJobRules, type EffectiveValue, effectiveValue } from './load.ts';
import { refuseNotYet, refuseOtherKind } from './not-yet.ts';
import { optionsOf } from './options-of.ts';
import type { Settings } from './settings.ts';
import { resolveSide, secretsOf as secretsOfSide } from './side-setting.ts';
import type { LoadConfig } from './sync-config.ts';

export interface LoadedLoadConfig {
  readonly config: LoadConfig;
  readonly effective: readonly EffectiveValue[];
  readonly warnings: readonly string[];
  /** For the redaction of logs. */
  readonly secrets: readonly string[];
}

/** @throws ConfigError with all problems */
export function resolveLoadConfig(input: ConfigInput, settings = gatherSettings(input)): LoadedLoadConfig {
  refuseOtherKind(settings, 'load');
  refuseNotYet(settings, 'load');
  const { side: target, effective } = resolveSide(settings, 'target');
  const file = settings.value('load.file') ?? '';
  const spoolDir = settings.value('spool.dir') ?? spoolDirectory(input.env);
  if (spoolDir === undefined) settings.problems.push({ code: 'CONFIG_MISSING', message: 'spool.dir is not given, and neither XDG_STATE_HOME nor HOME is set' });
  checkFile(settings, file);
  checkJobRules(settings);
  if (settings.problems.length > 0 || target === undefined || spoolDir === undefined) throw new ConfigError(settings.problems);
  const job = buildJobConfig(settings, target, loadName(fileName(file), target), spoolDir);
  const config: LoadConfig = {
    ...job,
    sync: { ...job.sync, fullSync: true },
    load: { file, format: settings.required('load.format'), untilMs: settings.required('load.until'), onTruncated: settings.required('load.on_truncated') },
  };
  return {
    config,
    effective: optionsOf('load').map((option) => effectiveValue(option, settings, effective)),
    warnings: settings.warnings,
    secrets: [...secretsOfSide(target), ...secretsOf(file)].filter((secret) => secret !== undefined && secret !== '') as string[],
  };
}

function checkFile(settings: Settings, file: string): void {
  if (file === '' && !(settings.value('sync.finish') && settings.given('job.name'))) {
    settings.problems.push(noFile(settings));
  }
  if (file === '-' && settings.value('sync.flush_target') && !settings.value('sync.yes')) {
    settings.reject('sync.flush_target', 'asks, and standard input is the file', 'Add --yes if all keys of the target may be deleted.');
  }
}

/** The problem that a file to read is not given. */
export function noFile({ shake }: Settings): ConfigProblem {
  const native = 'Give it as the argument FILE, --file, GODWIT_FILE, or file in [load]; - is standard input.';
  return { code: 'CONFIG_MISSING', message: 'the file to read is not given', fix: shake ? `Write filepath = "..." below [${shake.reader}].` : native };
}

/** Without folders, and without what in a URL can be a secret. */
function fileName(file: string): string {
  if (file === '-') return 'stdin';
  return basename(/^https?:/i.test(file) && URL.canParse(file) ? new URL(file).pathname : file);
}

/** Password and query of a URL. */
function secretsOf(file: string): (string | undefined)[] {
  if (!/^https?:/i.test(file) || !URL.canParse(file)) return [];
  const { password, search } = new URL(file);
  return [password, decodeURIComponent(password), search.slice(1)];
}
