/** Settings to SyncConfig: the one place that maps options to the leaves that the rest of Godwit reads, and works out derived defaults. */
import { createHash } from 'node:crypto';
import { type Endpoint, endpointName } from '../model/endpoint.ts';
import type { SideSetting } from '../model/side-topology.ts';
import { alertsConfig } from './alerts-config.ts';
import { originRank } from './origin.ts';
import { rulesConfig } from './rules-config.ts';
import type { Settings } from './settings.ts';
import { firstEndpoint } from './side-setting.ts';
import { statusToken } from './status-token.ts';
import type { JobConfig, SyncConfig } from './sync-config.ts';

const JOB_NAME_LENGTH_MAX = 64;

/** @param spoolDir the directory in force (see spoolDirectory) */
export function buildConfig(settings: Settings, source: SideSetting, otherSources: readonly Endpoint[], target: SideSetting, spoolDir: string): SyncConfig {
  const job = buildJobConfig(settings, target, jobName(source, otherSources, target), spoolDir);
  const onLostPosition = otherSources.length > 0 && settings.given('sync.on_lost_position') === undefined ? 'stop' : job.sync.onLostPosition;
  const own = {
    source: firstEndpoint(source),
    sourceSide: source,
    preferReplica: settings.required('source.prefer_replica'),
    psyncCommands: settings.required('source.psync_commands'),
    otherSources,
  };
  return { ...own, ...job, sync: { ...job.sync, onLostPosition, ...(job.sync.fullSync ? {} : changesAlone(job)) } };
}

/** Where no values are brought there is none to be replaced, and none that another full sync could bring. */
function changesAlone({ sync }: JobConfig): Partial<JobConfig['sync']> {
  return { onExisting: sync.onExisting === 'fail' ? 'replace' : sync.onExisting, onLostPosition: 'stop' };
}

/** @param name of the job, unless another one was given */
export function buildJobConfig(settings: Settings, target: SideSetting, name: string, spoolDir: string): JobConfig {
  const finish = settings.required('sync.finish');
  return {
    target: firstEndpoint(target),
    targetSide: target,
    job: { name: settings.value('job.name') ?? name },
    sync: {
      onExisting: settings.required('sync.on_existing'),
      flushTarget: settings.required('sync.flush_target') && !finish,
      yes: settings.required('sync.yes') && (!finish || answersFinish(settings)),
      onError: settings.required('sync.on_error'),
      onUnsupported: settings.required('sync.on_unsupported'),
      onCrossSlot: settings.required('sync.on_cross_slot'),
      onLostPosition: settings.required('sync.on_lost_position'),
      stopAfter: settings.required('sync.stop_after'),
      stopWhenLagBelowBytes: settings.required('sync.stop_when_lag_below'),
      fullSync: settings.required('sync.full_sync'),
      dryRun: settings.required('sync.dry_run'),
      finish,
      fullSyncConcurrency: settings.required('sync.full_sync_concurrency'),
    },
    rules: rulesConfig(settings),
    rate: { commands: settings.required('rate.commands'), bytes: settings.required('rate.bytes') },
    limits: { valueBytesMax: settings.required('target.value_bytes_max'), unansweredBytesMax: settings.required('target.unanswered_bytes_max') },
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
    spool: {
      dir: spoolDir,
      maxBytes: settings.required('spool.max_bytes'),
      retainMs: settings.required('spool.retain'),
      retainBytes: settings.required('spool.retain_bytes'),
    },
    checkpoint: { prefix: settings.required('checkpoint.prefix') },
    deadLetter: { file: settings.value('dead_letter.file') ?? '' },
    report: { file: settings.value('report.file') ?? '' },
    status: {
      port: settings.required('status.port'),
      host: settings.required('status.host'),
      token: statusToken(settings),
      isShake: settings.shake !== undefined,
    },
    alerts: alertsConfig(settings),
    doctor: { intervalMs: settings.required('doctor.interval') },
    log: {
      level: settings.required('log.level'),
      format: settings.required('log.format'),
      intervalMs: settings.required('log.interval'),
      file: {
        path: settings.value('log.file') ?? '',
        bytesMax: settings.required('log.file_bytes_max'),
        ageMaxMs: settings.required('log.file_age_max'),
        filesMax: settings.required('log.files_max'),
        compress: settings.required('log.compress'),
      },
    },
  };
}

/** A file that empties its target without a question has not said that an unfinished job may be given up: who asks for its end has to. */
function answersFinish(settings: Settings): boolean {
  return originRank(settings.origin('sync.yes')) >= originRank(settings.origin('sync.finish'));
}

/**
 * `10.0.0.1-6379-to-10.0.0.2-6379`: readable, and the same for the same addresses, since marks and spool are found by it. Names that
 * would be too long keep their start and get a hash of the whole.
 */
export function jobName(source: SideSetting, otherSources: readonly Endpoint[], target: SideSetting): string {
  return nameOf([sideName(source), ...otherSources.map(endpointName)].join('-and-'), sideName(target));
}

/** `load-dump.rdb-to-10.0.0.2-6379`. @param fileName without folders */
export function loadName(fileName: string, target: SideSetting): string {
  return nameOf(`load-${fileName}`, sideName(target));
}

/** Of several addresses the first: it says which side is meant, as long as people write them in the same order. */
function sideName(side: SideSetting): string {
  const address = endpointName(firstEndpoint(side));
  return side.kind === 'sentinel' ? `${side.primaryName}-at-${address}` : address;
}

function nameOf(from: string, to: string): string {
  const plain = (text: string): string =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9._]+/g, '-')
      .replace(/^-+/, '');
  const name = `${plain(from)}-to-${plain(to)}`;
  if (name.length <= JOB_NAME_LENGTH_MAX) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${name.slice(0, JOB_NAME_LENGTH_MAX - hash.length - 1)}-${hash}`;
}

/** `$XDG_STATE_HOME/godwit`, or `~/.local/state/godwit`; undefined if neither variable is set. A relative XDG_STATE_HOME does not count. */
export function spoolDirectory(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env.XDG_STATE_HOME?.startsWith('/')) return `${env.XDG_STATE_HOME.replace(/\/+$/, '')}/godwit`;
  return env.HOME ? `${env.HOME.replace(/\/+$/, '')}/.local/state/godwit` : undefined;
}
