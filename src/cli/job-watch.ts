/**
 * Everything that looks at a job while it runs and steers it from outside, in one hand: its events, its alerts, its metrics, and the status server where one was
 * asked for.
 *
 * Invariant: nothing here ends the job or holds it up; only a port that cannot be had is a mistake, before the job begins.
 */
import type { JobConfig } from '../config/sync-config.ts';
import type { JobEvent, RoundTripFacts, SyncJobApi } from '../observe/job-api.ts';
import type { JobStatus } from '../observe/job-status.ts';
import type { Redactor } from '../observe/redaction.ts';
import { spoolJobDir } from '../source/replica/spool/spool-runs.ts';
import { AlertWatch } from '../status/alerts/alert-watch.ts';
import type { MetricsPage } from '../status/metrics/metrics-page.ts';
import { PageFiles } from '../status/page-files.ts';
import { AccessToken, makeTokenFile, type TokenFile } from '../status/server/access-token.ts';
import { EventRing } from '../status/server/event-ring.ts';
import { ShakeStatus } from '../status/shake-status.ts';
import { startStatusServer, type StatusServer } from '../status/status-server.ts';
import { measureProcess, type ProcessMeter } from './process-facts.ts';
import type { RunLog } from './run-log.ts';

export class JobWatch {
  private readonly config: JobConfig;
  private readonly runLog: RunLog;
  private readonly redactor: Redactor;
  private readonly alerts: AlertWatch;
  private readonly listeners: ((event: JobEvent) => void)[] = [];
  private job: SyncJobApi | undefined;
  private metrics: MetricsPage | undefined;
  private meter: ProcessMeter | undefined;
  private server: StatusServer | undefined;
  private tokenFile: TokenFile | undefined;

  constructor(config: JobConfig, runLog: RunLog, redactor: Redactor) {
    this.config = config;
    this.runLog = runLog;
    this.redactor = redactor;
    this.alerts = new AlertWatch({
      config: config.alerts,
      status: () => this.status(),
      log: runLog.log,
      onEvent: (event) => this.onEvent(event),
    });
  }

  /** For the dependencies of the job. */
  readonly onRoundTrip = (facts: RoundTripFacts): void => this.metrics?.onRoundTrip(facts);

  /** @throws GodwitError CONFIG_INVALID if the status server cannot listen where it was told to */
  async begin(job: SyncJobApi): Promise<void> {
    this.job = job;
    job.on('event', (event) => this.onEvent(event));
    this.alerts.begin();
    if (this.config.status.port < 0) return;
    try {
      await this.serve(job);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** That of the job, with what is known here alone. */
  status(): JobStatus {
    if (this.job === undefined) throw new Error('there is no job yet');
    return { ...this.job.status(), alerts: this.alerts.firing };
  }

  async close(): Promise<void> {
    if (this.job !== undefined) await this.alerts.close();
    await this.server?.close();
    await this.tokenFile?.remove();
    this.meter?.close();
  }

  private onEvent(event: JobEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  private async serve(job: SyncJobApi): Promise<void> {
    const { config, redactor, runLog } = this;
    const status = (): JobStatus => this.status();
    const events = new EventRing(Date.now().toString(36));
    const meter = measureProcess();
    this.meter = meter;
    // Not before it is needed: a run begins sooner without it.
    const { MetricsPage } = await import('../status/metrics/metrics-page.ts');
    const metrics = new MetricsPage({ status, processFacts: () => meter.facts() });
    this.metrics = metrics;
    this.listeners.push((event) => {
      events.add(event);
      metrics.onEvent(event);
    });
    const shake = config.status.isShake ? new ShakeStatus(status) : undefined;
    this.server = await startStatusServer({
      ...config.status,
      status,
      events,
      control: job.control,
      token: await this.token(),
      setLogLevel: (level) => runLog.setLevel(level),
      metrics: () => metrics.text(),
      page: new PageFiles(),
      ...(shake === undefined ? {} : { root: () => shake.document() }),
      redactor,
      log: runLog.log,
    });
    this.tellOfPage(`${this.server.url}/ui/`);
    const { tokenFile } = this;
    if (tokenFile !== undefined) runLog.log.info({ file: tokenFile.path }, `what changes the job over HTTP asks for the token in ${tokenFile.path}`);
  }

  /** At a terminal too, where lines of this level are not shown. */
  private tellOfPage(url: string): void {
    const { log, view } = this.runLog;
    if (view === undefined) log.info({ page: url }, `the page of this run is at ${url}`);
    else view.writeAbove(`godwit: the page of this run is at ${url}\n`);
  }

  /** Without one the status can still be read. */
  private async token(): Promise<AccessToken | undefined> {
    const { status, spool, job } = this.config;
    if (status.token !== '') return new AccessToken(status.token);
    try {
      this.tokenFile = await makeTokenFile(spoolJobDir(spool.dir, job.name));
      this.redactor.register(this.tokenFile.token.text);
      return this.tokenFile.token;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.runLog.log.warn({ error: message }, `no token could be written, so nothing can be changed over HTTP (status.token gives one): ${message}`);
      return undefined;
    }
  }
}
