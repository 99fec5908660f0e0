/** The page bench/RESULTS.md: the tables, the machine they come from, and what each number is. */
import { cpus, release, totalmem } from 'node:os';
import { serverCommand } from '../../scripts/servers.ts';
import { SERVER } from '../data/source-with-set.ts';
import { DATA_SETS, SET_NAMES } from '../data/data-sets.ts';
import { WRITES_PER_SECOND } from '../live/latency.ts';
import { CLUSTER_WRITES } from '../cluster/cluster-throughput.ts';
import { WRITES } from '../live/throughput.ts';
import type { BenchResults } from './bench-results.ts';
import { clusterTable, distanceTable, fullSyncTable, latencyTable, startUpTable, throughputTable } from './tables.ts';

const GIB = 1024 ** 3;
/** More than that, and others take CPU that the measured processes would have had. */
const QUIET_LOAD_MAX = 0.7;

export interface Session {
  /** Of the data sets and loads; 1 is whole. */
  readonly size: number;
  /** Processes that wanted to run, by the kernel's average over the minute before the session. */
  readonly loadBefore: number;
}

export async function resultsPage(results: BenchResults, session: Session): Promise<string> {
  const { fullSyncs, startUp, throughput, cluster, distance, latencies } = results;
  const parts = [await preface(session)];
  if (fullSyncs.size > 0) parts.push(FULL_SYNC_TEXT);
  for (const set of SET_NAMES) {
    const result = fullSyncs.get(set);
    if (result) parts.push(`### ${set}: ${DATA_SETS[set].title}`, fullSyncTable(result));
  }
  if (startUp) parts.push(START_UP_TEXT, startUpTable(startUp));
  if (throughput) parts.push(THROUGHPUT_TEXT, throughputTable(throughput));
  if (cluster) parts.push(CLUSTER_TEXT, clusterTable(cluster));
  if (distance) parts.push(DISTANCE_TEXT, distanceTable(distance));
  if (latencies) parts.push(LATENCY_TEXT, latencyTable(latencies));
  return `${parts.join('\n\n')}\n`;
}

async function preface({ size, loadBefore }: Session): Promise<string> {
  const { product, version } = await serverCommand(SERVER);
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, ${(totalmem() / GIB).toFixed(0)} GiB, Linux ${release()}`;
  return [
    '# Results',
    '',
    `Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}; it measures anew wherever it runs.`,
    '',
    `- Machine: ${machine}. Source, target, tool and load share it, over loopback: a faster network than any real one, with fewer cores.`,
    `- Node.js ${process.versions.node}; source and target are ${product} ${version}, nothing saved, no AOF, diskless snapshots without delay.`,
    ...(size === 1 ? [] : [`- Data sets and loads were scaled to ${size}: not comparable with whole ones.`]),
    '- Tools run by turns in one session: machines drift by 5 to 10 %, so compare only numbers of one page. Median (min to max) of all runs.',
    ...(loadBefore > QUIET_LOAD_MAX ? [busyWarning(loadBefore)] : []),
    `- Other work on the machine shows in the spread; its load before the session was ${loadBefore.toFixed(1)}. CPU is user and system time.`,
  ].join('\n');
}

function busyWarning(load: number): string {
  const what = `**The machine was busy with other work (load ${load.toFixed(1)} on ${cpus().length} CPUs)**`;
  return `- ${what}: times, rates, latencies and ratios of this page are not to be relied on; CPU and memory are. Measure again on a quiet one.`;
}

const FULL_SYNC_TEXT = `## Full sync

Each run has a fresh empty target process; all share one source. In the first run of each tool, source and target had the same \`DEBUG DIGEST\`.

- \`REPLICAOF\`: from the command until the link is up and all keys are there (INFO, polled every 5 ms). The replica takes the snapshot to its disk first, as is
  its default.
- \`redis-cli --pipe\`: a file of RESTOREs that was made before. No source, no parsing: what a target can take in at most, and no sync.
- Godwit: \`godwit sync --stop-after full-sync\` as a process, from spawn to exit, so with Node's start; the second line is the part from the source's first word
  of the snapshot until the target has all keys.
- Tool CPU and memory are those of the process, from the kernel (memory: high-water mark, looked at every 10 ms). CPU of the source includes the child that writes the snapshot.`;

const START_UP_TEXT = `## Start

From spawn; a part of each wall time of Godwit above.`;

const THROUGHPUT_TEXT = `## Live: throughput

The follower is attached to an empty source, then \`redis-benchmark -t set -d 64 -P 64 -n ${WRITES} -r ${WRITES}\` runs against it. Measured from the start of
redis-benchmark until the follower shows a key that was written behind it. CPU and memory of Godwit are those of its whole run, from start to SIGTERM.`;

const CLUSTER_TEXT = `## Live: a cluster of three nodes

\`redis-benchmark -P 64 -n ${CLUSTER_WRITES} -r ${CLUSTER_WRITES}\` with SET of 64 bytes and with INCR: straight to the nodes (\`--cluster\`), and to one source that Godwit
brings to the cluster, and to one server, until the target shows a key that was written last. The share of the marks is what MULTI, EXEC and HSET are of all calls at the target, and of
the time that the target spent in calls. With three nodes, a source, the load and Godwit on the machine's cores, the cores are the limit.`;

const DISTANCE_TEXT = `## Distance

The target is reached through a proxy that hands bytes on after half of the round trip, each way, and through the same proxy without a delay. The full sync is the whole program, from
spawn to exit, with some ten round trips before the first byte; the streams are those of "Live: throughput".`;

const LATENCY_TEXT = `## Live: latency

${WRITES_PER_SECOND} writes a second of 64 bytes by a process of its own over one connection; beside it, every 5 to 15 ms, a probe. From the call that writes the probe at the
source to the arrival of the target's keyspace notification of it, on one clock in a process that does nothing else. Both ways through loopback are in it.`;
