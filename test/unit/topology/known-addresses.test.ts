import { expect, test } from 'vitest';
import type { Endpoint } from '../../../src/model/endpoint.ts';
import { KnownAddresses } from '../../../src/topology/known-addresses.ts';

const endpoint = (host: string): Endpoint => ({ host, port: 1 });
const hosts = (known: KnownAddresses, ...first: string[]): string =>
  known
    .inOrder(first.map(endpoint))
    .map(({ host }) => host)
    .join(' ');

test('the given ones come first, then those seen last, then the seeds, each once', () => {
  const known = new KnownAddresses([endpoint('seed'), endpoint('b')]);
  for (const host of ['a', 'b', 'c', 'a']) known.see(endpoint(host));
  expect(hosts(known)).toBe('a c b seed');
  expect(hosts(known, 'b', 'x', 'b', 'seed')).toBe('b x seed a c');
});

test('a forgotten one is gone, a seed stays; of very many the oldest go', () => {
  const known = new KnownAddresses([endpoint('seed')]);
  for (const host of ['a', 'seed']) known.see(endpoint(host));
  for (const host of ['a', 'seed']) known.forget(endpoint(host));
  expect(hosts(known)).toBe('seed');
  for (let i = 0; i < 3_000; i++) known.see(endpoint(`n${i}`));
  const all = known.inOrder([]);
  expect([all.length, all[0].host, all.at(-2)?.host]).toEqual([2_001, 'n2999', 'n1000']);
});
