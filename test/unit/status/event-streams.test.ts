import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { JobEvent } from '../../../src/observe/job-api.ts';
import type { JobPhase } from '../../../src/observe/job-status.ts';
import { Redactor } from '../../../src/observe/redaction.ts';
import { EventRing } from '../../../src/status/server/event-ring.ts';
import { STREAMS_MAX } from '../../../src/status/server/event-streams.ts';
import { startStatusServer, type StatusServer } from '../../../src/status/status-server.ts';
import { readEventStream, type StreamFrame } from '../../support/read-event-stream.ts';
import { exampleServer } from './example-server.ts';
import { exampleStatus } from './example-status.ts';

let server: StatusServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const event = (message: string, level: JobEvent['level'] = 'info'): JobEvent => ({ at: 1, level, kind: 'test', message, details: {} });

async function open(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const [answer] = (await once(get(url, { headers }), 'response')) as [IncomingMessage];
  return answer;
}

async function take(answer: IncomingMessage, count: number, kind?: string): Promise<StreamFrame[]> {
  const frames: StreamFrame[] = [];
  for await (const frame of readEventStream(answer)) {
    if (kind === undefined || frame.event === kind) frames.push(frame);
    if (frames.length === count) break;
  }
  return frames;
}

describe('GET /events', () => {
  test('gives the status at once and again at the interval, and the events with ids; secrets are hidden', async () => {
    const events = new EventRing('r1');
    const redactor = new Redactor();
    redactor.register('planted-secret');
    server = await startStatusServer(exampleServer({ events, redactor }));
    events.add(event('before'));
    const answer = await open(`${server.url}/events?interval=100`);
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    events.add(event('said planted-secret'));
    events.add(event('too much detail', 'debug'));
    const frames = await take(answer, 4);
    expect(frames.map((frame) => frame.event)).toEqual(['status', 'event', 'event', 'status']);
    expect(JSON.parse(frames[0].data)).toEqual(exampleStatus());
    expect(frames.slice(1, 3).map(({ id, data }) => [id, (JSON.parse(data) as JobEvent).message])).toEqual([
      ['r1-1', 'before'],
      ['r1-2', 'said ****'],
    ]);
  });

  test('who comes back gets what came meanwhile; after another run, all that is held', async () => {
    const events = new EventRing('r2');
    for (let i = 1; i <= 300; i++) events.add(event(`e${i}`));
    server = await startStatusServer(exampleServer({ events }));
    const ids = async (lastId: string, count: number): Promise<(string | undefined)[]> =>
      (await take(await open(`${server?.url}/events`, { 'last-event-id': lastId }), count, 'event')).map(({ id }) => id);
    expect(await ids('r2-298', 2)).toEqual(['r2-299', 'r2-300']);
    expect((await ids('r1-298', 256))[0]).toBe('r2-45');
    expect((await ids('nonsense', 256))[0]).toBe('r2-45');
  });

  test('watchers cannot take the connections that others need', async () => {
    server = await startStatusServer(exampleServer());
    const watchers = await Promise.all(Array.from({ length: STREAMS_MAX }, () => open(`${server?.url}/events`)));
    const late = await open(`${server.url}/events`);
    expect([late.statusCode, late.headers['retry-after']]).toEqual([503, '5']);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    watchers[0].destroy();
    for (let code = 503; code !== 200;) {
      const next = await open(`${server.url}/events`);
      code = next.statusCode ?? 0;
      watchers.push(next);
    }
    for (const watcher of watchers) watcher.destroy();
  });

  test('the last status is told before the server ends', async () => {
    let phase: JobPhase = 'full-sync';
    server = await startStatusServer(exampleServer({ status: () => exampleStatus({ phase }) }));
    const answer = await open(`${server.url}/events`);
    const frames = take(answer, 2, 'status');
    phase = 'stopped';
    await server.close();
    expect((await frames).map(({ data }) => (JSON.parse(data) as { phase: string }).phase)).toEqual(['full-sync', 'stopped']);
  });

  test('an interval that makes no sense is refused', async () => {
    server = await startStatusServer(exampleServer());
    for (const interval of ['0', '50', 'x', '99999999', '-1']) expect((await fetch(`${server.url}/events?interval=${interval}`)).status).toBe(400);
  });
});
