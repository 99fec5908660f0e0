/** Alerts: each condition is caused at real servers, told to a webhook, and told again when it is over; and nobody's secrets are. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { runGodwit } from '../support/run-godwit.ts';
import { openScene, type SceneOptions, type SyncScene } from '../support/sync-scene.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const SOON = ['--alerts-away', '500ms', '--alerts-recover-after', '200ms'];

let hooks: WebhookReceiver;
let scene: SyncScene | undefined;
let proxy: FaultProxy | undefined;
beforeEach(async () => void (hooks = await startWebhookReceiver()));
afterEach(async () => {
  await scene?.close();
  proxy?.close();
  await hooks.close();
  scene = undefined;
  proxy = undefined;
});

async function open(options: SceneOptions = {}): Promise<SyncScene> {
  scene = await openScene(options);
  return scene;
}

describe('an alert is told, and that it is over:', () => {
  test('a target that is away, then slow, then out of memory; connections that break again and again', async () => {
    const { target } = await open({ target: { args: { timeout: 1 } } });
    proxy = await startFaultProxy({ port: target.port });
    scene!.targetUrl = proxy.url;
    const godwit = scene!.godwit(
      ...SOON,
      '--alerts-webhooks',
      hooks.url(),
      '--alerts-reconnects',
      '3',
      '--alerts-round-trip',
      '300ms',
      '--keepalive-interval',
      '200ms',
    );
    await godwit.waitForPhase('incremental-sync');
    const place = `target 127.0.0.1:${proxy.port}`;
    proxy.refuse();
    proxy.cut();
    expect(await hooks.notice('firing', 'connection-away')).toMatchObject({
      id: `connection-away:${place}`,
      severity: 'critical',
      job: (await godwit.status()).job,
    });
    expect((await godwit.status()).alerts.map(({ id }) => id)).toContain(`connection-away:${place}`);
    await proxy.accept();
    await hooks.notice('resolved', `connection-away:${place}`);
    proxy.delay(250);
    expect((await hooks.notice('firing', 'round-trip:', 20_000))['what']).toMatch(/^a PING to target data .* takes \d+/);
    expect((await hooks.notice('firing', 'timeout-short:', 20_000))['what']).toContain('shorter than three round trips');
    proxy.delay(0);
    await hooks.notice('resolved', 'round-trip:', 20_000);
    const client = target.client();
    await client.config('SET', 'maxmemory', '1');
    const from = scene!.source.client();
    await from.set('more', 'x');
    expect((await hooks.notice('firing', 'target-not-ready'))['what']).toContain('OOM');
    await client.config('SET', 'maxmemory', '0');
    await hooks.notice('resolved', 'target-not-ready');
    for (let i = 0; i < 4; i++) {
      const before = (await godwit.status()).connections.find(({ role }) => role === 'target data')?.reconnects ?? 0;
      proxy.cut();
      await godwit.waitForStatus('another connection', ({ connections }) =>
        connections.some((one) => one.role === 'target data' && one.reconnects > before && one.state === 'ready'),
      );
    }
    await hooks.notice('firing', 'connection-unstable:');
    expect(godwit.lines.filter(({ event }) => event === 'alert.firing').length).toBeGreaterThanOrEqual(5);
    from.disconnect();
    client.disconnect();
  });

  test('a lag, a spool that fills up, and commands that were refused', async () => {
    const { source, target } = await open();
    const godwit = scene!.godwit(...SOON, '--alerts-webhooks', hooks.url(), '--alerts-lag', '1s', '--spool-max-bytes', '16mb', '--on-error', 'dead-letter');
    await godwit.waitForPhase('incremental-sync');
    const [from, to] = [source.client(), target.client()];
    await to.set('taken', 'a string');
    await from.lpush('taken', 'x');
    expect((await hooks.notice('firing', 'dead-letters'))['what']).toContain('has refused 1 commands');
    await godwit.control('POST', '/control/pause');
    for (let i = 0; i < 30; i++) await from.set(`big:${i}`, Buffer.alloc(1024 * 1024, i));
    expect((await hooks.notice('firing', 'lag', 20_000))['what']).toContain('the job is paused');
    expect(await hooks.notice('firing', 'spool', 20_000)).toMatchObject({ severity: expect.stringMatching(/warning|critical/) as string });
    await godwit.control('POST', '/control/resume');
    await hooks.notice('resolved', 'lag', 30_000);
    await hooks.notice('resolved', 'spool', 30_000);
    from.disconnect();
    to.disconnect();
  });

  test('a backlog that is about to lose what is needed while the link is away', async () => {
    const { source } = await open({ source: { args: { 'repl-backlog-size': '64kb' } } });
    proxy = await startFaultProxy({ port: source.port });
    scene!.sourceUrl = proxy.url;
    const godwit = scene!.godwit(...SOON, '--alerts-webhooks', hooks.url());
    await godwit.waitForPhase('incremental-sync');
    const from = source.client();
    // The control connection stays and tells how far the source is.
    proxy.refuse();
    await scene!.killReplicaLink();
    for (let i = 0; i < 10; i++) await from.set(`k${i}`, 'x'.repeat(10_000));
    expect((await hooks.notice('firing', 'backlog:'))['what']).toMatch(/its backlog (?:no longer has what is needed|has room for)/);
    await proxy.accept();
    await hooks.notice('resolved', 'backlog:', 20_000);
    from.disconnect();
  });

  test('a job that fails, before its process ends, though the receiver has to be asked twice', async () => {
    const { source } = await open();
    const godwit = scene!.godwit('--alerts-webhooks', hooks.url('/services/T0000/B0000/very-secret'));
    await godwit.waitForPhase('incremental-sync');
    const from = source.client();
    hooks.failures = 1;
    await from.acl('SETUSER', 'default', '-psync', '-sync');
    await scene!.killReplicaLink();
    expect((await godwit.exit).code).toBe(4);
    expect(await hooks.notice('firing', 'job-stopped', 100)).toMatchObject({ severity: 'critical', what: expect.stringContaining('has failed') as string });
    expect(JSON.stringify(godwit.lines)).not.toContain('very-secret');
    from.disconnect();
  });
});

describe('godwit alert-test', () => {
  test('sends one alert and its end to each webhook, and says which have not taken it; without their secrets', async () => {
    const { spoolDir } = await open();
    const file = join(spoolDir, 'godwit.toml');
    writeFileSync(file, `[alerts]\nwebhooks = ["${hooks.url('/one-secret-path')}", "feishu ${hooks.url('/other-secret-path')}"]\n`);
    const well = await runGodwit(['alert-test', '--config', file]);
    expect([well.code, well.stdout]).toEqual([0, expect.stringMatching(/^generic 127\.0\.0\.1:\d+: taken\nfeishu 127\.0\.0\.1:\d+: taken\n$/)]);
    expect(hooks.received.map(({ path }) => path)).toEqual(['/one-secret-path', '/one-secret-path', '/other-secret-path', '/other-secret-path']);
    hooks.answer = '{"code":19021,"msg":"sign match fail"}';
    const refused = await runGodwit(['alert-test', '--config', file]);
    expect([refused.code, refused.stdout]).toEqual([3, expect.stringContaining('it refused: 19021 sign match fail')]);
    expect(refused.stderr).toMatch(/^godwit: \[ALERT_NOT_SENT\] 1 of 2 webhooks/);
    expect(`${refused.stdout}${refused.stderr}`).not.toContain('secret-path');
    expect((await runGodwit(['alert-test'])).code).toBe(2);
  });
});
