/**
 * The status as RedisShake tells it, for those who watch a run of a shake.toml: the same keys, made of Godwit's status. `consistent` is true when all that the
 * source has told is applied and answered. Counts are of keys in the full sync and of commands behind it.
 */
import type { JobStatus, PipelineStatus, ScannedServer } from '../observe/job-status.ts';

interface Ops {
  readonly read_count: number;
  readonly read_ops: number;
  readonly write_count: number;
  readonly write_ops: number;
}

const READER_STATES: Readonly<Record<string, string>> = {
  idle: 'hand shaking',
  connecting: 'hand shaking',
  handshaking: 'hand shaking',
  'requesting-sync': 'hand shaking',
  'waiting-for-rdb': 'waiting bgsave',
  'receiving-rdb': 'receiving rdb',
};
const KIB = 1024;

export class ShakeStatus {
  private readonly status: () => JobStatus;

  constructor(status: () => JobStatus) {
    this.status = status;
  }

  document(): unknown {
    const status = this.status();
    const { fullSync, incrementalSync, rate, load, connections } = status;
    const written = fullSync.keysApplied + fullSync.keysSkipped + incrementalSync.commandsApplied;
    const ops = round(rate.keysPerSecond + rate.commandsPerSecond);
    const counts: Ops = { read_count: written, read_ops: ops, write_count: written, write_ops: ops };
    const targets = connections.filter(({ role }) => role === 'target data');
    const unanswered = targets.reduce((sum, one) => sum + one.unansweredBytes, 0);
    return {
      start_time: localTime(status.startedAt),
      consistent: unanswered === 0 && (load?.done ?? isCaughtUp(status)),
      total_entries_count: counts,
      per_cmd_entries_count: perCommand(status),
      reader: readers(status),
      writer: oneOrAll(targets.map(({ address, unansweredBytes, unansweredReplies }) => writer(address, unansweredBytes, unansweredReplies))),
    };
  }
}

/** Values of a snapshot are RESTORE, as RedisShake counts them; speeds by command are 0, as there. */
function perCommand({ commands, fullSync }: JobStatus): Readonly<Record<string, Ops>> {
  const opsOf = (read: number, written: number): Ops => ({ read_count: read, read_ops: 0, write_count: written, write_ops: 0 });
  const { keysApplied, keysSkipped } = fullSync;
  const counted = new Map(commands.map(({ name, read, sent }) => [name, opsOf(read, sent)]));
  const { read_count: read, write_count: written } = counted.get('RESTORE') ?? opsOf(0, 0);
  if (keysApplied + keysSkipped > 0) counted.set('RESTORE', opsOf(read + keysApplied + keysSkipped, written + keysApplied));
  return Object.fromEntries(counted);
}

function isCaughtUp({ phase, lagBytes, scan }: JobStatus): boolean {
  if (scan !== undefined) return scan.queued === 0 && (scan.stage === 'following' || scan.stage === 'done');
  return phase === 'incremental-sync' && lagBytes === 0;
}

function readers(status: JobStatus): unknown {
  const { pipelines, load, scan } = status;
  if (load !== undefined) return fileReader(status);
  return oneOrAll(scan === undefined ? pipelines.map((one) => syncReader(one, status)) : scan.servers.map(scanReader));
}

function scanReader({ address, stage, database, cursor, progress, queued }: ScannedServer): object {
  return {
    name: `reader_${address.replace(/[:.]/g, '_')}`,
    scan_finished: stage !== 'going-over',
    scan_dbId: database,
    scan_cursor: Number(cursor),
    scan_percent: `${(progress * 100).toFixed(2)}%`,
    need_update_count: queued,
  };
}

function syncReader(one: PipelineStatus, { spool }: JobStatus): object {
  const { fullSync, incrementalSync, link, source } = one;
  const total = Math.max(0, fullSync.bytesTotal);
  return {
    name: `reader_${source.address.replace(/[:.]/g, '_')}`,
    address: source.address,
    dir: spool.dir,
    status:
      one.phase === 'incremental-sync'
        ? 'syncing aof'
        : fullSync.bytesReceived > 0 && link.state === 'streaming'
          ? 'syncing rdb'
          : (READER_STATES[link.state] ?? 'syncing rdb'),
    rdb_file_size_bytes: total,
    rdb_file_size_human: human(total),
    rdb_received_bytes: fullSync.bytesReceived,
    rdb_received_human: human(fullSync.bytesReceived),
    rdb_sent_bytes: fullSync.bytesApplied,
    rdb_sent_human: human(fullSync.bytesApplied),
    aof_received_offset: Math.max(incrementalSync.offsetReceived, incrementalSync.offsetSource),
    aof_sent_offset: incrementalSync.offsetApplied,
    aof_received_bytes: incrementalSync.bytesReceived,
    aof_received_human: human(incrementalSync.bytesReceived),
  };
}

function fileReader({ source, fullSync, load }: JobStatus): object {
  const size = Math.max(0, fullSync.bytesTotal);
  const isAof = source.server === 'AOF';
  const percent = `${((size > 0 ? fullSync.bytesReceived / size : load?.done === true ? 1 : 0) * 100).toFixed(2)}%`;
  const state = load?.done === true ? 'done' : 'reading';
  const facts: Readonly<Record<string, unknown>> = {
    file_size_bytes: size,
    file_size_human: human(size),
    file_sent_bytes: fullSync.bytesReceived,
    file_sent_human: human(fullSync.bytesReceived),
    percent,
  };
  if (!isAof) return { name: 'rdb_reader', status: state, filepath: source.address, ...facts };
  const named = Object.fromEntries(Object.entries(facts).map(([key, value]) => [`aof_${key}`, value]));
  return { aof_name: 'aof_reader', aof_status: state, aof_file_path: source.address, ...named, aof_time_stamp: '' };
}

function writer(address: string, bytes: number, entries: number): object {
  return { name: `writer_${address.replace(/[:.]/g, '_')}`, unanswered_bytes: bytes, unanswered_entries: entries };
}

/** One as it is, several as a list, none as null. */
function oneOrAll(all: readonly object[]): unknown {
  return all.length === 0 ? null : all.length === 1 ? all[0] : all;
}

function localTime(ms: number): string {
  const time = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

function human(bytes: number): string {
  let value = bytes;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; value >= KIB && unit < units.length - 1; unit++) value /= KIB;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
