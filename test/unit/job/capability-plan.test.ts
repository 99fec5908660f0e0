import { expect, test } from 'vitest';
import { capabilityPlan } from '../../../src/job/capability-plan.ts';
import type { ServerVersion } from '../../../src/model/server-version.ts';

function version(name: string): ServerVersion {
  const [product, text] = name.split(' ');
  const [major, minor] = text.split('.').map(Number);
  return { product: product as ServerVersion['product'], text, major, minor, patch: 0 };
}

/** What each plan speaks of. */
function about(source: string, target: string): string[] {
  return capabilityPlan(version(source), version(target)).map((line) => line.split(':')[0]);
}

test.each([
  ['redis 6.0', 'redis 8.0', []],
  ['redis 7.0', 'valkey 8.1', []],
  ['redis 8.0', 'valkey 9.1', ['vector sets']],
  ['valkey 9.1', 'redis 8.0', []],
  ['redis 8.0', 'redis 7.0', ['hashes with field expiry', 'streams', 'vector sets']],
  ['redis 8.0', 'valkey 8.1', ['hashes with field expiry', 'vector sets']],
  ['redis 7.0', 'redis 6.0', ['streams', 'functions']],
  ['redis 8.8', 'redis 8.0', ['streams', 'arrays']],
  ['redis 6.0', 'redis 4.0', ['streams']],
])('%s to %s', (source, target, expected) => {
  expect(about(source, target)).toEqual(expected);
});
