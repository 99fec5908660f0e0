/**
 * The way to one webhook: messages in their order, one at a time, each tried again with back-off until it is taken or given up. Nobody waits for it: what cannot be
 * sent is told in the log, and never touches the job. No answer and no error that is told holds anything of the URL but its host.
 */
import { type Webhook, webhookName } from '../../config/webhook-type.ts';
import type { Notice } from './alert-engine.ts';
import { type AlertOrigin, refusalIn, webhookMessage } from './webhook-message.ts';

const WAITING_MAX = 100;
const ATTEMPTS_MAX = 8;
/** Of a run that ends. */
const CLOSING_ATTEMPTS_MAX = 3;
const CLOSING_DELAY_MS = 300;
const DELAY_MIN_MS = 1_000;
const DELAY_MAX_MS = 60_000;
const TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 4_096;

export interface WebhookLineOptions {
  readonly hook: Webhook;
  readonly origin: () => AlertOrigin;
  /** A message was given up, or has to wait. */
  readonly onTrouble: (message: string) => void;
  /** First delay between two attempts; 1 s unless told. */
  readonly delayMinMs?: number;
}

export class WebhookLine {
  private readonly options: WebhookLineOptions;
  private readonly waiting: Notice[] = [];
  private running: Promise<void> | undefined;
  private closing = false;
  private wake: (() => void) | undefined;

  constructor(options: WebhookLineOptions) {
    this.options = options;
  }

  send(notice: Notice): void {
    if (this.closing) return;
    if (this.waiting.length >= WAITING_MAX) {
      this.waiting.shift();
      this.options.onTrouble(`too many alerts wait for ${this.name}: the oldest one is dropped`);
    }
    this.waiting.push(notice);
    this.running ??= this.run().finally(() => (this.running = undefined));
  }

  /** Sends what waits, with a few attempts each, as far as the time allows. */
  async close(timeoutMs: number): Promise<void> {
    this.closing = true;
    this.wake?.();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([this.running ?? Promise.resolve(), late]);
    clearTimeout(timer);
  }

  /** One attempt. Resolves with what went wrong; '' = it was taken. */
  async attempt(notice: Notice): Promise<string> {
    const { hook, origin } = this.options;
    const { url, body } = webhookMessage(hook, notice, origin(), Date.now());
    const headers = { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'godwit' };
    try {
      const answer = await fetch(url, { method: 'POST', body, headers, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
      const text = (await answer.text()).slice(0, ANSWER_BYTES_MAX);
      if (!answer.ok) return `it answered ${answer.status}`;
      const refused = refusalIn(hook.kind, text);
      return refused === '' ? '' : `it refused: ${refused}`;
    } catch (error) {
      return wordsOf(error);
    }
  }

  private get name(): string {
    return webhookName(this.options.hook);
  }

  private async run(): Promise<void> {
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) await this.deliver(next);
  }

  private async deliver(notice: Notice): Promise<void> {
    let delayMs = this.options.delayMinMs ?? DELAY_MIN_MS;
    for (let attempt = 1; ; attempt++) {
      const trouble = await this.attempt(notice);
      if (trouble === '') return;
      if (attempt >= (this.closing ? CLOSING_ATTEMPTS_MAX : ATTEMPTS_MAX))
        return this.options.onTrouble(`the alert ${notice.id} could not be sent to ${this.name}: ${trouble}`);
      if (attempt === 1) this.options.onTrouble(`the alert ${notice.id} is not sent to ${this.name} yet, it is tried again: ${trouble}`);
      await this.pause(delayMs * (0.5 + Math.random() / 2));
      delayMs = Math.min(DELAY_MAX_MS, delayMs * 2);
    }
  }

  private async pause(ms: number): Promise<void> {
    if (this.closing) return new Promise((resolve) => void setTimeout(resolve, Math.min(ms, CLOSING_DELAY_MS)));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = undefined;
  }
}

/** Of what fetch throws; its messages can hold the URL. */
function wordsOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const { code, name } = cause as { code?: unknown; name?: unknown };
  if (name === 'TimeoutError' || name === 'AbortError') return `it did not answer within ${TIMEOUT_MS} ms`;
  return typeof code === 'string' ? code : 'the request failed (an error of the network, or a redirect)';
}
