/** `--finish` at a cluster: as finish-job.ts does it at one server. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SlotMarkStore } from '../checkpoint/slot-mark-store.ts';
import { lowMarksOf, pipelinesOf, type SlotRecord } from '../checkpoint/slot-records.ts';
import type { JobConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import type { Connection } from '../net/connection.ts';
import { ReplyError } from '../resp/reply.ts';
import type { ClusterShard } from '../topology/cluster-map.ts';
import { listRuns, removeJobSpool, spoolJobDir } from '../source/replica/spool/spool-runs.ts';

/** What of the target this needs; ClusterTarget is it. */
export interface RecordedCluster {
  readonly address: string;
  readonly store: SlotMarkStore;
  readAll(): Promise<SlotRecord[]>;
  fence(epochTaken: number): Promise<{ readonly killed: number }>;
  shards(): { readonly shard: ClusterShard; readonly connection: Connection }[];
}

/** An owner that was cut off comes back sooner than that, and is told. */
const QUIET_MS = 2_000;
const UNLINK_AT_ONCE = 1_000;

/**
 * Fences whoever runs the job, then removes its spool and its records.
 * @throws GodwitError NOTHING_TO_FINISH, JOB_UNFINISHED unless sync.yes
 */
export async function finishCluster(config: JobConfig, target: RecordedCluster): Promise<string> {
  const records = await target.readAll();
  const pipelines = [...pipelinesOf(records)];
  if (records.length === 0) {
    throw new GodwitError('NOTHING_TO_FINISH', `target ${target.address} has no marks of the job ${config.job.name}`, { details: { job: config.job.name } });
  }
  const marks = pipelines.flatMap((pipeline) => lowMarksOf(pipeline, records).slice(0, 1));
  const unfinished = marks.find(({ phase }) => phase !== 'incremental-sync');
  if (unfinished !== undefined && !config.sync.yes) {
    throw new GodwitError('JOB_UNFINISHED', `the job ${config.job.name} is not through: it was in its full sync`, { details: { job: config.job.name } });
  }
  const jobDir = spoolJobDir(config.spool.dir, config.job.name);
  const [newest] = await listRuns(jobDir);
  const { killed } = await target.fence(newest?.epoch ?? 0);
  if (killed > 0) await sleep(QUIET_MS);
  await removeJobSpool(jobDir);
  await removeRecords(target);
  const offsets = marks.map(({ phase, offset }) => (phase === 'full-sync' ? 'it was in its full sync' : `everything up to the offset ${offset} was applied`));
  return `At its end: ${offsets.join('; ')}. Whether the source had more is not known here.`;
}

async function removeRecords(target: RecordedCluster): Promise<void> {
  for (const { shard, connection } of target.shards()) {
    const records = await target.store.read(
      connection,
      shard.slots.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i)),
    );
    for (let at = 0; at < records.length; at += UNLINK_AT_ONCE) {
      const commands = records.slice(at, at + UNLINK_AT_ONCE).map(({ slot }) => ['DEL', target.store.keyOf(slot)]);
      for (const reply of await connection.callAll(commands)) if (reply instanceof ReplyError) throw reply;
    }
  }
}
