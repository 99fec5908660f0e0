/**
 * `godwit cutover http://host:port`: has the job that runs there cut over, by its status server, and tells what it tells. The clients are switched from here.
 *
 * When this process ends before the switch, the job lets writes go on by itself once --hold is over; with a signal it is told to at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { GodwitError } from '../errors/errors.ts';
import type { CutoverSettings, CutoverStatus } from '../observe/cutover-status.ts';
import type { JobStatus } from '../observe/job-status.ts';
import type { CliIo } from './process-io.ts';
import type { SwitchClients } from './switch-clients.ts';

const LOOK_EVERY_MS = 100;
const ANSWER_WAIT_MS = 5_000;
const HEARD_WITHIN_MS = 20_000;
const ENDS: ReadonlySet<string> = new Set(['switched', 'rolled-back', 'refused', 'rehearsed']);

export interface SteeredCutover {
  /** `http://host:port` */
  readonly url: string;
  readonly token: string;
  readonly settings: CutoverSettings;
  readonly switchClients: SwitchClients;
  readonly io: CliIo;
}

/** Resolves with the exit code 0. @throws GodwitError CUTOVER_REFUSED, CUTOVER_UNDONE, CONNECT_FAILED, AUTH_FAILED */
export async function steerCutover(options: SteeredCutover): Promise<number> {
  const { io, settings } = options;
  await post(options, `/control/cutover?${queryOf(settings)}`);
  const undo = (['SIGINT', 'SIGTERM'] as const).map((signal) => io.onSignal(signal, () => void post(options, '/control/cutover?say=back').catch(() => {})));
  try {
    return conclude(await follow(options), io);
  } finally {
    for (const remove of undo) remove();
  }
}

async function follow(options: SteeredCutover): Promise<CutoverStatus> {
  let told = 0;
  let switching: Promise<void> | undefined;
  const ended = new AbortController();
  for (;;) {
    const { cutover } = await statusOf(options);
    if (!cutover) throw new GodwitError('CUTOVER_UNDONE', `the job at ${options.url} is another run by now, and knows of no cut-over`);
    for (const { name, tookMs, found } of cutover.steps.slice(told))
      options.io.stdout.write(`${name} (${tookMs} ms)\n${found.map((line) => `  ${line}\n`).join('')}`);
    told = cutover.steps.length;
    if (ENDS.has(cutover.state)) {
      ended.abort();
      return cutover;
    }
    if (cutover.facts !== null && switching === undefined) {
      for (const line of cutover.facts.instructions) options.io.stdout.write(`${line}\n`);
      switching = options.switchClients(cutover.facts, ended.signal).then(
        () => post(options, '/control/cutover?say=switched'),
        (error: unknown) => {
          options.io.stderr.write(`godwit: ${String((error as Error).message)}\n`);
          return post(options, '/control/cutover?say=back').catch(() => {});
        },
      );
      switching.catch((error: unknown) => options.io.stderr.write(`godwit: ${String((error as Error).message)}\n`));
    }
    await sleep(LOOK_EVERY_MS);
  }
}

function conclude({ state, reason, pausedMs, isRehearsal }: CutoverStatus, io: CliIo): number {
  if (state === 'refused') throw new GodwitError('CUTOVER_REFUSED', reason);
  if (state === 'rolled-back') throw new GodwitError('CUTOVER_UNDONE', reason);
  io.stdout.write(
    isRehearsal ? 'godwit: nothing stands in the way of the cut-over; no writes were stopped\n' : `godwit: cut over; writes were stopped for ${pausedMs} ms\n`,
  );
  if (reason !== '') io.stderr.write(`godwit: warning: ${reason}\n`);
  return 0;
}

/** A status server that is busy, or restarts, is asked again for a while. */
async function statusOf(options: SteeredCutover): Promise<JobStatus> {
  const startMs = performance.now();
  for (;;) {
    try {
      return (await ask(options, '/status', {})) as JobStatus;
    } catch (error) {
      if (performance.now() - startMs > HEARD_WITHIN_MS) throw error;
      await sleep(LOOK_EVERY_MS);
    }
  }
}

async function post(options: SteeredCutover, path: string): Promise<void> {
  await ask(options, path, { method: 'POST', headers: { authorization: `Bearer ${options.token}` } });
}

async function ask({ url }: SteeredCutover, path: string, init: RequestInit): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(`${url.replace(/\/+$/, '')}${path}`, { ...init, signal: AbortSignal.timeout(ANSWER_WAIT_MS) });
  } catch (error) {
    throw new GodwitError('CONNECT_FAILED', `${url} does not answer: ${String((error as Error).message)}`, {
      fix: 'Check the address; --status-port starts the status server of a job.',
    });
  }
  const body = (await response.json().catch(() => ({}))) as { readonly error?: string };
  if (response.ok) return body;
  const said = body.error ?? `status ${response.status}`;
  if (response.status === 401)
    throw new GodwitError('AUTH_FAILED', `${url}: ${said}`, { fix: 'Give the token of the job: --status-token-file, or GODWIT_STATUS_TOKEN.' });
  throw new GodwitError('CUTOVER_REFUSED', `${url}: ${said}`);
}

function queryOf(settings: CutoverSettings): string {
  const { isRehearsal, maxPauseMs, quietWaitMs, lagBytesMax, catchUpMs, sample, holdMs, reverse, acceptLosses } = settings;
  const numbers = { max_pause: maxPauseMs, wait_for_quiet: quietWaitMs, max_lag: lagBytesMax, catch_up: catchUpMs, sample, hold: holdMs || maxPauseMs };
  const switches = { dry_run: isRehearsal, reverse, accept_losses: acceptLosses };
  const words = [...Object.entries(numbers), ...Object.entries(switches).map(([name, value]) => [name, value ? 1 : 0] as const)];
  return words.map(([name, value]) => `${name}=${value}`).join('&');
}
