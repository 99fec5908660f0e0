import { afterEach, describe, expect, test } from 'vitest';
import { GodwitError } from '../../../src/errors/errors.ts';
import { startStatusServer, type StatusServer, type StatusServerOptions } from '../../../src/status/status-server.ts';
import { FakeJob } from '../cli/fake-job.ts';
import { EXAMPLE_TOKEN, exampleServer } from './example-server.ts';

let server: StatusServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const job = new FakeJob();

async function start(over: Partial<StatusServerOptions> = {}): Promise<string> {
  server = await startStatusServer(exampleServer({ control: job.control, ...over }));
  return server.url;
}

async function send(url: string, method: string, token: string | undefined = EXAMPLE_TOKEN): Promise<{ code: number; body: Record<string, unknown> }> {
  const answer = await fetch(url, { method, ...(token === '' ? {} : { headers: { authorization: `Bearer ${token}` } }) });
  return { code: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

describe('control over HTTP', () => {
  test('does nothing without the token, with a wrong one, or in a run that has none', async () => {
    const url = await start();
    job.calls.length = 0;
    for (const token of ['', 'a-token-of-the-tesT', `${EXAMPLE_TOKEN}x`, 'x'.repeat(2000)]) {
      for (const [method, path] of [
        ['POST', '/control/pause'],
        ['POST', '/control/resume'],
        ['POST', '/control/checkpoint'],
        ['POST', '/control/finish'],
        ['PUT', '/rate?commands=5'],
        ['PUT', '/log-level?level=debug'],
      ]) {
        expect([path, (await send(url + path, method, token)).code]).toEqual([path, 401]);
      }
    }
    expect(job.calls).toEqual([]);
    await server?.close();
    const other = await start({ token: undefined });
    expect(await send(`${other}/control/pause`, 'POST')).toMatchObject({ code: 401, body: { code: 'TOKEN' } });
    expect(job.calls).toEqual([]);
  });

  test('pause, resume, checkpoint and finish are POST alone', async () => {
    const url = await start();
    job.calls.length = 0;
    expect(await send(`${url}/control/pause`, 'POST')).toEqual({ code: 200, body: { ok: true, paused: true } });
    expect(await send(`${url}/control/resume`, 'POST')).toEqual({ code: 200, body: { ok: true, paused: false } });
    expect(await send(`${url}/control/checkpoint`, 'POST')).toEqual({ code: 200, body: { ok: true, checkpoint: { at: 0, offset: 0, isComplete: true } } });
    expect(await send(`${url}/control/finish`, 'POST')).toEqual({ code: 200, body: { ok: true, finishing: true } });
    expect(job.calls).toEqual(['pause', 'resume', 'finish']);
    expect((await send(`${url}/control/finish`, 'GET')).code).toBe(405);
    expect((await send(`${url}/control/nothing`, 'POST')).code).toBe(404);
    expect(job.calls).toHaveLength(3);
  });

  test('what the job cannot do now is 409 with its code; a defect is 500 and told in the log alone', async () => {
    let error: Error = new GodwitError('NOT_NOW', 'the job is paused');
    const control = {
      ...job.control,
      finish: () => {
        throw error;
      },
    };
    const url = await start({ control });
    expect(await send(`${url}/control/finish`, 'POST')).toEqual({ code: 409, body: { error: 'the job is paused', code: 'NOT_NOW' } });
    error = new Error('inner detail');
    const answer = await send(`${url}/control/finish`, 'POST');
    expect([answer.code, JSON.stringify(answer.body).includes('inner')]).toEqual([500, false]);
  });

  test('the rate is changed by PUT alone, and by numbers alone', async () => {
    const url = await start();
    expect(await send(`${url}/rate?commands=500`, 'PUT')).toEqual({ code: 200, body: { ok: true, commands: 500, bytes: 0 } });
    expect(await send(`${url}/rate?bytes=1048576&commands=0`, 'PUT')).toMatchObject({ code: 200 });
    expect(job.limits).toEqual({ commands: 0, bytes: 1_048_576 });
    for (const query of ['?commands=-1', '?comands=5', '', '?commands=1.5']) expect((await send(`${url}/rate${query}`, 'PUT')).code).toBe(400);
    expect((await send(`${url}/rate?commands=1`, 'GET')).code).toBe(405);
    expect((await send(`${url}/rate?commands=1`, 'POST')).code).toBe(405);
    expect(job.limits).toEqual({ commands: 0, bytes: 1_048_576 });
  });

  test('the level of the log is one of four', async () => {
    const levels: string[] = [];
    const url = await start({ setLogLevel: (level) => void levels.push(level) });
    expect(await send(`${url}/log-level?level=debug`, 'PUT')).toEqual({ code: 200, body: { ok: true, level: 'debug' } });
    for (const query of ['', '?level=trace', '?level=info&x=1']) expect((await send(`${url}/log-level${query}`, 'PUT')).code).toBe(400);
    expect(levels).toEqual(['debug']);
  });

  test('nothing that a page of another origin needs is answered, and nothing may be framed or run', async () => {
    const url = await start();
    const headers = { origin: 'https://elsewhere.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };
    const preflight = await fetch(`${url}/control/pause`, { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(405);
    const read = await fetch(`${url}/status`, { headers });
    for (const answer of [preflight, read]) {
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'; frame-ancestors 'none'");
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  test('headers are bounded', async () => {
    const url = await start();
    const answer = await fetch(`${url}/status`, { headers: { 'x-long': 'x'.repeat(10_000) } });
    expect(answer.status).toBe(431);
  });
});
