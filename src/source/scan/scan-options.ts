/** What a scan is told. Sizes are bytes, times milliseconds. */
export interface ScanOptions {
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

export const SCAN_DEFAULTS: ScanOptions = {
  full: true,
  notifications: false,
  count: 0,
  connections: 0,
  databases: [],
  types: [],
  skipTypes: [],
  mirror: false,
  setNotifications: true,
  queueKeysMax: 500_000,
  partBytes: 64 * 1024 * 1024,
  keysPerSecondMax: 0,
  bytesPerSecondMax: 0,
};
