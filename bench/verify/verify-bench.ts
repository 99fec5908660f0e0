/**
 * What `godwit verify` of two equal sides costs: `npm run bench:verify`, `-- --only A,B --runs 3 --size 0.1 --profile DIR` for a part. The target replicates the source
 * and is taken off it before the first run. CPU is what counts on a machine that others use too; the load is told beside it.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { SetName } from '../data/data-sets.ts';
import { startTarget, withSource } from '../data/source-with-set.ts';
import { plainEnvironment, godwitSyncArgs } from '../measure/godwit-command.ts';
import { serverCpuMs, waitForInfo, waitForNoChild } from '../measure/server-facts.ts';
import { runTimed } from '../measure/timed-process.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'A,B' },
    runs: { type: 'string', default: '2' },
    size: { type: 'string', default: '1' },
    profile: { type: 'string' },
  },
});
for (const set of values.only.split(',') as SetName[]) await bench(set, Number(values.size), Number(values.runs));

async function bench(set: SetName, size: number, runs: number): Promise<void> {
  await withSource(set, size, async (source) => {
    const target = await startTarget();
    try {
      const [client, targetClient] = [source.client(), target.client()];
      await targetClient.call('REPLICAOF', source.host, source.port);
      await waitForInfo(targetClient, 'the copy', ['replication'], (text) => text.includes('master_link_status:up'));
      await targetClient.call('REPLICAOF', 'NO', 'ONE');
      await waitForNoChild(client);
      for (let run = 0; run < runs; run++) {
        const before = [await serverCpuMs(client), await serverCpuMs(targetClient)];
        const profile = values.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', values.profile];
        const [main] = godwitSyncArgs('', '', '');
        const use = await runTimed(process.execPath, [...profile, main, 'verify', source.url, target.url], { env: plainEnvironment() });
        const cpu = [use.cpuMs, (await serverCpuMs(client)) - before[0], (await serverCpuMs(targetClient)) - before[1]];
        const [own, ofSource, ofTarget] = cpu.map((ms) => (ms / 1000).toFixed(2));
        const [wall, rss] = [(use.wallMs / 1000).toFixed(2), (use.rssBytesMax / 1e6).toFixed(0)];
        console.log(`${set} ${wall} s, CPU ${own} s (source ${ofSource}, target ${ofTarget}), RSS ${rss} MB, load ${loadavg()[0].toFixed(1)}`);
        console.log(use.stdout.split('\n')[0]);
      }
    } finally {
      await target.stop();
    }
  });
}
