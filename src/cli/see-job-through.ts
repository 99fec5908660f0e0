/**
 * Starts a job with its log, live view and status server, and sees it to its end. Signals drain it.
 *
 * Exit codes: 0 the job ended by itself, 130/143 it was drained for a signal, else that of the error (errors/codes.ts).
 */
import type { JobConfig } from '../config/sync-config.ts';
import type { EffectiveValue } from '../config/load.ts';
import { webhookSecrets } from '../config/webhook-type.ts';
import { ERROR_CODES } from '../errors/codes.ts';
import { toGodwitError } from '../errors/errors.ts';
import type { JobDependencies, JobResult, SyncJobApi } from '../observe/job-api.ts';
import { Redactor } from '../observe/redaction.ts';
import { closingWords, commandLine } from './closing-words.ts';
import type { CommandContext } from './command-context.ts';
import { confirmFlush, requireAskable } from './confirm-flush.ts';
import { startProgressLog } from './progress-log.ts';
import { JobWatch } from './job-watch.ts';
import { reportError } from './report-error.ts';
import { openRunLog, type RunLog } from './run-log.ts';
import { type StopOnSignal, stopOnSignal } from './stop-on-signal.ts';

interface Loaded<Config extends JobConfig> {
  readonly config: Config;
  readonly effective: readonly EffectiveValue[];
  readonly warnings: readonly string[];
  readonly secrets: readonly string[];
}

type CreateJob<Config extends JobConfig> = (config: Config, dependencies: JobDependencies) => SyncJobApi;

/** Resolves with the exit code. @throws GodwitError for what is wrong before the job starts. */
export async function seeJobThrough<Config extends JobConfig>(loaded: Loaded<Config>, create: CreateJob<Config>, context: CommandContext): Promise<number> {
  const { io } = context;
  requireAskable(io, loaded.config.sync);
  const redactor = new Redactor();
  redactor.register(...loaded.secrets, loaded.config.status.token, ...loaded.config.alerts.webhooks.flatMap(webhookSecrets));
  const level = loaded.effective.find(({ option }) => option.key === 'log.level');
  const runLog = openRunLog(loaded.config.log, level?.origin.kind !== 'default', io, redactor);
  for (const warning of loaded.warnings) runLog.log.warn({}, warning);
  try {
    return await runJob(loaded, create, runLog, redactor, context);
  } catch (thrown) {
    runLog.view?.stop();
    const error = toGodwitError(thrown);
    // The collector of JSON lines gets it too; a person at a terminal reads the line on stderr once.
    if (runLog.format === 'json') runLog.log.error({ code: error.code, fix: error.fix, details: error.details }, error.message);
    return reportError(error, io, redactor);
  }
}

async function runJob<Config extends JobConfig>(
  loaded: Loaded<Config>,
  create: CreateJob<Config>,
  runLog: RunLog,
  redactor: Redactor,
  context: CommandContext,
): Promise<number> {
  const { config } = loaded;
  const { log, view } = runLog;
  const cancelled = new AbortController();
  const watch = new JobWatch(config, runLog, redactor);
  const { onRoundTrip } = watch;
  const job = create(config, { log, onRoundTrip, confirmFlush: flushQuestion(config.sync.yes, runLog, cancelled.signal, context) });
  if (view) job.on('event', (event) => view.addEvent(event));
  await watch.begin(job);
  const stopping = stopOnSignal(
    context.io,
    job,
    (signal) => {
      cancelled.abort();
      say(runLog, context, `${signal}: finishing what is in flight; once more to end at once`);
    },
    () => say(runLog, context, 'ending at once'),
  );
  const stopProgress = view ? undefined : startProgressLog(log, () => watch.status(), config.log.intervalMs);
  view?.start(() => watch.status());
  try {
    const result = await resultOf(job, stopping);
    stopProgress?.();
    view?.stop();
    return conclude(result, stopping, runLog, context);
  } finally {
    stopProgress?.();
    view?.stop();
    stopping.dispose();
    await watch.close();
  }
}

/** The result; undefined if the job was aborted, however that ended. */
async function resultOf(job: SyncJobApi, stopping: StopOnSignal): Promise<JobResult | undefined> {
  try {
    const result = await Promise.race([job.run(), stopping.forced.then(() => undefined)]);
    return stopping.aborted ? undefined : result;
  } catch (error) {
    if (stopping.aborted) return undefined;
    throw error;
  }
}

function conclude(result: JobResult | undefined, stopping: StopOnSignal, runLog: RunLog, context: CommandContext): number {
  const line = commandLine(context.io.args);
  if (!result) {
    say(runLog, context, `ended at once by ${stopping.signal}. What was not marked is done again; go on with the same command line: ${line}`);
    return stopping.exitCode;
  }
  say(runLog, context, closingWords(result, stopping.signal, line));
  return result.reason === 'stopped' ? stopping.exitCode : 0;
}

/** Tells the user something about the run itself: a log line where lines are JSON, plain text otherwise. */
function say(runLog: RunLog, context: CommandContext, text: string): void {
  if (runLog.format === 'json') runLog.log.info({}, text);
  else if (runLog.view) runLog.view.writeAbove(`godwit: ${text}\n`);
  else context.io.stdout.write(`godwit: ${text}\n`);
}

function flushQuestion(yes: boolean, runLog: RunLog, cancelled: AbortSignal, context: CommandContext) {
  return async (facts: { address: string; keys: number }): Promise<boolean> => {
    if (yes) {
      runLog.log.warn({ ...facts, code: 'FLUSH' }, `the target ${facts.address} is emptied: ${facts.keys} keys (--yes)`);
      return true;
    }
    runLog.view?.suspend();
    try {
      const confirmed = await confirmFlush(context.io, facts, cancelled);
      if (!confirmed) runLog.log.warn(facts, ERROR_CODES.FLUSH_NOT_CONFIRMED.summary);
      return confirmed;
    } finally {
      runLog.view?.resume();
    }
  };
}
