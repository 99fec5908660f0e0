/** `/metrics` of a known run: each number is compared with what the servers and the run itself say. */
import { afterEach, expect, test } from 'vitest';
import type { GodwitProcess } from '../support/godwit-process.ts';
import { Metrics } from '../support/parse-metrics.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';
import { waitFor } from '../support/wait-for.ts';

let scene: SyncScene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

async function scrape(godwit: GodwitProcess): Promise<Metrics> {
  const answer = await fetch(`${godwit.statusUrl}/metrics`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  return new Metrics(await answer.text());
}

test('tells a known run: keys, commands, lag, connections and their pings, a killed connection, a pause', async () => {
  scene = await openScene({ target: { args: { timeout: 1 } } });
  const { source, target } = scene;
  const from = source.client();
  await from.eval("for i = 1, 500 do redis.call('SET', 'k' .. i, i) end", 0);
  const godwit = scene.godwit('--keepalive-interval', '200ms', '--block-prefix', 'tmp:');
  await godwit.waitForPhase('incremental-sync');
  for (let i = 0; i < 40; i++) await from.set(`later:${i}`, 'x');
  for (let i = 0; i < 5; i++) await from.set(`tmp:${i}`, 'x');
  await godwit.waitForLagZero(source);
  const offset = Number(/^master_repl_offset:(\d+)/m.exec(await from.info('replication'))?.[1]);
  await godwit.waitForStatus('a few pings', ({ connections }) => connections.some(({ role, pingsSent }) => role === 'target data' && pingsSent >= 3));
  const one = await scrape(godwit);
  expect(one.value('godwit_job_phase', { phase: 'incremental-sync' })).toBe(1);
  expect(one.value('godwit_job_ready')).toBe(1);
  expect(one.value('godwit_job_info', { source: `127.0.0.1:${source.port}`, target: `127.0.0.1:${target.port}` })).toBe(1);
  expect(one.value('godwit_keys_applied_total')).toBe(500);
  expect(one.value('godwit_commands_applied_total')).toBe(40);
  expect(one.value('godwit_filter_decisions_total', { rule: 'block prefix "tmp:"' })).toBe(5);
  expect(one.value('godwit_pipeline_received_offset_bytes')).toBeGreaterThanOrEqual(offset);
  expect(one.value('godwit_pipeline_applied_offset_bytes')).toBeGreaterThanOrEqual(offset);
  expect(one.value('godwit_pipeline_backlog_size_bytes')).toBe(1024 * 1024);
  expect(one.value('godwit_pipeline_backlog_left_bytes')).toBe(1024 * 1024);
  expect(one.value('godwit_connection_node_timeout_seconds', { role: 'target data' })).toBe(1);
  expect(one.value('godwit_connection_keepalive_interval_seconds', { role: 'target data' })).toBe(0.2);
  expect(one.value('godwit_connection_pings_sent_total', { role: 'target data' })).toBeGreaterThanOrEqual(3);
  expect(one.value('godwit_connection_sent_bytes_total', { role: 'target data' })).toBeGreaterThan(500 * 20);
  expect(one.value('godwit_ping_round_trip_seconds_count', { role: 'target data' })).toBeGreaterThanOrEqual(3);
  expect(one.value('godwit_connection_reconnects_total', { role: 'target data' })).toBe(0);
  expect(one.value('godwit_process_resident_memory_bytes')).toBeGreaterThan(3e7);

  await godwit.control('POST', '/control/pause');
  await scene.killTargetConnections();
  const lost = await waitFor('the loss', async () => {
    const metrics = await scrape(godwit);
    return (metrics.value('godwit_connection_reconnects_total', { role: 'target data' }) ?? 0) > 0 ? metrics : undefined;
  });
  expect(lost.value('godwit_errors_total', { code: 'CONNECTION_LOST' })).toBeGreaterThanOrEqual(1);
  expect(lost.value('godwit_job_paused')).toBe(1);
  await from.set('waits', 'x'.repeat(10_000));
  await waitFor('the lag', async () => ((await scrape(godwit)).value('godwit_lag_bytes') ?? 0) > 10_000);
  await godwit.control('POST', '/control/resume');
  await waitFor('no lag', async () => ((await scrape(godwit)).value('godwit_commands_applied_total') === 41 ? true : undefined));
  from.disconnect();
});
