import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { GodwitError } from '../../../src/errors/errors.ts';
import type { JobStatus } from '../../../src/observe/job-status.ts';
import type { Logger } from '../../../src/observe/log.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { Redactor } from '../../../src/observe/redaction.ts';
import { startStatusServer, type StatusServer } from '../../../src/status/status-server.ts';
import { exampleServer } from './example-server.ts';
import { exampleConnection, exampleStatus } from './example-status.ts';

let server: StatusServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(status: () => JobStatus = () => exampleStatus(), log: Logger = silentLogger): Promise<string> {
  const redactor = new Redactor();
  redactor.register('planted-secret');
  server = await startStatusServer(exampleServer({ status, redactor, log }));
  return server.url;
}

describe('the status server', () => {
  test('answers /status with the whole status, without secrets', async () => {
    const leaky = exampleStatus({ errors: { retried: 0, deadLetters: 0, last: { code: 'X', message: 'redis://u:p4ss@h said planted-secret', at: 1 } } });
    const answer = await fetch(`${await start(() => leaky)}/status?x=1`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const body = (await answer.json()) as JobStatus;
    expect(body.errors.last?.message).toBe('redis://u:****@h said ****');
    expect({ ...body, errors: null }).toEqual({ ...leaky, errors: null });
  });

  test('/healthz is 200 while the job is well and 503 when it failed; / names the paths', async () => {
    let phase: JobStatus['phase'] = 'incremental-sync';
    const url = await start(() => exampleStatus({ phase }));
    const well = await fetch(`${url}/healthz`);
    expect([well.status, await well.json()]).toEqual([200, { ok: true, phase }]);
    phase = 'failed';
    const failed = await fetch(`${url}/healthz`);
    expect([failed.status, await failed.json()]).toEqual([503, { ok: false, phase }]);
    expect(await (await fetch(`${url}/`)).json()).toMatchObject({ name: 'godwit', job: exampleStatus().job });
  });

  test('/readyz is 200 while the job works and 503 with what stands in its way', async () => {
    let state = 'ready';
    const url = await start(() => exampleStatus({ connections: [exampleConnection({ state })] }));
    const well = await fetch(`${url}/readyz`);
    expect([well.status, await well.json()]).toEqual([200, { ready: true, phase: 'full-sync', troubles: [] }]);
    state = 'backing-off';
    const away = await fetch(`${url}/readyz`);
    const troubles = ['target data 10.0.0.2:6379 is backing-off: closed by the other side'];
    expect([away.status, await away.json()]).toEqual([503, { ready: false, phase: 'full-sync', troubles }]);
  });

  test('HEAD has the headers and no body', async () => {
    const answer = await fetch(`${await start()}/status`, { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(100);
    expect(await answer.text()).toBe('');
  });

  test('refuses other paths, other methods and bodies, as JSON', async () => {
    const url = await start();
    for (const [path, method, code] of [
      ['/nothing', 'GET', 404],
      ['/status', 'DELETE', 405],
      ['/../etc/passwd', 'GET', 404],
      ['/status', 'POST', 405],
    ] as const) {
      const answer = await fetch(url + path, { method });
      expect([path, method, answer.status]).toEqual([path, method, code]);
      expect(await answer.json()).toHaveProperty('error');
      if (code === 405) expect(answer.headers.get('allow')).toBe('GET, HEAD');
    }
    const withBody = await fetch(`${url}/status`, { method: 'POST', body: 'x'.repeat(1000) });
    expect([withBody.status, withBody.headers.get('connection')]).toEqual([413, 'close']);
  });

  test('does not read a body that never ends', async () => {
    const { port } = new URL(await start());
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('POST /status HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n');
    let text = '';
    for await (const chunk of socket) text += chunk;
    expect(text).toMatch(/^HTTP\/1.1 413 /);
  });

  test('a status that cannot be made is a 500, not the end of the run', async () => {
    const answer = await fetch(
      `${await start(() => {
        throw new Error('inner detail');
      })}/status`,
    );
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('inner detail');
  });

  test('says where it is in the log, and closes though a client holds its connection', async () => {
    const messages: string[] = [];
    const url = await start(undefined, { ...silentLogger, info: (_fields, message) => void messages.push(message) });
    expect(messages).toEqual([`the status is at ${url}/status`]);
    const socket = connect(server!.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    await server!.close();
    await closed;
    await expect(fetch(url)).rejects.toThrow();
  });

  test('a port that is taken is one clear error', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const failed = startStatusServer(exampleServer({ port }));
    const error = await failed.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(GodwitError);
    expect((error as GodwitError).toLine()).toBe(
      `[CONFIG_INVALID] the status server cannot listen on 127.0.0.1:${port}: the port is taken. Choose another --status-port (0 is any free one) or --status-host.`,
    );
    await new Promise((resolve) => other.close(resolve));
  });
});

test('docs/status.md names every field of the status', () => {
  const page = readFileSync(new URL('../../../docs/status.md', import.meta.url), 'utf8');
  const visit = (value: unknown, path: string): void => {
    if (Array.isArray(value)) return visit(value[0], `${path}[]`);
    if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) visit(item, path === '' ? key : `${path}.${key}`);
      return;
    }
    expect(page).toContain(`\`${path}\``);
  };
  visit(exampleStatus({ errors: { retried: 0, deadLetters: 0, last: { code: '', message: '', at: 0 } } }), '');
});
