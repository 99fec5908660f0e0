/**
 * Full copies of the data sets by `godwit scan`, beside REPLICAOF in the same session: `npm run bench:scan`, `-- --only A,C --runs 3 --size 0.1` for a part. Before the
 * first run is believed, the target's DEBUG DIGEST must be the source's.
 */
import { parseArgs } from 'node:util';
import type { Redis } from 'ioredis';
import { SET_NAMES, type SetName } from '../data/data-sets.ts';
import { makeFolder, removeFolder } from '../data/cache-folder.ts';
import { startTarget, withSource } from '../data/source-with-set.ts';
import { nativeSync } from '../full-sync/native-sync.ts';
import { godwitScanArgs, plainEnvironment } from '../measure/godwit-command.ts';
import { info, keyCount, serverCpuMs } from '../measure/server-facts.ts';
import { runTimed } from '../measure/timed-process.ts';
import type { RealServer } from '../../test/support/server.ts';

const OWN_KEYS = '__godwit*';

const { values } = parseArgs({
  options: { only: { type: 'string', default: SET_NAMES.join(',') }, runs: { type: 'string', default: '2' }, size: { type: 'string', default: '1' } },
});
for (const set of values.only.split(',') as SetName[]) await bench(set, Number(values.size), Number(values.runs));

async function bench(set: SetName, size: number, runs: number): Promise<void> {
  await withSource(set, size, async (source) => {
    const client = source.client();
    const keys = keyCount(await info(client, 'keyspace'));
    const digest = String(await client.call('DEBUG', 'DIGEST'));
    for (let run = 0; run < runs; run++) {
      await native(set, source, keys);
      await scan(set, source, client, run === 0 ? digest : '');
    }
  });
}

async function native(set: SetName, source: RealServer, keys: number): Promise<void> {
  const target = await startTarget();
  try {
    const { wallMs } = await nativeSync({ source, target, targetClient: target.client(), keys, restoreFile: '' });
    console.log(`${set} native ${(wallMs / 1000).toFixed(2)} s`);
  } finally {
    await target.stop();
  }
}

/** @param digest of the source; '' = not looked at */
async function scan(set: SetName, source: RealServer, client: Redis, digest: string): Promise<void> {
  const target = await startTarget();
  const spoolDir = makeFolder('spool');
  try {
    const targetClient = target.client();
    const sourceBeforeMs = await serverCpuMs(client);
    const targetBeforeMs = await serverCpuMs(targetClient);
    const use = await runTimed(process.execPath, godwitScanArgs(source.url, target.url, spoolDir), { env: plainEnvironment() });
    const cpu = [use.cpuMs, (await serverCpuMs(client)) - sourceBeforeMs, (await serverCpuMs(targetClient)) - targetBeforeMs];
    const [own, ofSource, ofTarget] = cpu.map((ms) => (ms / 1000).toFixed(2));
    console.log(
      `${set} scan   ${(use.wallMs / 1000).toFixed(2)} s, CPU ${own} s (source ${ofSource}, target ${ofTarget}), RSS ${(use.rssBytesMax / 1e6).toFixed(0)} MB`,
    );
    if (digest === '') return;
    const marks = await targetClient.keys(OWN_KEYS);
    if (marks.length > 0) await targetClient.del(...marks);
    const found = String(await targetClient.call('DEBUG', 'DIGEST'));
    if (found !== digest) throw new Error(`${set}: the target's digest is ${found}, the source's ${digest}`);
  } finally {
    await target.stop();
    removeFolder(spoolDir);
  }
}
