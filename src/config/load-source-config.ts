/** The configuration of commands that read one server and write to none: its endpoint, and how connections behave. The same options, file and variables as for a sync. */
import type { Endpoint } from '../model/endpoint.ts';
import { ConfigError } from './config-error.ts';
import { resolveEndpoint } from './endpoint-setting.ts';
import { type ConfigInput, gatherSettings } from './gather-settings.ts';
import { refuseNotYet } from './not-yet.ts';
import { originName } from './origin.ts';
import { findOption } from './schema.ts';
import type { Settings } from './settings.ts';
import type { KeepaliveConfig, ReconnectConfig } from './sync-config.ts';

export interface SourceConfig {
  readonly source: Endpoint;
  readonly keepalive: KeepaliveConfig;
  readonly reconnect: ReconnectConfig;
  /** Begins the names of Godwit's own keys. */
  readonly ownPrefix: string;
  readonly warnings: readonly string[];
  /** For the redaction of messages. */
  readonly secrets: readonly string[];
}

/** @throws ConfigError with all problems */
export function loadSourceConfig(input: ConfigInput, settings = gatherOwn(input)): SourceConfig {
  refuseNotYet(settings, 'export', ['source']);
  const { endpoint } = resolveEndpoint(settings, 'source');
  if (settings.problems.length > 0 || endpoint === undefined) throw new ConfigError(settings.problems);
  return {
    source: endpoint,
    keepalive: {
      intervalMs: settings.required('keepalive.interval'),
      idleLimitMs: settings.required('keepalive.idle_limit'),
      deadAfterMs: settings.required('keepalive.dead_after'),
    },
    reconnect: {
      delayMinMs: settings.required('reconnect.delay_min'),
      delayMaxMs: settings.required('reconnect.delay_max'),
      attemptsMax: settings.required('reconnect.attempts'),
      connectTimeoutMs: settings.required('reconnect.connect_timeout'),
    },
    ownPrefix: settings.required('checkpoint.prefix'),
    warnings: settings.warnings,
    secrets: endpoint.password === undefined || endpoint.password === '' ? [] : [endpoint.password],
  };
}

/** For commands that have filters of their own. */
function gatherOwn(input: ConfigInput): Settings {
  const settings = gatherSettings(input);
  for (const key of settings.keys()) {
    const { value, origin } = settings.given(key)!;
    if (!/^(?:filter|transform)\./.test(key) || JSON.stringify(value) === JSON.stringify(findOption(key)!.fallback)) continue;
    settings.warnings.push(`${originName(origin)}: ${key} has no effect on this command, which has filters of its own`);
  }
  return settings;
}
