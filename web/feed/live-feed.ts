/**
 * Keeps the page true: the status and events of the job as a stream (`/events`), and by asking (`/status`) wherever the stream is cut, held back by a proxy, or not
 * there. It never gives up: whatever was lost is tried again, and the page is told since when nothing was heard.
 *
 *   stream gives a status --------------------------> live
 *   silent for 3 s, or closed: ask every second ----> polling     the stream is tried again every 15 s
 *   and twice nobody answers -----------------------> lost        the same, until somebody does
 */
import type { PageEvent, PageHistory, PageStatus } from './page-status.ts';
import { Series } from './series.ts';

export interface Contact {
  readonly state: 'connecting' | 'live' | 'polling' | 'lost';
  /** When the page last heard of the job, in the browser's time; when it began to listen, before that. */
  readonly heardAt: number;
}

const SILENCE_MS = 3_000;
const ASK_TIMEOUT_MS = 3_000;
const TICK_MS = 1_000;
const STREAM_AGAIN_MS = 15_000;
const EVENTS_MAX = 256;
/** The Date header has whole seconds: less than that is no difference between clocks. */
const SKEW_MIN_MS = 2_000;

export class LiveFeed {
  status: PageStatus | null = null;
  /** Newest first. */
  events: PageEvent[] = [];
  contact: Contact = { state: 'connecting', heardAt: Date.now() };
  readonly series = new Series();
  private readonly root: string;
  private readonly changed: () => void;
  private stream: EventSource | null = null;
  private streamTriedAt = 0;
  private streamHeardAt = 0;
  private isAsking = false;
  /** Asked in vain, in a row. */
  private failures = 0;
  private skewMs = 0;
  private runStartedAt = 0;

  /** @param root address of the status server, with `/` at its end. @param changed is called whenever anything here is new. */
  constructor(root: string, changed: () => void) {
    this.root = root;
    this.changed = changed;
  }

  /** The server's time, Unix milliseconds: now, or when it was last heard of while contact is lost, so that nothing on the page seems to move on. */
  get now(): number {
    return (this.contact.state === 'lost' ? this.contact.heardAt : Date.now()) + this.skewMs;
  }

  start(): void {
    this.openStream();
    void this.ask();
    setInterval(() => this.tick(), TICK_MS);
    document.addEventListener('visibilitychange', () => this.tick());
  }

  /** Asks at once, for the answer to a button. */
  refresh(): void {
    void this.ask();
  }

  private tick(): void {
    const now = Date.now();
    const isSilent = now - this.streamHeardAt > SILENCE_MS;
    if (isSilent && now - this.streamTriedAt > STREAM_AGAIN_MS) this.openStream();
    if (isSilent) void this.ask();
    this.changed();
  }

  private openStream(): void {
    this.stream?.close();
    this.streamTriedAt = Date.now();
    const stream = new EventSource(`${this.root}events`);
    this.stream = stream;
    stream.addEventListener('status', ({ data }) => {
      this.streamHeardAt = Date.now();
      this.take(JSON.parse(data as string) as PageStatus, 'live');
    });
    stream.addEventListener('event', ({ data }) => this.addEvent(JSON.parse(data as string) as PageEvent));
    stream.addEventListener('error', () => {
      // Opened anew by tick(): the browser's own way of coming back gives up on some answers and not on others.
      stream.close();
      this.streamHeardAt = 0;
      void this.ask();
    });
  }

  private async ask(): Promise<void> {
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      const response = await fetch(`${this.root}status`, { cache: 'no-store', signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      this.setClock(response);
      const status = (await response.json()) as PageStatus;
      this.take(status, Date.now() - this.streamHeardAt > SILENCE_MS ? 'polling' : 'live');
    } catch {
      this.failures++;
      if (this.failures > 1 && Date.now() - this.contact.heardAt > TICK_MS) this.setContact('lost');
    } finally {
      this.isAsking = false;
    }
  }

  private take(status: PageStatus, state: 'live' | 'polling'): void {
    const wasAway = this.contact.state === 'lost' || this.contact.state === 'connecting' || status.startedAt !== this.runStartedAt;
    this.runStartedAt = status.startedAt;
    this.failures = 0;
    this.status = status;
    this.contact = { state, heardAt: Date.now() };
    this.series.add(this.now, status);
    if (wasAway) void this.loadHistory();
    // Back after a while: do not wait for the turn of the stream.
    if (wasAway && state === 'polling' && Date.now() - this.streamTriedAt > TICK_MS) this.openStream();
    this.changed();
  }

  private async loadHistory(): Promise<void> {
    try {
      const response = await fetch(`${this.root}history`, { cache: 'no-store', signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
      if (!response.ok) return;
      this.setClock(response);
      this.series.seed((await response.json()) as PageHistory);
      this.changed();
    } catch {
      // The charts begin now instead.
    }
  }

  /** What is replayed is known already. */
  private addEvent(event: PageEvent): void {
    if (this.events.some(({ at, kind, message }) => at === event.at && kind === event.kind && message === event.message)) return;
    this.events = [event, ...this.events].toSorted((a, b) => b.at - a.at).slice(0, EVENTS_MAX);
    this.changed();
  }

  private setContact(state: Contact['state']): void {
    this.contact = { ...this.contact, state };
    this.changed();
  }

  private setClock({ headers }: Response): void {
    const skewMs = Date.parse(headers.get('date') ?? '') - Date.now();
    this.skewMs = Math.abs(skewMs) >= SKEW_MIN_MS ? skewMs : 0;
  }
}
