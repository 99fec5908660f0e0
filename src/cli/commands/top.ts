/** `godwit top URL`: the live view of a job that another process runs. It comes back when the job does. */
import type { Command } from 'commander';
import { toGodwitError } from '../../errors/errors.ts';
import type { JobStatus } from '../../observe/job-status.ts';
import { Redactor } from '../../observe/redaction.ts';
import type { CommandContext } from '../command-context.ts';
import { LiveView } from '../live-view.ts';
import type { CliIo } from '../process-io.ts';
import { RemoteJob } from '../remote-job.ts';

const INTERVAL_MS = 500;
const RETRY_MS = 1_000;
const ENDED: ReadonlySet<string> = new Set(['stopped', 'failed']);

const EXAMPLES = `
Examples:
  godwit top 8080                          the job on this machine that was started with --status-port 8080
  godwit top http://10.0.0.9:8080

Ctrl-C ends the view, and nothing else. Exit codes: 0 the job has ended or the view was ended, 3 nothing answers there.
`;

export function registerTop(program: Command, context: CommandContext): void {
  program
    .command('top')
    .summary('watch a running job in the terminal')
    .description('Shows the live view of a running job, over its status server (--status-port).')
    .argument('<URL>', 'http://host:port, host:port, or a port of this machine')
    .addHelpText('after', EXAMPLES)
    .action(async (url: string) => watch(new RemoteJob(url), context.io));
}

/** @throws GodwitError CONNECT_FAILED if nothing answers at the first attempt */
async function watch(job: RemoteJob, io: CliIo): Promise<void> {
  const leaving = new AbortController();
  const undo = (['SIGINT', 'SIGTERM'] as const).map((signal) => io.onSignal(signal, () => leaving.abort()));
  const redactor = new Redactor();
  const view = new LiveView({ output: io.stdout, color: io.stdout.isTTY === true && !io.env.NO_COLOR, redact: (text) => redactor.text(text) });
  let status = await job.status(leaving.signal);
  view.start(() => status);
  try {
    while (!leaving.signal.aborted && !ENDED.has(status.phase)) {
      status = await follow(job, view, status, leaving.signal);
      if (!ENDED.has(status.phase)) await pause(leaving.signal);
    }
  } finally {
    view.stop();
    for (const remove of undo) remove();
  }
}

/** Until the stream ends. Resolves with the last status. */
async function follow(job: RemoteJob, view: LiveView, before: JobStatus, signal: AbortSignal): Promise<JobStatus> {
  let status = before;
  try {
    for await (const told of job.watch(INTERVAL_MS, signal)) {
      if ('event' in told) view.addEvent(told.event);
      else {
        ({ status } = told);
        view.show(() => status);
      }
    }
  } catch (error) {
    const { message } = toGodwitError(error);
    view.addEvent({ at: Date.now(), level: 'warn', kind: 'top.away', message, details: {} });
  }
  return status;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, RETRY_MS);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
