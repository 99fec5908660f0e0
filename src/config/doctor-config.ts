/** The effective configuration of `godwit doctor`: that of the job that it looks at before. */
import { type ConfigInput, gatherSettings } from './gather-settings.ts';
import { loadConfig } from './load.ts';
import { resolveLoadConfig } from './load-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { jobKindOf, refuseStrangers } from './run-config.ts';
import { loadScanConfig, type ScanConfig } from './scan-config.ts';
import type { LoadConfig, SyncConfig } from './sync-config.ts';

export interface LoadedDoctorConfig {
  readonly kind: 'sync' | 'scan' | 'load';
  /** Of a load: what is said of the source is that of the target, and means nothing. */
  readonly config: SyncConfig;
  readonly load: LoadConfig | null;
  /** What counts of a scan. */
  readonly scan: Pick<ScanConfig, 'notifications' | 'setNotifications'>;
  readonly warnings: readonly string[];
  readonly secrets: readonly string[];
}

/** @param asScan the job is to be a `godwit scan`. @throws ConfigError with all problems; CONFIG_INVALID for an export, which has no target */
export function resolveDoctorConfig(input: ConfigInput, asScan: boolean): LoadedDoctorConfig {
  const settings = gatherSettings(input);
  const described = jobKindOf(settings);
  const kind = asScan && described === 'sync' ? 'scan' : described;
  if (kind === 'export') {
    throw new GodwitError('CONFIG_INVALID', 'the configuration describes an export, which has no target to look at', { fix: 'Give a sync, a scan or a load.' });
  }
  refuseStrangers(settings, kind);
  const scan = { notifications: settings.required('scan.notifications'), setNotifications: settings.required('scan.set_notifications') };
  if (kind === 'load') {
    const { config: load, warnings, secrets } = resolveLoadConfig(input, settings);
    const none = {
      source: load.target,
      sourceSide: load.targetSide,
      preferReplica: false,
      psyncCommands: [],
      otherSources: [],
      verify: { continuous: null, repair: false },
    };
    return { kind, config: { ...load, ...none }, load, scan, warnings, secrets };
  }
  const { config, warnings, secrets } = kind === 'scan' ? loadScanConfig(input, settings) : loadConfig(input, settings);
  return { kind, config, load: null, scan, warnings, secrets };
}
