/** The effective configuration of `godwit run`: which kind of job the settings describe, and what that job is told. */
import { ConfigError } from './config-error.ts';
import { type ExportRunConfig, resolveExportConfig } from './export-config.ts';
import { type ConfigInput, gatherSettings } from './gather-settings.ts';
import { type ConfigResolution, type EffectiveValue, effectiveValue, type LoadedConfig, loadConfig, resolveConfig } from './load.ts';
import { type LoadedLoadConfig, resolveLoadConfig } from './load-config.ts';
import { isOptionOf, type JobKind } from './option-kinds.ts';
import { originName } from './origin.ts';
import { type LoadedScanConfig, loadScanConfig, resolveScanConfig } from './scan-config.ts';
import { OPTIONS } from './schema.ts';
import type { Settings } from './settings.ts';

export type RunConfig =
  | { readonly kind: 'sync'; readonly loaded: LoadedConfig }
  | { readonly kind: 'scan'; readonly loaded: LoadedScanConfig }
  | { readonly kind: 'load'; readonly loaded: LoadedLoadConfig }
  | { readonly kind: 'export'; readonly loaded: ExportRunConfig };

/** @throws ConfigError with all problems */
export function resolveRunConfig(input: ConfigInput): RunConfig {
  const settings = gatherSettings(input);
  const kind = jobKindOf(settings);
  refuseStrangers(settings, kind);
  switch (kind) {
    case 'load':
      return { kind, loaded: resolveLoadConfig(input, settings) };
    case 'export':
      return { kind, loaded: resolveExportConfig(input, settings) };
    case 'sync':
      return { kind, loaded: loadConfig(input, settings) };
    case 'scan':
      return { kind, loaded: loadScanConfig(input, settings) };
  }
}

export interface RunExplanation extends Pick<ConfigResolution, 'effective' | 'problems' | 'warnings'> {
  readonly kind: JobKind;
  readonly settings: Settings;
}

/** Of `godwit explain FILE`: what is in force, whatever is wrong. @throws ConfigError only if the file cannot be read or is no TOML */
export function explainRun(input: ConfigInput, settings = gatherSettings(input)): RunExplanation {
  const kind = jobKindOf(settings);
  if (kind === 'sync') return { kind, settings, ...resolveConfig(input, settings) };
  if (kind === 'scan') return { kind, settings, ...resolveScanConfig(input, settings) };
  const ofKind = OPTIONS.filter((option) => isOptionOf(kind, option));
  const effective: EffectiveValue[] = ofKind.map((option) =>
    effectiveValue(option, settings, new Map(settings.keys().map((key) => [key, settings.given(key)!]))),
  );
  try {
    if (kind === 'load') resolveLoadConfig(input, settings);
    else resolveExportConfig(input, settings);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
  return { kind, settings, effective, problems: settings.problems, warnings: settings.warnings };
}

/** What the settings describe. */
export function jobKindOf(settings: Settings): JobKind {
  const kind = settings.required('run.kind');
  if (kind !== 'auto') return kind;
  if (settings.given('export.to')) return 'export';
  return settings.given('load.file') ? 'load' : 'sync';
}

/** A flag that the job has no use for is a mistake, as it is for the command of that kind. */
export function refuseStrangers(settings: Settings, kind: JobKind): void {
  for (const option of OPTIONS) {
    const given = settings.given(option.key);
    if (given?.origin.kind !== 'flag' || option.section === 'run' || isOptionOf(kind, option)) continue;
    settings.problems.push({
      code: 'CONFIG_INVALID',
      message: `${originName(given.origin)} has no meaning for a job of the kind ${kind}`,
      fix: 'Leave it out.',
    });
  }
}
