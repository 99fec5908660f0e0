/**
 * How far the memory that `godwit inspect` estimates is from what servers say: `npm run soak:inspect-memory`. Each server loads the file that is inspected;
 * its MEMORY USAGE of all keys, every element looked at, is summed up. Rich data has every type and encoding; B is many small keys (bench/data/data-sets.ts).
 */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandWriter } from '../../bench/data/command-writer.ts';
import { DATA_SETS } from '../../bench/data/data-sets.ts';
import type { ServerName } from '../../scripts/servers.ts';
import { Inspection } from '../../src/pipeline/inspection.ts';
import type { InspectionReport } from '../../src/rdb/inspect/inspection-report.ts';
import type { Allocator } from '../../src/rdb/inspect/memory-model.ts';
import { openFileSource } from '../../src/source/open-file-source.ts';
import { type ServerCounts, serverCounts } from '../support/inspect/expected-counts.ts';
import { loadRichData } from '../support/rich-data.ts';
import { type RealServer, startServer } from '../support/server.ts';

const SERVERS: readonly ServerName[] = ['redis-6.0', 'redis-7.0', 'redis-8.0', 'valkey-8.1', 'valkey-9.1'];
const SETS: Readonly<Record<string, (server: RealServer) => Promise<unknown>>> = {
  rich: (server) => loadRichData(server),
  B: async (server) => (await CommandWriter.open(server.port)).writeAll(DATA_SETS.B.commands(0.02)),
};

async function reportOf(file: string, allocator: Allocator): Promise<InspectionReport> {
  const source = await openFileSource(file);
  try {
    return await new Inspection(source, { nowMs: Date.now(), top: 0, delimiters: ':', allocator }).run();
  } finally {
    await source.close();
  }
}

async function countsOf(server: RealServer): Promise<ServerCounts & { readonly used: number }> {
  const info = await server.client().info('memory');
  const field = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
  return { ...(await serverCounts(server)), used: field('used_memory') - field('used_memory_startup') };
}

const percent = (ours: number, theirs: number): string => `${((ours / theirs - 1) * 100).toFixed(1)} %`;

async function compare(name: ServerName, set: string): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'godwit-inspect-memory-'));
  try {
    const first = await startServer({ server: name });
    await SETS[set](first);
    await first.client().call('SAVE');
    copyFileSync(join(first.dir, 'dump.rdb'), join(dir, 'dump.rdb'));
    await first.stop();
    await using server = await startServer({ server: name, dir });
    const counts = await countsOf(server);
    const sum = Object.values(counts.memory).reduce((total, bytes) => total + bytes, 0);
    const [system, bundled] = [await reportOf(join(dir, 'dump.rdb'), 'system'), await reportOf(join(dir, 'dump.rdb'), 'bundled')];
    const types = system.types.map((type) => `${type.name} ${percent(type.bytes, counts.memory[type.name])}`);
    const whole = percent(system.totals.bytes + system.totals.tableBytes, counts.used);
    const totals = `${percent(system.totals.bytes, sum)} (bundled ${percent(bundled.totals.bytes, sum)}), with tables to used_memory ${whole}`;
    console.log(`${name} ${set}: ${counts.keys} keys, ${sum} bytes: ${totals}\n    ${types.join(', ')}`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

for (const set of Object.keys(SETS)) for (const name of SERVERS) await compare(name, set);
process.exit(0);
