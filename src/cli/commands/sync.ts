/**
 * `godwit sync`: loads the configuration, starts the job with its log, live view and status server, and sees it to its end.
 *
 * Exit codes: 0 the job ended by itself, 130/143 it was drained for a signal, else that of the error (errors/codes.ts).
 */
import type { Command } from 'commander';
import { ERROR_CODES } from '../../errors/codes.ts';
import { toGodwitError } from '../../errors/errors.ts';
import type { ConfigInput } from '../../config/gather-settings.ts';
import { type LoadedConfig, loadConfig } from '../../config/load.ts';
import type { JobResult, SyncJobApi } from '../../observe/job-api.ts';
import { Redactor } from '../../observe/redaction.ts';
import { startStatusServer } from '../../status/status-server.ts';
import { closingWords, commandLine } from '../closing-words.ts';
import type { CommandContext } from '../command-context.ts';
import { addConfigOptions, configInput } from '../config-options.ts';
import { confirmFlush, requireAskable } from '../confirm-flush.ts';
import { startProgressLog } from '../progress-log.ts';
import { reportError } from '../report-error.ts';
import { openRunLog, type RunLog } from '../run-log.ts';
import { type StopOnSignal, stopOnSignal } from '../stop-on-signal.ts';

const EXAMPLES = `
Examples:
  godwit sync redis://10.0.0.1 redis://10.0.0.2              copy, and keep following
  godwit sync 10.0.0.1 10.0.0.2 --stop-after full-sync       copy once
  godwit sync 10.0.0.1 10.0.0.2 --stop-when-lag-below 1kb    end when the target has caught up
  GODWIT_SOURCE_PASSWORD=... godwit sync rediss://user@a:6380 redis://b --source-tls-ca ca.pem
  godwit sync --config godwit.toml --status-port 8080
  godwit sync 10.0.0.1 10.0.0.2 --finish                     remove the marks when all is done

A run that was stopped or killed goes on where it was when the same command line is given again.
Exit codes: 0 done, 2 configuration, 3 connection, 4 protocol, 5 format, 7 checkpoint, 70 defect, 130/143 stopped by a signal.
`;

export function registerSync(program: Command, context: CommandContext): void {
  const command = program
    .command('sync')
    .summary('copy a source to a target, and keep the target following it')
    .description('Copies all keys of a source to a target, then applies every change of the source to it, until it is stopped.');
  addConfigOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async () => context.exitWith(await runSync(configInput(command, context.io), context)));
}

/** Resolves with the exit code. @throws GodwitError for what is wrong before the job starts. */
async function runSync(input: ConfigInput, context: CommandContext): Promise<number> {
  const { io } = context;
  const loaded = loadConfig(input);
  requireAskable(io, loaded.config.sync);
  const redactor = new Redactor();
  redactor.register(...loaded.secrets);
  const level = loaded.effective.find(({ option }) => option.key === 'log.level');
  const runLog = openRunLog(loaded.config.log, level?.origin.kind !== 'default', io, redactor);
  for (const warning of loaded.warnings) runLog.log.warn({}, warning);
  try {
    return await runJob(loaded, runLog, redactor, context);
  } catch (thrown) {
    runLog.view?.stop();
    const error = toGodwitError(thrown);
    // The collector of JSON lines gets it too; a person at a terminal reads the line on stderr once.
    if (runLog.format === 'json') runLog.log.error({ code: error.code, fix: error.fix, details: error.details }, error.message);
    return reportError(error, io, redactor);
  }
}

async function runJob(loaded: LoadedConfig, runLog: RunLog, redactor: Redactor, context: CommandContext): Promise<number> {
  const { config } = loaded;
  const { log, view } = runLog;
  const cancelled = new AbortController();
  const job = context.createJob(config, { log, confirmFlush: flushQuestion(config.sync.yes, runLog, cancelled.signal, context) });
  if (view) job.on('event', (event) => view.addEvent(event));
  const server = config.status.port < 0 ? undefined : await startStatusServer({ ...config.status, status: () => job.status(), redactor, log });
  const stopping = stopOnSignal(
    context.io,
    job,
    (signal) => {
      cancelled.abort();
      say(runLog, context, `${signal}: finishing what is in flight; once more to end at once`);
    },
    () => say(runLog, context, 'ending at once'),
  );
  const stopProgress = view ? undefined : startProgressLog(log, () => job.status());
  view?.start(() => job.status());
  try {
    const result = await resultOf(job, stopping);
    stopProgress?.();
    view?.stop();
    return conclude(result, stopping, runLog, context);
  } finally {
    stopProgress?.();
    view?.stop();
    stopping.dispose();
    await server?.close();
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
