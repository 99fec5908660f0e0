import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Certificates, makeCertificates } from '../../support/certificates.ts';
import { type RealServer, startServer } from '../../support/server.ts';

let certificates: Certificates;
let server: RealServer;
beforeAll(async () => {
  certificates = await makeCertificates();
  server = await startServer({ tls: { ...certificates.server, clientsNeedCertificate: true } });
});
afterAll(async () => {
  await server.stop();
  certificates.remove();
});

const read = (file: string): string => readFileSync(file, 'utf8');

test('a client with a certificate of the authority is let in', async () => {
  const { caFile, certFile, keyFile } = certificates.client;
  const client = server.client({ port: server.tlsPort, tls: { ca: read(caFile), cert: read(certFile), key: read(keyFile), host: '127.0.0.1' } });
  expect(await client.ping()).toBe('PONG');
  expect(server.tlsUrl).toBe(`rediss://127.0.0.1:${server.tlsPort}`);
});

test.each([
  ['without a certificate', (): object => ({ ca: read(certificates.client.caFile) })],
  ['that trusts another authority', (): object => ({ ca: read(certificates.otherCaFile) })],
])('a client %s is not', async (_, tls) => {
  const client = server.client({ port: server.tlsPort, tls: tls(), lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  await expect(client.ping()).rejects.toThrow();
});
