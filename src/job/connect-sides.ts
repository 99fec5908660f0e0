/** Opens both sides of a job and connects them. One address alone is taken for a server; when it turns out to be a node of a cluster, it stands for the whole. */
import type { Connection } from '../net/connection.ts';
import type { JobSource } from './job-source.ts';
import type { JobTarget } from './job-target.ts';
import { asCluster, kindOfSide, openSource, openTarget, refuseSentinel, type SidesOptions, type TargetSidesOptions } from './open-sides.ts';

export interface ConnectOptions<Sides extends TargetSidesOptions = SidesOptions> {
  readonly sides: Sides;
  readonly first: { readonly attemptsMax: number; readonly patient: boolean };
  /** Ends the waiting for what is away when the job is to end. */
  unlessStopped<T>(work: Promise<T>): Promise<T>;
}

const IGNORED = 'source.prefer_replica has no effect on one server alone: give the address of the replica that is to be read from';

/** A place of the source that the job has made something of. */
interface ConnectedShard {
  readonly control: Connection;
  close(): Promise<void>;
}

/** @param take is given the target before it is connected, and again when it is another one */
export async function connectTarget(options: ConnectOptions<TargetSidesOptions>, take: (target: JobTarget) => void): Promise<void> {
  const { sides, first, unlessStopped } = options;
  const target = openTarget(sides, await unlessStopped(kindOfSide(sides, 'target', sides.config.targetSide, first)));
  take(target);
  await unlessStopped(target.connect(first));
  const cluster = asCluster(sides.config.targetSide);
  if (cluster === undefined) return;
  if (target.isSentinel) await unlessStopped(refuseSentinel(sides, 'target', sides.config.targetSide, first));
  if (!target.isClusterNode) return;
  await target.close();
  const whole = openTarget(sides, cluster);
  take(whole);
  await unlessStopped(whole.connect(first));
}

/**
 * @param open is given the source before it is looked for, and again when it is another one
 * @param take makes the shards of its places, which are connected then
 */
export async function connectSource(
  options: ConnectOptions,
  open: (source: JobSource) => void,
  take: (source: JobSource) => readonly ConnectedShard[],
): Promise<void> {
  const { sides, first, unlessStopped } = options;
  const connect = async (source: JobSource): Promise<readonly ConnectedShard[]> => {
    open(source);
    await unlessStopped(source.start());
    const shards = take(source);
    await Promise.all(shards.map(({ control }) => control.connect(first)));
    return shards;
  };
  const source = openSource(sides, await unlessStopped(kindOfSide(sides, 'source', sides.config.sourceSide, first)));
  const shards = await connect(source);
  const cluster = asCluster(sides.config.sourceSide);
  if (cluster === undefined) return;
  const modes = shards.map(({ control }) => control.server.mode);
  if (modes.includes('sentinel')) await unlessStopped(refuseSentinel(sides, 'source', sides.config.sourceSide, first));
  if (!modes.includes('cluster')) {
    if (sides.config.preferReplica) sides.onEvent('warn', 'job.prefer-replica', IGNORED);
    return;
  }
  await Promise.all([...shards.map((shard) => shard.close()), source.close()]);
  await connect(openSource(sides, cluster));
}
