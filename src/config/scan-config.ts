/** The effective configuration of `godwit scan`: that of a sync, and what only a scan is told. */
import { ConfigError } from './config-error.ts';
import { type ConfigInput, gatherSettings } from './gather-settings.ts';
import { type ConfigResolution, type LoadedConfig, resolveConfig } from './load.ts';
import type { Settings } from './settings.ts';

/** What a scan is told. Sizes are bytes. */
export interface ScanConfig {
  /** Go over all keys. False: only what notifications tell. */
  readonly full: boolean;
  /** Follow what changes by keyspace notifications. */
  readonly notifications: boolean;
  /** COUNT of SCAN; 0 = begin with 1,000 and grow while the keys are what is waited for. */
  readonly count: number;
  /** Connections that values are read over, per server of the source; 0 = 2. */
  readonly connections: number;
  /** Only these databases; empty = all that hold keys. */
  readonly databases: readonly number[];
  /** Only keys of these types, as TYPE names them; empty = all. */
  readonly types: readonly string[];
  readonly skipTypes: readonly string[];
  /** Keys at the target that the source does not have are removed when it was gone over. */
  readonly mirror: boolean;
  /** May `notify-keyspace-events` be set where it lacks something? It is set back at the end. */
  readonly setNotifications: boolean;
  /** Keys that may wait to be read again; more are an overflow, and the source is gone over again. */
  readonly queueKeysMax: number;
  /** Values from here on are read in parts, where their type can be. */
  readonly partBytes: number;
  /** 0 = no limit. */
  readonly keysPerSecondMax: number;
  readonly bytesPerSecondMax: number;
}

export interface LoadedScanConfig extends LoadedConfig {
  readonly scan: ScanConfig;
}

/** @throws ConfigError with all problems */
export function loadScanConfig(input: ConfigInput, settings = gatherSettings(input)): LoadedScanConfig {
  const resolution = resolveScanConfig(input, settings);
  if (!resolution.config) throw new ConfigError(resolution.problems);
  return { ...resolution, config: resolution.config, scan: scanConfig(settings) };
}

/** Like loadScanConfig(), but problems are returned. @throws ConfigError only if the file cannot be read or is no TOML */
export function resolveScanConfig(input: ConfigInput, settings = gatherSettings(input)): ConfigResolution {
  checkRules(settings);
  return resolveConfig(input, settings, 'scan');
}

export function scanConfig(settings: Settings): ScanConfig {
  return {
    full: settings.required('scan.full'),
    notifications: settings.required('scan.notifications'),
    count: settings.required('scan.count'),
    connections: settings.required('scan.connections'),
    databases: settings.required('scan.databases'),
    types: settings.required('scan.types'),
    skipTypes: settings.required('scan.skip_types'),
    mirror: settings.required('scan.mirror'),
    setNotifications: settings.required('scan.set_notifications'),
    queueKeysMax: settings.required('scan.queue_keys'),
    partBytes: settings.required('scan.part_size'),
    keysPerSecondMax: settings.required('scan.keys_per_second'),
    bytesPerSecondMax: settings.required('scan.bytes_per_second'),
  };
}

/** Between options of a scan. */
function checkRules(settings: Settings): void {
  const follows = settings.required('scan.notifications');
  if (!settings.required('scan.full') && !follows) {
    settings.reject('scan.full', 'is false, and notifications are not followed: there is nothing to do', 'Follow them (--notifications), or go over all keys.');
  }
  if (follows && settings.required('sync.on_existing') === 'skip') {
    settings.reject(
      'sync.on_existing',
      'is skip: keys that change again and again cannot be followed where keys that exist at the target are left alone',
      'Take replace, or do not follow notifications.',
    );
  }
  if (settings.required('scan.mirror') && settings.given('source.others') !== undefined) {
    settings.reject('scan.mirror', 'does not go with several sources: it cannot be told which keys of the target each of them has lost', 'Leave one out.');
  }
}
