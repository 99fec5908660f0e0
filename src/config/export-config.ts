/** The effective configuration of an export that a file or the environment describes, for `godwit run`. */
import { ConfigError } from './config-error.ts';
import { type ConfigInput, gatherSettings } from './gather-settings.ts';
import { noFile } from './load-config.ts';
import { loadSourceConfig, type SourceConfig } from './load-source-config.ts';
import { refuseNotYet } from './not-yet.ts';
import { type ScanConfig, scanConfig } from './scan-config.ts';
import { type FilterConfig, filterConfig, type RulesConfig, rulesConfig } from './rules-config.ts';
import type { OptionValue } from './schema.ts';
import type { OnUnsupported } from './sync-config.ts';

export interface ExportRunConfig {
  readonly from:
    | { readonly kind: 'server'; readonly server: SourceConfig; /** null: by its snapshot. */ readonly scan: ScanConfig | null }
    | {
        readonly kind: 'file';
        readonly place: string;
        /** Unix ms; -1 = all. */
        readonly untilMs: number;
        readonly onTruncated: 'leave-out' | 'error';
      };
  /** A path. */
  readonly to: string;
  /** Made if it is not there: that of a shake.toml; '' = none. */
  readonly dir: string;
  readonly format: OptionValue<'export.format'>;
  readonly rdbVersion: number;
  readonly onUnsupported: OnUnsupported;
  /** File that names what is lost; '' = none. */
  readonly report: string;
  readonly filter: FilterConfig;
  /** With transforms and function; null = there are none. */
  readonly rules: RulesConfig | null;
  readonly warnings: readonly string[];
  /** For the redaction of messages. */
  readonly secrets: readonly string[];
}

/** @throws ConfigError with all problems */
export function resolveExportConfig(input: ConfigInput, settings = gatherSettings(input)): ExportRunConfig {
  refuseNotYet(settings, 'export');
  const file = settings.value('load.file');
  const to = settings.value('export.to') ?? '';
  if (to === '') settings.problems.push({ code: 'CONFIG_MISSING', message: 'the file to write is not given', fix: toFix(settings.shake !== undefined) });
  const readsFile = file !== undefined || ['rdb_reader', 'aof_reader'].includes(settings.shake?.reader ?? '');
  if (readsFile && file === undefined) settings.problems.push(noFile(settings));
  const server = readsFile ? undefined : serverOf(input, settings);
  if (settings.problems.length > 0) throw new ConfigError(settings.problems);
  return {
    from: server
      ? { kind: 'server', server, scan: settings.required('export.scan') ? scanConfig(settings) : null }
      : { kind: 'file', place: file!, untilMs: settings.required('load.until'), onTruncated: settings.required('load.on_truncated') },
    to,
    dir: settings.shake?.dir ?? '',
    format: settings.required('export.format'),
    rdbVersion: settings.required('export.rdb_version'),
    onUnsupported: settings.required('sync.on_unsupported'),
    report: settings.value('report.file') ?? '',
    filter: filterConfig(settings),
    rules: changes(rulesConfig(settings)),
    warnings: settings.warnings,
    secrets: server?.secrets ?? [],
  };
}

/** The filter alone has a way of its own. */
function changes(rules: RulesConfig | null): RulesConfig | null {
  if (rules === null) return null;
  return rules.rename.length > 0 || rules.databaseMap !== '' || rules.function !== null || Object.keys(rules.ttl).length > 0 ? rules : null;
}

function toFix(isShake: boolean): string {
  return isShake ? 'Write filepath = "..." below [file_writer].' : 'Give it as to in [export], --export-to or GODWIT_EXPORT_TO.';
}

/** The problems of the source are among those of the settings then. */
function serverOf(input: ConfigInput, settings: ReturnType<typeof gatherSettings>): SourceConfig | undefined {
  try {
    return loadSourceConfig(input, settings);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
