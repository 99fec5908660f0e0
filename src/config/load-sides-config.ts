/** The configuration of commands that read two sides and write to none: how to reach both, and what a job did on the way. The same options, file and variables as for a sync. */
import type { SideSetting } from '../model/side-topology.ts';
import { jobName, spoolDirectory } from './build-config.ts';
import { ConfigError } from './config-error.ts';
import { type ConfigInput, gatherSettings } from './gather-settings.ts';
import { refuseNotYet } from './not-yet.ts';
import { checkRules, type RulesConfig, rulesConfig } from './rules-config.ts';
import type { Settings } from './settings.ts';
import { resolveSide, secretsOf } from './side-setting.ts';
import type { KeepaliveConfig, OnUnsupported, ReconnectConfig } from './sync-config.ts';

export interface SidesConfig {
  /** Undefined where only the target is a server. */
  readonly source: SideSetting | undefined;
  readonly target: SideSetting;
  readonly preferReplica: boolean;
  readonly keepalive: KeepaliveConfig;
  readonly reconnect: ReconnectConfig;
  /** Begins the names of Godwit's own keys. */
  readonly ownPrefix: string;
  /** What the job lets pass and makes of it; null = everything, as it is. */
  readonly rules: RulesConfig | null;
  readonly onUnsupported: OnUnsupported;
  /** Where a running job between both sides has its spool; undefined = not known. */
  readonly job: { readonly spoolDir: string; readonly name: string } | undefined;
  readonly warnings: readonly string[];
  /** For the redaction of messages. */
  readonly secrets: readonly string[];
}

/** @param sides those that are servers. @throws ConfigError with all problems */
export function loadSidesConfig(input: ConfigInput, sides: readonly ('source' | 'target')[]): SidesConfig {
  const settings = gatherSettings(input);
  checkRules(settings);
  refuseNotYet(settings, 'sync', sides);
  const source = sides.includes('source') ? resolveSide(settings, 'source').side : undefined;
  const target = resolveSide(settings, 'target').side;
  if (settings.problems.length > 0 || target === undefined || (sides.includes('source') && source === undefined)) throw new ConfigError(settings.problems);
  return {
    source,
    target,
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
    rules: rulesConfig(settings),
    job: jobPlace(input, settings, source, target),
    onUnsupported: settings.required('sync.on_unsupported'),
    ownPrefix: settings.required('checkpoint.prefix'),
    warnings: settings.warnings,
    secrets: [...secretsOf(source), ...secretsOf(target)],
  };
}

function jobPlace(input: ConfigInput, settings: Settings, source: SideSetting | undefined, target: SideSetting): SidesConfig['job'] {
  const spoolDir = settings.value('spool.dir') ?? spoolDirectory(input.env);
  const name = settings.value('job.name') ?? (source === undefined ? undefined : jobName(source, [], target));
  return spoolDir === undefined || name === undefined ? undefined : { spoolDir, name };
}
