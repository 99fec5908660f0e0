/**
 * Measures how long a write at the source takes until it is visible at the target: the target itself tells of it, by a keyspace notification, so
 * nothing is polled. Both ends are plain sockets of this process, which does nothing else meanwhile: one clock, and an event loop that is idle.
 */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { RandomText } from '../data/random-text.ts';

const KEY = 'bench:probe';
const CHANNEL = `__keyspace@0__:${KEY}`;
const WRITE = command('SET', KEY, 'probe');
/** Uneven, so that probes do not keep step with the load. */
const PAUSE_MIN_MS = 5;
const PAUSE_SPREAD_MS = 10;
const LAST_WAIT_MS = 5_000;

/** @returns ms of each probe, in order of writing. @throws Error when the target did not show all of them. */
export async function probeLatency(sourcePort: number, targetPort: number, durationMs: number): Promise<number[]> {
  const [writer, listener] = await Promise.all([open(sourcePort), open(targetPort)]);
  try {
    return await probeOver(writer, listener, durationMs);
  } finally {
    writer.destroy();
    listener.destroy();
  }
}

async function probeOver(writer: Socket, listener: Socket, durationMs: number): Promise<number[]> {
  listener.write(command('CONFIG', 'SET', 'notify-keyspace-events', 'K$') + command('SUBSCRIBE', CHANNEL));
  await once(listener, 'data');
  const writtenAt: number[] = [];
  const latenciesMs: number[] = [];
  let rest = '';
  listener.on('data', (chunk: Buffer) => {
    const now = performance.now();
    const messages = (rest + chunk.toString('latin1')).split('$3\r\nset\r\n');
    rest = messages.pop()!;
    for (let i = 0; i < messages.length; i++) latenciesMs.push(now - writtenAt[latenciesMs.length]);
  });
  const random = new RandomText(1);
  const endsAt = performance.now() + durationMs;
  while (performance.now() < endsAt) {
    await pause(PAUSE_MIN_MS + random.below(PAUSE_SPREAD_MS));
    writtenAt.push(performance.now());
    writer.write(WRITE);
  }
  const givesUpAt = performance.now() + LAST_WAIT_MS;
  while (latenciesMs.length < writtenAt.length && performance.now() < givesUpAt) await pause(PAUSE_MIN_MS);
  if (latenciesMs.length !== writtenAt.length) throw new Error(`${writtenAt.length} probes were written, the target told of ${latenciesMs.length}`);
  return latenciesMs;
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  await once(socket, 'connect');
  return socket.resume();
}

function command(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
