/**
 * `GET /events`, server-sent: a `status` with the whole status each second (`?interval=MS`), and an `event` for each thing that happens, with an id; those that are
 * still held come first, or what is behind `Last-Event-ID`.
 *
 * Invariants: no more than STREAMS_MAX at a time, so that watchers never take the last connection of the server from a health check; a watcher that does not read
 * misses states, which the next one replaces, and is dropped when events wait too long: it comes back with the id of the last one it has.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JobStatus } from '../../observe/job-status.ts';
import type { Redactor } from '../../observe/redaction.ts';
import { type Answer, refusal } from './answer.ts';
import type { EventRing, NumberedEvent } from './event-ring.ts';

export const STREAMS_MAX = 24;
const INTERVAL_MS = 1_000;
const INTERVAL_MIN_MS = 100;
const INTERVAL_MAX_MS = 60_000;
const WAITING_BYTES_MAX = 256 * 1024;
const LAST_WORDS_MS = 250;

export interface EventStreamsOptions {
  readonly status: () => JobStatus;
  readonly events: EventRing;
  readonly redactor: Redactor;
}

interface Stream {
  readonly response: ServerResponse;
  end(): void;
}

export class EventStreams {
  private readonly options: EventStreamsOptions;
  private readonly open = new Set<Stream>();

  constructor(options: EventStreamsOptions) {
    this.options = options;
  }

  get count(): number {
    return this.open.size;
  }

  /** Why there will be no stream; undefined = start() may be called. */
  refusal(query: URLSearchParams): Answer | undefined {
    const intervalMs = intervalOf(query);
    if (Number.isNaN(intervalMs)) return refusal(400, `interval is a whole number of milliseconds from ${INTERVAL_MIN_MS} to ${INTERVAL_MAX_MS}`);
    if (this.open.size >= STREAMS_MAX) return refusal(503, `there are ${STREAMS_MAX} watchers already`, {}, { 'retry-after': '5' });
    return undefined;
  }

  start(query: URLSearchParams, request: IncomingMessage, response: ServerResponse, headers: Readonly<Record<string, string>>): void {
    const { events } = this.options;
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    response.write(`retry: 2000\n\n`);
    this.sendStatus(response);
    for (const event of events.after(lastIdOf(request))) this.sendEvent(response, event);
    const unlisten = events.listen((event) => {
      if (response.writableLength > WAITING_BYTES_MAX) response.destroy();
      else this.sendEvent(response, event);
    });
    const timer = setInterval(() => {
      if (response.writableLength <= WAITING_BYTES_MAX) this.sendStatus(response);
    }, intervalOf(query));
    const stream: Stream = {
      response,
      end: () => {
        clearInterval(timer);
        unlisten();
        this.open.delete(stream);
      },
    };
    this.open.add(stream);
    response.once('close', stream.end);
    response.on('error', stream.end);
  }

  /** Tells all watchers how it is in the end, and lets them go. Resolves when they have it, or do not read. */
  async close(): Promise<void> {
    const closing = [...this.open].map(({ response, end }) => {
      end();
      this.sendStatus(response);
      return new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LAST_WORDS_MS);
        response.end(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    });
    await Promise.all(closing);
  }

  private sendStatus(response: ServerResponse): void {
    response.write(`event: status\ndata: ${this.json(this.options.status())}\n\n`);
  }

  private sendEvent(response: ServerResponse, { id, event }: NumberedEvent): void {
    response.write(`id: ${id}\nevent: event\ndata: ${this.json(event)}\n\n`);
  }

  private json(value: unknown): string {
    return JSON.stringify(this.options.redactor.value(value));
  }
}

/** NaN = not allowed. */
function intervalOf(query: URLSearchParams): number {
  const text = query.get('interval');
  if (text === null) return INTERVAL_MS;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  return value >= INTERVAL_MIN_MS && value <= INTERVAL_MAX_MS ? value : Number.NaN;
}

function lastIdOf({ headers }: IncomingMessage): string | undefined {
  const id = headers['last-event-id'];
  return typeof id === 'string' ? id : undefined;
}
