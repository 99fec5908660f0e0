/** The settings of alerts, put together: thresholds, and webhooks from both of their places. */
import { readFileSync } from 'node:fs';
import { fileErrorText } from './file-error-text.ts';
import type { Settings } from './settings.ts';
import { readWebhook, type Webhook } from './webhook-type.ts';

/** Thresholds; 0 = the rule is off. */
export interface AlertsConfig {
  readonly webhooks: readonly Webhook[];
  readonly awayMs: number;
  /** In a minute. */
  readonly reconnectsMax: number;
  readonly roundTripMs: number;
  readonly lagMs: number;
  readonly lagBytes: number;
  readonly spoolPercent: number;
  readonly backlogLeftMs: number;
  readonly recoverAfterMs: number;
  /** 0 = never. */
  readonly repeatMs: number;
}

/** What is wrong with the file of webhooks is among the problems. */
export function alertsConfig(settings: Settings): AlertsConfig {
  return {
    webhooks: [...settings.required('alerts.webhooks'), ...webhooksOfFile(settings)],
    awayMs: settings.required('alerts.away'),
    reconnectsMax: settings.required('alerts.reconnects'),
    roundTripMs: settings.required('alerts.round_trip'),
    lagMs: settings.required('alerts.lag'),
    lagBytes: settings.required('alerts.lag_bytes'),
    spoolPercent: settings.required('alerts.spool'),
    backlogLeftMs: settings.required('alerts.backlog_left'),
    recoverAfterMs: settings.required('alerts.recover_after'),
    repeatMs: settings.required('alerts.repeat'),
  };
}

function webhooksOfFile(settings: Settings): Webhook[] {
  const file = settings.value('alerts.webhooks_file');
  if (file === undefined) return [];
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.flatMap((line, i) => {
      if (line.trim() === '' || line.startsWith('#')) return [];
      const hook = readWebhook(line);
      if (hook === undefined) settings.reject('alerts.webhooks_file', `names ${file}, whose line ${i + 1} is no webhook`);
      return hook ?? [];
    });
  } catch (cause) {
    settings.reject('alerts.webhooks_file', `names ${file}, which cannot be read: ${fileErrorText(cause)}`);
    return [];
  }
}
