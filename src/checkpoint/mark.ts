/**
 * The mark: a small hash in database 0 of the target that says how far this job has got. It is written in the same transaction as the data it
 * speaks of, so after any break it tells exactly what is applied. Field names are stable; `v` grows when their meaning changes.
 */
import { GodwitError } from '../errors/errors.ts';
import type { RdbDecoderState } from '../rdb/decoder-state.ts';

const VERSION = 1;

/** How far a file is loaded. Both texts are JSON that only the reader of the file understands. */
export interface FileMark {
  readonly identity: string;
  /** '' = at the begin. */
  readonly position: string;
  /** Read to its end. */
  readonly done: boolean;
}

export interface Mark {
  /** Grows with each owner; an older owner may not write any more. */
  readonly epoch: number;
  readonly phase: 'full-sync' | 'incremental-sync';
  /** History that `offset` belongs to; '' before the first snapshot. */
  readonly replicationId: string;
  /** Everything up to here is applied. In full sync: the offset that the snapshot stands for. */
  readonly offset: number;
  /** Database selected in the stream behind `offset`. */
  readonly database: number;
  /** Which snapshot this job stands on (when it began, Unix ms); 0 before the first. Two snapshots can have the same id and offset. */
  readonly snapshotId: number;
  /** Offset in the snapshot up to which it is applied, and what its decoder needs to go on there. */
  readonly rdbOffset: number;
  readonly rdbState: RdbDecoderState | null;
  /** The target was empty at the start (or was flushed): all that it holds is ours. */
  readonly owned: boolean;
  /** Only of a job that loads a file: offsets and ids are none then, the phase tells values of a snapshot from commands. */
  readonly file?: FileMark | undefined;
  /** Only of a job that scans: how far, as text that only the scan understands. `rdbOffset` counts rows then, over all runs. */
  readonly scan?: string | undefined;
  /** Digest of the rules that it was brought up to here with; '' = none any more, undefined = never any. */
  readonly rules?: string | undefined;
}

/** Of a job that has done nothing yet, without its epoch and whom the target belongs to. */
export const FIRST_MARK = {
  phase: 'full-sync',
  replicationId: '',
  offset: 0,
  database: 0,
  snapshotId: 0,
  rdbOffset: 0,
  rdbState: null,
} as const satisfies Partial<Mark>;

/** The mark of a job that goes on with these rules. @param digest undefined: with none */
export function withRules<T extends Mark | undefined>(mark: T, digest: string | undefined): T {
  if (mark === undefined || mark.rules === digest) return mark;
  return { ...mark, rules: digest ?? (mark.rules === undefined ? undefined : '') };
}

/** `<prefix>:<job>` */
export function markKey(prefix: string, job: string): string {
  return `${prefix}:${job}`;
}

/** Fields and values in HMSET's order. */
export function markFields(mark: Mark): string[] {
  return [
    'v',
    String(VERSION),
    'epoch',
    String(mark.epoch),
    'phase',
    mark.phase,
    'id',
    mark.replicationId,
    'offset',
    String(mark.offset),
    'db',
    String(mark.database),
    'snapshot',
    String(mark.snapshotId),
    'rdb-offset',
    String(mark.rdbOffset),
    'rdb-state',
    mark.rdbState === null ? '' : JSON.stringify(mark.rdbState),
    'owned',
    mark.owned ? '1' : '0',
    ...(mark.file === undefined ? [] : ['file', mark.file.identity, 'file-position', mark.file.position, 'file-done', mark.file.done ? '1' : '0']),
    ...(mark.scan === undefined ? [] : ['scan', mark.scan]),
    ...(mark.rules === undefined ? [] : ['rules', mark.rules]),
  ];
}

/** Reads the reply of HGETALL; undefined for none. @throws MARK_INVALID */
export function parseMark(key: string, fields: ReadonlyMap<string, string>): Mark | undefined {
  if (fields.size === 0) return undefined;
  const whole = (name: string): number => {
    const n = Number(fields.get(name) ?? Number.NaN);
    if (!Number.isSafeInteger(n) || n < 0) throw invalid(key, `its field ${name} is ${JSON.stringify(fields.get(name) ?? null)}`);
    return n;
  };
  if (whole('v') !== VERSION) throw invalid(key, `it was written by another version (v = ${fields.get('v')})`);
  const phase = fields.get('phase');
  if (phase !== 'full-sync' && phase !== 'incremental-sync') throw invalid(key, `its phase is ${JSON.stringify(phase ?? null)}`);
  const state = fields.get('rdb-state') ?? '';
  const file = fields.get('file');
  const scan = fields.get('scan');
  const rules = fields.get('rules');
  try {
    return {
      epoch: whole('epoch'),
      phase,
      replicationId: fields.get('id') ?? '',
      offset: whole('offset'),
      database: whole('db'),
      snapshotId: whole('snapshot'),
      rdbOffset: whole('rdb-offset'),
      rdbState: state === '' ? null : (JSON.parse(state) as RdbDecoderState),
      owned: fields.get('owned') === '1',
      ...(file === undefined ? {} : { file: { identity: file, position: fields.get('file-position') ?? '', done: fields.get('file-done') === '1' } }),
      ...(scan === undefined ? {} : { scan }),
      ...(rules === undefined ? {} : { rules }),
    };
  } catch (error) {
    throw error instanceof GodwitError ? error : invalid(key, 'its field rdb-state is not JSON');
  }
}

function invalid(key: string, what: string): GodwitError {
  return new GodwitError('MARK_INVALID', `the mark ${key} at the target cannot be used: ${what}`, { details: { key } });
}
