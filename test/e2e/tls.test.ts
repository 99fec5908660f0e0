/** Both sides over TLS, with and without certificates of the client; and what is said when they do not fit. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { loadRichData } from '../support/rich-data.ts';
import { openScene, type SyncScene } from '../support/sync-scene.ts';

let certificates: Certificates;

beforeAll(async () => {
  certificates = await makeCertificates();
});
afterAll(() => certificates.remove());

async function openTls(clientsNeedCertificate: boolean): Promise<SyncScene> {
  const tls = { ...certificates.server, clientsNeedCertificate };
  const scene = await openScene({ source: { tls, args: { 'repl-backlog-size': '64mb' } }, target: { tls } });
  scene.sourceUrl = scene.source.tlsUrl;
  scene.targetUrl = scene.target.tlsUrl;
  return scene;
}

/** `--source-tls-ca ca.crt --target-tls-ca ca.crt` and the like. */
function both(option: string, value: string): string[] {
  return [`--source-tls-${option}`, value, `--target-tls-${option}`, value];
}

describe('a sync over TLS', () => {
  let scene: SyncScene;

  afterEach(() => scene.close());

  test.each([
    ['without a certificate of the client', false],
    ['with a certificate of the client', true],
  ])('%s ends equal, and outlives lost connections', async (_, clientsNeedCertificate) => {
    scene = await openTls(clientsNeedCertificate);
    await loadRichData(scene.source, { bigElements: 500 });
    const load = scene.load();
    const { client, server } = certificates;
    const own = clientsNeedCertificate ? [...both('cert', client.certFile), ...both('key', client.keyFile)] : [];
    const godwit = scene.godwit(...both('ca', server.caFile), ...own);
    await godwit.waitForPhase('incremental-sync');
    await load.more(500);
    expect(await scene.killTargetConnections()).toBeGreaterThan(0);
    expect(await scene.killReplicaLink()).toBe(1);
    await load.more(500);
    await load.stop();
    await godwit.waitForLagZero(scene.source);
    expect(await scene.differences()).toEqual([]);
    expect(await scene.sourceCounter('sync_full')).toBe(1);
    expect((await godwit.stop()).code).toBe(143);
  });
});

describe('TLS that does not fit ends with one clear line', () => {
  let scene: SyncScene;
  let strict: SyncScene;

  beforeAll(async () => {
    [scene, strict] = await Promise.all([openTls(false), openTls(true)]);
  });
  afterAll(() => Promise.all([scene.close(), strict.close()]));

  /** @returns what the line says behind its code */
  async function refusal(of: SyncScene, code: string, ...args: readonly string[]): Promise<string> {
    const { code: exitCode, stderr } = await of.godwit(...args).exit;
    expect(stderr).toMatch(new RegExp(`^godwit: \\[${code}\\] [^\\n]+\\n$`));
    expect(exitCode).toBe(3);
    return stderr;
  }

  test('an authority that has not signed the certificate', async () => {
    const line = await refusal(scene, 'TLS_FAILED', ...both('ca', certificates.otherCaFile));
    expect(line).toContain('its certificate comes from an authority that is not trusted');
  });

  test('an authority that nobody was told of', async () => {
    expect(await refusal(scene, 'TLS_FAILED')).toContain('its certificate comes from an authority that is not trusted');
  });

  test('a name that the certificate does not have, and one that it has', async () => {
    const ca = both('ca', certificates.server.caFile);
    const line = await refusal(scene, 'TLS_FAILED', ...ca, ...both('server-name', 'elsewhere.example'));
    expect(line).toContain('its certificate is for another name');
    const godwit = scene.godwit(...ca, ...both('server-name', 'localhost'), '--stop-after', 'full-sync');
    expect(await godwit.exit).toMatchObject({ code: 0, stderr: '' });
  });

  test('a server that asks for a certificate of the client, and none was given', async () => {
    const line = await refusal(strict, 'TLS_FAILED', ...both('ca', certificates.server.caFile));
    expect(line).toContain('the server asks for a client certificate');
  });

  test('a port that does not speak TLS', async () => {
    scene.targetUrl = scene.target.url.replace('redis:', 'rediss:');
    // It waits for the end of what it takes for a command.
    const line = await refusal(scene, 'TLS_FAILED', ...both('ca', certificates.server.caFile), '--reconnect-connect-timeout', '1s');
    expect(line).toContain('did not answer the TLS handshake within 1000 ms');
    expect(line).toContain('If this port does not speak TLS, use redis:// for it.');
  });

  test('a port that speaks TLS, addressed without it', async () => {
    scene.targetUrl = scene.target.tlsUrl.replace('rediss:', 'redis:');
    const line = await refusal(scene, 'CONNECT_FAILED', '--source-tls-ca', certificates.server.caFile);
    expect(line).toContain('If the port speaks TLS, use rediss:// for it.');
  });
});
