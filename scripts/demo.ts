/**
 * `npm run demo`: a live sync between two real servers, while a writer writes, connections are killed and the target is restarted. At the end
 * both sides are compared key by key. Everything that it starts has ended when it ends. Exit code 1 when something went wrong.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareServers } from '../test/support/compare.ts';
import { type GodwitProcess, startGodwit } from '../test/support/godwit-process.ts';
import { LiveLoad } from '../test/support/live-load.ts';
import { loadRichData } from '../test/support/rich-data.ts';
import { type RealServer, startServer } from '../test/support/server.ts';
import { disturb } from './demo/disturb.ts';
import { say, sayStatus, startClock } from './demo/say.ts';

const PLAIN_KEYS = 50_000;
const TARGET_TIMEOUT_S = 2;
const SOURCE_ARGS = { 'repl-backlog-size': '64mb' };
const TARGET_ARGS = { timeout: TARGET_TIMEOUT_S, appendonly: 'yes', appendfsync: 'everysec' };

async function main(): Promise<boolean> {
  startClock();
  const spoolDir = mkdtempSync(join(tmpdir(), 'godwit-demo-'));
  let source: RealServer | undefined;
  let target: RealServer | undefined;
  let godwit: GodwitProcess | undefined;
  let load: LiveLoad | undefined;
  try {
    source = await startServer({ args: SOURCE_ARGS });
    target = await startServer({ args: TARGET_ARGS });
    say(`source: ${source.product} ${source.version} at ${source.url}`);
    say(`target: ${target.product} ${target.version} at ${target.url}, closes connections that are idle for ${TARGET_TIMEOUT_S} s`);
    say(`the source holds ${await loadData(source)} keys: every type, three databases`);
    load = new LiveLoad(source);
    say('a writer begins: counters, lists, texts, streams, transactions, scripts');
    godwit = startGodwit({ source: source.url, target: target.url, spoolDir });
    say(`godwit sync ${source.url} ${target.url}`);
    await followFullSync(godwit);
    await disturb({ source, target, godwit, load });
    return await verify(source, target, godwit, load);
  } finally {
    await load?.stop().catch(() => 0);
    await godwit?.kill();
    await Promise.all([source?.stop(), target?.stop()]);
    rmSync(spoolDir, { recursive: true, force: true });
  }
}

async function loadData(source: RealServer): Promise<number> {
  const keys = await loadRichData(source);
  const client = source.client();
  const script = "for i = 1, tonumber(ARGV[1]) do redis.call('SET', 'plain:' .. i, string.rep('v', i % 200)) end";
  await client.call('EVAL', script, '0', String(PLAIN_KEYS));
  client.disconnect();
  return keys + PLAIN_KEYS;
}

async function followFullSync(godwit: GodwitProcess): Promise<void> {
  await godwit.waitForStatus('the status server', () => true);
  say(`its page: ${godwit.statusUrl}/ui/, its status: ${godwit.statusUrl}/status`);
  const status = await godwit.waitForPhase('incremental-sync', { timeoutMs: 30_000 });
  sayStatus('the full sync is applied, now it follows', status);
}

async function verify(source: RealServer, target: RealServer, godwit: GodwitProcess, load: LiveLoad): Promise<boolean> {
  const commands = await load.stop();
  say(
    `the writer has ended after ${commands.toLocaleString('en')} commands; those before the snapshot came with its keys, the others as the commands that Godwit counts`,
  );
  sayStatus('the target has caught up', await godwit.waitForLagZero(source, { timeoutMs: 30_000 }));
  const differences = await compareServers(source, target);
  for (const difference of differences.slice(0, 10)) say(`DIFFERENT ${difference}`);
  say(differences.length === 0 ? 'compared every key of both sides by content, expiry and type: EQUAL' : `${differences.length} differences or more`);
  const { code, stderr } = await godwit.stop();
  say(`SIGTERM: godwit wrote its mark and ended with code ${code}; the same command line would go on from there`);
  if (stderr !== '') say(stderr.trim());
  return differences.length === 0 && code === 143;
}

main().then(
  (equal) => process.exit(equal ? 0 : 1),
  (error: Error) => {
    console.error(`the demo failed: ${error.message}`);
    process.exit(1);
  },
);
