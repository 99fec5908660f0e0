/** The shards of a cluster as the places of a job's source, as far as a scan needs them. */
import { type Endpoint, endpointName } from '../../src/model/endpoint.ts';
import type { JobSource, SourcePlace } from '../../src/job/job-source.ts';
import { KeepaliveWheel } from '../../src/net/keepalive-wheel.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { ClusterTopology } from '../../src/topology/cluster-topology.ts';

const NO_OVERRIDES = { intervalMs: 0, idleLimitMs: 0, deadAfterMs: 0 };
const QUICK = { delayMinMs: 20, delayMaxMs: 200, attemptsMax: 0, connectTimeoutMs: 2_000 };

/** @param port of any node */
export async function shardPlaces(port: number): Promise<JobSource> {
  const topology = new ClusterTopology({
    side: { kind: 'cluster', seeds: [{ host: '127.0.0.1', port }], announced: { addressMap: new Map(), preferHostname: false } },
    role: 'source topology',
    clientName: 'places',
    keepalive: NO_OVERRIDES,
    reconnect: QUICK,
    wheel: new KeepaliveWheel(),
    log: silentLogger,
    refreshEveryMs: 200,
    refreshGapMs: 50,
  });
  await topology.start();
  const places = topology.map.owningShards.map(({ id }): SourcePlace => {
    const shard = (): (typeof topology.map.owningShards)[number] => topology.map.shard(id) ?? topology.map.owningShards[0];
    const endpoint = (): Endpoint => topology.endpointOf(shard().primary);
    return {
      id,
      share: { kind: 'slots', owns: (slot) => topology.map.shardOfSlot(slot)?.id === id },
      role: 'primary',
      isClusterNode: true,
      get endpoint() {
        return endpoint();
      },
      note: () =>
        shard()
          .slots.map(({ first, last }) => `${first}-${last}`)
          .join(' '),
      async locate() {
        await topology.refresh();
        return endpoint();
      },
      mistrust: () => void topology.refresh(),
      onMoved(listener) {
        let before = endpointName(endpoint());
        topology.events.on('changed', () => {
          const now = endpointName(endpoint());
          if (now === before) return;
          before = now;
          listener(`the shard is at ${now} now`);
        });
      },
    };
  });
  return { address: `127.0.0.1:${port}`, start: async () => {}, places, connections: () => [], close: () => topology.close() };
}
