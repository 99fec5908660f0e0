/** A job that another process runs, over the HTTP of its status server. */
import { readFileSync } from 'node:fs';
import { GodwitError } from '../errors/errors.ts';
import type { JobEvent } from '../observe/job-api.ts';
import type { JobStatus } from '../observe/job-status.ts';

const TIMEOUT_MS = 10_000;

export interface RemoteAnswer {
  readonly code: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export class RemoteJob {
  readonly url: string;
  private readonly token: string;

  /** @param url `8080`, `host:8080` or `http://host:8080`; a path is left out. @param token '' = none. @throws GodwitError CONFIG_INVALID */
  constructor(url: string, token = '') {
    const text = /^\d+$/.test(url) ? `http://127.0.0.1:${url}` : /^https?:\/\//i.test(url) ? url : `http://${url}`;
    if (!URL.canParse(text))
      throw new GodwitError('CONFIG_INVALID', `${JSON.stringify(url)} is no address of a status server`, { fix: 'Write http://host:port.' });
    this.url = new URL(text).origin;
    this.token = token;
  }

  async status(signal?: AbortSignal): Promise<JobStatus> {
    const { code, body } = await this.ask('GET', '/status', signal);
    if (code !== 200 || typeof body.phase !== 'string') throw this.strange(code);
    return body as unknown as JobStatus;
  }

  /** Any path; the token goes with it. @throws GodwitError CONNECT_FAILED */
  async ask(method: 'GET' | 'POST' | 'PUT', path: string, signal?: AbortSignal): Promise<RemoteAnswer> {
    const headers: Record<string, string> = this.token === '' ? {} : { authorization: `Bearer ${this.token}` };
    const late = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const answer = await fetch(`${this.url}${path}`, {
        method,
        headers,
        redirect: 'error',
        signal: signal === undefined ? late : AbortSignal.any([signal, late]),
      });
      const text = await answer.text();
      return { code: answer.status, body: JSON.parse(text) as Record<string, unknown> };
    } catch (error) {
      if (error instanceof SyntaxError) throw this.strange(200);
      throw this.away(error);
    }
  }

  /** The status and the events as they come; ends when the job ends, or the signal is given. @throws GodwitError CONNECT_FAILED */
  async *watch(intervalMs: number, signal: AbortSignal): AsyncGenerator<{ readonly status: JobStatus } | { readonly event: JobEvent }> {
    let text = '';
    try {
      const answer = await fetch(`${this.url}/events?interval=${intervalMs}`, { redirect: 'error', signal });
      if (!answer.ok || answer.body === null) throw this.strange(answer.status);
      const decoder = new TextDecoder();
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true });
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const [, kind = ''] = /^event: (\w+)$/m.exec(text.slice(0, end)) ?? [];
          const [, data = ''] = /^data: (.*)$/m.exec(text.slice(0, end)) ?? [];
          text = text.slice(end + 2);
          if (kind === 'status') yield { status: JSON.parse(data) as JobStatus };
          else if (kind === 'event') yield { event: JSON.parse(data) as JobEvent };
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      throw error instanceof GodwitError ? error : this.away(error);
    }
  }

  private away(error: unknown): GodwitError {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    const { code, message } = cause as { code?: string; message?: string };
    return new GodwitError('CONNECT_FAILED', `${this.url} does not answer: ${code ?? message ?? 'no reason is known'}`, {
      fix: 'Check the address, and that the job runs with --status-port.',
      cause: error,
    });
  }

  private strange(code: number): GodwitError {
    return new GodwitError('CONFIG_INVALID', `${this.url} is no status server of Godwit: it answered ${code}`, { fix: 'Check the address.' });
  }
}

/** The token of a file, or of GODWIT_STATUS_TOKEN. '' = neither was given. @throws GodwitError CONFIG_UNREADABLE */
export function remoteToken(file: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  if (file === undefined) return env.GODWIT_STATUS_TOKEN ?? '';
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new GodwitError('CONFIG_UNREADABLE', `the token file ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
