/** The configuration of commands that read one server and write to none: its endpoint, and how connections behave. The same options, file and variables as for a sync. */
import type { Endpoint } from '../model/endpoint.ts';
import type { SideSetting } from '../model/side-topology.ts';
import { ConfigError } from './config-error.ts';
import { type ConfigInput, gatherSettings } from './gather-settings.ts';
import { refuseNotYet } from './not-yet.ts';
import { otherSources } from './other-sources.ts';
import { originName } from './origin.ts';
import { findOption } from './schema.ts';
import type { Settings } from './settings.ts';
import { firstEndpoint, resolveSide, secretsOf } from './side-setting.ts';
import type { KeepaliveConfig, ReconnectConfig } from './sync-config.ts';

export interface SourceConfig {
  /** The first address of the source, or of its sentinels. */
  readonly source: Endpoint;
  readonly sourceSide: SideSetting;
  /** More standalone servers that are read behind it. */
  readonly otherSources: readonly Endpoint[];
  /** Read from the replica of each shard that is furthest, where there is one. */
  readonly preferReplica: boolean;
  readonly keepalive: KeepaliveConfig;
  readonly reconnect: ReconnectConfig;
  /** `host:port@name`: what PSYNC is called at servers whose address begins so. */
  readonly psyncCommands: readonly string[];
  /** Begins the names of Godwit's own keys. */
  readonly ownPrefix: string;
  readonly warnings: readonly string[];
  /** For the redaction of messages. */
  readonly secrets: readonly string[];
}

/** @throws ConfigError with all problems */
export function loadSourceConfig(input: ConfigInput, settings = gatherOwn(input)): SourceConfig {
  refuseNotYet(settings, 'export', ['source']);
  const { side, endpoint } = resolveSide(settings, 'source');
  const others = otherSources(settings, endpoint);
  if (settings.problems.length > 0 || side === undefined) throw new ConfigError(settings.problems);
  return {
    source: firstEndpoint(side),
    sourceSide: side,
    otherSources: others,
    preferReplica: settings.required('source.prefer_replica'),
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
    psyncCommands: settings.required('source.psync_commands'),
    ownPrefix: settings.required('checkpoint.prefix'),
    warnings: settings.warnings,
    secrets: [...secretsOf(side), ...others.flatMap(({ password }) => (password ? [password] : []))],
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
