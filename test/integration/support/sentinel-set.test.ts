import { describe, expect, test } from 'vitest';
import { startSentinelSet } from '../../support/sentinel-set.ts';
import { waitFor } from '../../support/wait-for.ts';

describe.each(['redis-6.0', 'valkey-9.1'] as const)('a set of %s', (server) => {
  test('fails over when asked, and when its primary dies', async () => {
    await using set = await startSentinelSet({ server });
    const first = await set.primary();
    await first.client().set('k', 'v');
    const second = await set.failover();
    expect(second).not.toBe(first);
    expect(await set.replicas()).toEqual([first]);
    await waitFor('the old primary to follow', async () => (await first.client().info('replication')).includes('master_link_status:up'));
    expect(await set.killPrimary()).toBe(second);
    expect(await set.primary()).toBe(first);
    expect(await first.client().get('k')).toBe('v');
  }, 60_000);
});

test('servers and sentinels can have passwords of their own, and a failover can lose what was written last', async () => {
  await using set = await startSentinelSet({ passwords: { servers: 'of-servers', sentinels: 'of-sentinels' } });
  const after = await set.loseTail((primary) => primary.client().set('lost', 'v'));
  expect(await set.primary()).toBe(after);
  expect(await after.client().get('lost')).toBe(null);
  expect((await set.replicas()).length).toBe(1);
}, 60_000);
