/**
 * Everything that looks at a job while it runs and steers it from outside, in one hand: its events, and the status server where one was asked for.
 *
 * Invariant: nothing here ends the job or holds it up; only a port that cannot be had is a mistake, before the job begins.
 */
import type { JobConfig } from '../config/sync-config.ts';
import type { SyncJobApi } from '../observe/job-api.ts';
import type { JobStatus } from '../observe/job-status.ts';
import type { Redactor } from '../observe/redaction.ts';
import { spoolJobDir } from '../source/replica/spool/spool-runs.ts';
import { PageFiles } from '../status/page-files.ts';
import { AccessToken, makeTokenFile, type TokenFile } from '../status/server/access-token.ts';
import { EventRing } from '../status/server/event-ring.ts';
import { ShakeStatus } from '../status/shake-status.ts';
import { startStatusServer } from '../status/status-server.ts';
import type { RunLog } from './run-log.ts';

export interface JobWatch {
  /** That of the job, with what is known here alone. */
  status(): JobStatus;
  close(): Promise<void>;
}

/** @throws GodwitError CONFIG_INVALID if the status server cannot listen where it was told to */
export async function watchJob(config: JobConfig, job: SyncJobApi, runLog: RunLog, redactor: Redactor): Promise<JobWatch> {
  const status = (): JobStatus => job.status();
  if (config.status.port < 0) return { status, close: async () => {} };
  const events = new EventRing(Date.now().toString(36));
  job.on('event', (event) => events.add(event));
  const tokenFile = config.status.token === '' ? await tokenFileOf(config, runLog) : undefined;
  const token = config.status.token === '' ? tokenFile?.token : new AccessToken(config.status.token);
  redactor.register(token?.text);
  const shake = config.status.isShake ? new ShakeStatus(status) : undefined;
  const server = await startStatusServer({
    ...config.status,
    status,
    events,
    control: job.control,
    token,
    page: new PageFiles(),
    setLogLevel: (level) => runLog.setLevel(level),
    ...(shake === undefined ? {} : { root: () => shake.document() }),
    redactor,
    log: runLog.log,
  }).catch(async (error: unknown) => {
    await tokenFile?.remove();
    throw error;
  });
  tellOfPage(`${server.url}/ui/`, runLog);
  if (tokenFile !== undefined) runLog.log.info({ file: tokenFile.path }, `what changes the job over HTTP asks for the token in ${tokenFile.path}`);
  return {
    status,
    async close() {
      await server.close();
      await tokenFile?.remove();
    },
  };
}

/** At a terminal too, where lines of this level are not shown. */
function tellOfPage(url: string, { log, view }: RunLog): void {
  if (view === undefined) log.info({ page: url }, `the page of this run is at ${url}`);
  else view.writeAbove(`godwit: the page of this run is at ${url}\n`);
}

/** Without one the status can still be read. */
async function tokenFileOf({ spool, job }: JobConfig, { log }: RunLog): Promise<TokenFile | undefined> {
  try {
    return await makeTokenFile(spoolJobDir(spool.dir, job.name));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log.warn({ error: message }, `no token could be written, so nothing can be changed over HTTP (status.token gives one): ${message}`);
    return undefined;
  }
}
