/**
 * From what the process was given to the effective configuration: flag > environment > file > default. Each value remembers where it
 * came from, and everything that is wrong is reported at once.
 *
 *   gather-settings.ts (read the layers) -> endpoint-setting.ts (two endpoints) -> rules between options -> build-config.ts
 */
import { type Endpoint, isSameAddress } from '../model/endpoint.ts';
import { alertsConfig } from './alerts-config.ts';
import { buildConfig, jobName, spoolDirectory } from './build-config.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { type ConfigInput, gatherSettings } from './gather-settings.ts';
import { refuseNotYet, refuseOtherKind } from './not-yet.ts';
import { optionsOf } from './options-of.ts';
import { otherSources } from './other-sources.ts';
import { checkRules as checkTransforms } from './rules-config.ts';
import { type Origin, originName, originRank } from './origin.ts';
import { formatDuration } from './quantity.ts';
import { isEndpointPart, type Option, type OptionKey } from './schema.ts';
import type { Given, Settings } from './settings.ts';
import { resolveSide, secretsOf } from './side-setting.ts';
import { statusToken } from './status-token.ts';
import type { SyncConfig } from './sync-config.ts';

/** One option with the value in force. Holds secrets: show it through explain.ts. */
export interface EffectiveValue {
  readonly option: Option;
  /** Undefined: not given, and no default. */
  readonly value: unknown;
  readonly origin: Origin;
}

export interface ConfigResolution {
  /** Undefined if there are problems. */
  readonly config: SyncConfig | undefined;
  /** One per option, in the order of the schema. */
  readonly effective: readonly EffectiveValue[];
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
  /** For the redaction of logs. */
  readonly secrets: readonly string[];
}

export interface LoadedConfig extends ConfigResolution {
  readonly config: SyncConfig;
}

/** Jobs between two servers. */
export type KindOfServers = 'sync' | 'scan';

/** @throws ConfigError with all problems */
export function loadConfig(input: ConfigInput, settings = gatherSettings(input), kind: KindOfServers = 'sync'): LoadedConfig {
  const resolution = resolveConfig(input, settings, kind);
  if (!resolution.config) throw new ConfigError(resolution.problems);
  return { ...resolution, config: resolution.config };
}

/** Like loadConfig(), but problems are returned. @throws ConfigError only if the file cannot be read or is no TOML. */
export function resolveConfig(input: ConfigInput, settings = gatherSettings(input), kind: KindOfServers = 'sync'): ConfigResolution {
  refuseOtherKind(settings, kind);
  refuseNotYet(settings, kind);
  const source = resolveSide(settings, 'source');
  const target = resolveSide(settings, 'target');
  const others = otherSources(settings, source.endpoint);
  const spoolDir = settings.value('spool.dir') ?? spoolDirectory(input.env);
  if (spoolDir === undefined) settings.problems.push({ code: 'CONFIG_MISSING', message: 'spool.dir is not given, and neither XDG_STATE_HOME nor HOME is set' });
  checkRules(settings, [...(source.endpoint === undefined ? [] : [source.endpoint]), ...others], target.endpoint);
  const derived = new Map<OptionKey, Given>([...source.effective, ...target.effective]);
  const givenOthers = settings.given('source.others');
  if (givenOthers !== undefined) {
    if (source.side !== undefined && source.side.kind !== 'auto') settings.reject('source.others', 'goes with a standalone source alone');
    derived.set('source.others', givenOthers);
    // Who cannot tell whose keys are whose cannot begin one of them anew without leaving some behind.
    addDefault(derived, settings, 'sync.on_lost_position', 'stop');
  }
  if (kind === 'sync' && settings.value('sync.full_sync') === false) checkChangesAlone(settings, derived);
  if (source.side && target.side) addDefault(derived, settings, 'job.name', jobName(source.side, others, target.side));
  addDefault(derived, settings, 'spool.dir', spoolDir);
  const complete = settings.problems.length === 0 && source.side && target.side && spoolDir !== undefined;
  return {
    config: complete ? buildConfig(settings, source.side, others, target.side, spoolDir) : undefined,
    effective: optionsOf(kind).map((option) => effectiveValue(option, settings, derived)),
    problems: settings.problems,
    warnings: settings.warnings,
    secrets: [...secretsOf(source.side), ...others.flatMap(({ password }) => (password ? [password] : [])), ...secretsOf(target.side)],
  };
}

/** Another snapshot would be dropped as the first one was: what changed between is lost then, unless the job stops. */
function checkChangesAlone(settings: Settings, derived: Map<OptionKey, Given>): void {
  if (settings.given('sync.on_lost_position')?.value === 'resync') {
    settings.reject('sync.on_lost_position', 'is resync, which brings nothing without sync.full_sync', 'Leave it out: the job stops then.');
  }
  addDefault(derived, settings, 'sync.on_lost_position', 'stop');
}

function addDefault(derived: Map<OptionKey, Given>, settings: Settings, key: OptionKey, value: string | undefined): void {
  if (!settings.given(key) && value !== undefined) derived.set(key, { value, origin: { kind: 'default' } });
}

export function effectiveValue(option: Option, settings: Settings, derived: ReadonlyMap<OptionKey, Given>): EffectiveValue {
  const given = derived.get(option.key) ?? (isEndpointPart(option) ? undefined : settings.given(option.key));
  return { option, value: given?.value ?? option.fallback, origin: given?.origin ?? { kind: 'default' } };
}

/** Rules between options, which no type of a single one can know. */
function checkRules(settings: Settings, sources: readonly Endpoint[], target: Endpoint | undefined): void {
  checkJobRules(settings);
  const source = sources.find((one) => target !== undefined && isSameAddress(one, target));
  if (source !== undefined) {
    const where = `source (${originName(originOfAddress(settings, 'source'))}) and target (${originName(originOfAddress(settings, 'target'))})`;
    settings.problems.push({ code: 'SAME_SERVER', message: `${where} are the same address, ${source.host}:${source.port}` });
  }
}

/** Those that hold for every job that writes to a server. */
export function checkJobRules(settings: Settings): void {
  const { problems } = settings;
  const delayMinMs = settings.required('reconnect.delay_min');
  const delayMaxMs = settings.required('reconnect.delay_max');
  if (delayMinMs > delayMaxMs) {
    const key = settings.given('reconnect.delay_min') ? 'reconnect.delay_min' : 'reconnect.delay_max';
    const relation = `reconnect.delay_min (${formatDuration(delayMinMs)}) is longer than reconnect.delay_max (${formatDuration(delayMaxMs)})`;
    problems.push({ code: 'CONFIG_INVALID', message: `${originName(settings.origin(key))}: ${relation}` });
  }
  checkKeepalive(settings);
  statusToken(settings);
  alertsConfig(settings);
  checkTransforms(settings);
  if (
    settings.value('sync.finish') &&
    settings.value('sync.flush_target') &&
    originRank(settings.origin('sync.flush_target')) >= originRank(settings.origin('sync.finish'))
  ) {
    settings.reject('sync.finish', 'and sync.flush_target exclude each other', 'Give one of them: --finish ends a job, --flush-target begins one.');
  }
}

function originOfAddress(settings: Settings, side: 'source' | 'target'): Origin {
  return (settings.given(`${side}.url`) ?? settings.given(`${side}.address`))?.origin ?? { kind: 'default' };
}

function checkKeepalive(settings: Settings): void {
  const intervalMs = settings.required('keepalive.interval');
  const idleLimitMs = settings.required('keepalive.idle_limit');
  const deadAfterMs = settings.required('keepalive.dead_after');
  if (intervalMs > 0 && idleLimitMs > 0 && intervalMs > idleLimitMs / 2) {
    const limit = `half of keepalive.idle_limit (${formatDuration(idleLimitMs)})`;
    const message = `${originName(settings.origin('keepalive.interval'))}: keepalive.interval (${formatDuration(intervalMs)}) is longer than ${limit}`;
    settings.problems.push({ code: 'KEEPALIVE_TOO_LONG', message });
  }
  if (deadAfterMs > 0 && intervalMs > 0 && deadAfterMs < intervalMs) {
    settings.reject('keepalive.dead_after', `(${formatDuration(deadAfterMs)}) is shorter than keepalive.interval (${formatDuration(intervalMs)})`);
  }
}
