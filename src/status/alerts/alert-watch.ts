/**
 * Looks at a job about once a second, and tells of what is wrong: as an event of the run, in the log, and to the webhooks. Nothing here waits for a receiver or
 * fails the job.
 */
import type { AlertsConfig } from '../../config/alerts-config.ts';
import type { JobEvent } from '../../observe/job-api.ts';
import type { AlertStatus, JobStatus } from '../../observe/job-status.ts';
import type { Logger } from '../../observe/log.ts';
import { AlertEngine, type Notice } from './alert-engine.ts';
import { WebhookLine } from './webhook-line.ts';

const LOOK_EVERY_MS = 1_000;
/** That receivers have when the run ends. */
const CLOSE_WAIT_MS = 6_000;

export interface AlertWatchOptions {
  readonly config: AlertsConfig;
  readonly status: () => JobStatus;
  readonly log: Logger;
  readonly onEvent: (event: JobEvent) => void;
  /** First delay between two attempts at a webhook; 1 s unless told. */
  readonly delayMinMs?: number;
}

export class AlertWatch {
  private readonly options: AlertWatchOptions;
  private readonly engine: AlertEngine;
  private readonly lines: readonly WebhookLine[];
  private timer: NodeJS.Timeout | undefined;

  constructor(options: AlertWatchOptions) {
    const { config, delayMinMs } = options;
    this.options = options;
    this.engine = new AlertEngine({ config, onNotice: (notice) => this.tell(notice) });
    const origin = () => {
      const { job, source, target, version } = options.status();
      return { job, source: source.address, target: target.address, version };
    };
    const onTrouble = (message: string): void => options.log.warn({}, message);
    this.lines = config.webhooks.map((hook) => new WebhookLine({ hook, origin, onTrouble, ...(delayMinMs === undefined ? {} : { delayMinMs }) }));
  }

  get firing(): readonly AlertStatus[] {
    return this.engine.firing;
  }

  begin(): void {
    // What grows from now on is new.
    this.look();
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.timer.unref();
  }

  /** A last look, for how the run has ended. Resolves when the receivers have it, or do not answer in time. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    this.look();
    await Promise.all(this.lines.map((line) => line.close(CLOSE_WAIT_MS)));
  }

  private look(): void {
    try {
      this.engine.look(this.options.status(), Date.now());
    } catch (error) {
      this.options.log.warn({ err: error }, 'the alerts could not be looked at');
    }
  }

  private tell(notice: Notice): void {
    const { id, severity, what, state, sinceAt } = notice;
    const isFiring = state === 'firing';
    const level = isFiring ? 'warn' : 'info';
    const message = isFiring ? `alert (${severity}): ${what}` : `the alert is over: ${id}`;
    this.options.log[level]({ event: `alert.${state}`, id, severity, sinceAt }, message);
    this.options.onEvent({ at: notice.at, level, kind: `alert.${state}`, message, details: { id, severity, sinceAt } });
    for (const line of this.lines) line.send(notice);
  }
}
