import { expect, test } from 'vitest';
import { MANAGED_SERVICES, serviceOf } from '../../../src/job/doctor/managed-service.ts';
import { settingMend } from '../../../src/job/doctor/setting-mend.ts';

const id = (host: string, os = 'Linux 6.1 x86_64', infoText = ''): string | undefined => serviceOf({ host, os, infoText })?.id;

test.each([
  ['elasticache', 'a.abc123.ng.0001.euw1.cache.amazonaws.com'],
  ['elasticache', 'a.serverless.euw1.cache.amazonaws.com'],
  ['memorydb', 'clustercfg.a.abc123.memorydb.eu-west-1.amazonaws.com'],
  ['apsaradb', 'r-abc123.redis.rds.aliyuncs.com'],
  ['azure', 'a.redis.cache.windows.net'],
  ['azure', 'a.westeurope.redis.azure.net'],
  ['azure', 'a.westeurope.redisenterprise.cache.azure.net'],
  ['memorystore', 'abc.memorystore.cloud.goog'],
  [undefined, '10.0.0.1'],
  [undefined, 'cache.amazonaws.com.example.org'],
] as const)('%s is known by the host %s', (service, host) => expect(id(host)).toBe(service));

test('services are known by what INFO says, whatever name leads to them', () => {
  expect(id('10.0.0.1', 'Amazon ElastiCache')).toBe('elasticache');
  expect(id('10.0.0.1', 'Amazon MemoryDB')).toBe('memorydb');
});

test('each service has signs, limits, and a command line that makes a setting', () => {
  for (const service of MANAGED_SERVICES) {
    expect(service.limits.length).toBeGreaterThan(0);
    expect(service.setting('timeout', '60', 'r-abc.example.org')).toMatch(/timeout.*60/);
  }
});

test('a setting is made by CONFIG SET at a server of one’s own, and by the tool of the service at another one', () => {
  const endpoint = { host: 'r-abc.redis.rds.aliyuncs.com', port: 6379 };
  const own = { name: 'target 10.0.0.1:6379', endpoint, service: null };
  expect(settingMend(own, 'timeout', 60)).toEqual({ kind: 'server', at: own.name, command: 'CONFIG SET timeout 60' });
  expect(settingMend(own, 'client-output-buffer-limit', 'replica 1gb 1gb 60').command).toBe('CONFIG SET client-output-buffer-limit "replica 1gb 1gb 60"');
  const other = settingMend({ ...own, service: serviceOf({ host: endpoint.host, os: '', infoText: '' }) }, 'timeout', 60);
  expect(other).toMatchObject({ kind: 'service', command: `aliyun r-kvstore ModifyInstanceConfig --InstanceId r-abc --Config '{"timeout":"60"}'` });
});
