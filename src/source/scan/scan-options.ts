/** What a scan is told, and what it is where nobody tells it. */
import type { ScanConfig } from '../../config/scan-config.ts';

export type ScanOptions = ScanConfig;

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
