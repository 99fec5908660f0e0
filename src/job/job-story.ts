/** What every job tells of itself: its phase, what happens, the last error. SyncJob, ScanJob and LoadJob are made on it. */
import type { ErrorCode } from '../errors/codes.ts';
import type { GodwitError } from '../errors/errors.ts';
import { endpointName } from '../model/endpoint.ts';
import type { Connection } from '../net/connection.ts';
import type { JobDependencies, JobEvent } from '../observe/job-api.ts';
import type { JobPhase, JobStatus } from '../observe/job-status.ts';
import { logEvent } from '../observe/log-event.ts';
import { LastingTrouble } from './lasting-trouble.ts';

export abstract class JobStory {
  readonly startedAt = Date.now();
  phase: JobPhase = 'created';
  phaseSinceAt = Date.now();
  lastError: JobStatus['errors']['last'] = null;
  protected stopAsked = false;
  private readonly told: JobDependencies;
  private readonly listeners: ((event: JobEvent) => void)[] = [];

  constructor(dependencies: JobDependencies) {
    this.told = dependencies;
  }

  on(_event: 'event', listener: (event: JobEvent) => void): void {
    this.listeners.push(listener);
  }

  protected readonly emit = (level: JobEvent['level'], kind: string, message: string, details: Record<string, unknown> = {}): void => {
    const event: JobEvent = { at: Date.now(), level, kind, message, details };
    logEvent(this.told.log, event);
    for (const listener of this.listeners) listener(event);
  };

  protected enter(phase: JobPhase): void {
    if (phase === this.phase) return;
    this.phase = phase;
    this.phaseSinceAt = Date.now();
    this.emit('info', 'job.phase', `phase: ${phase}`, { phase });
  }

  /** Begins the names of the connections of this process, and of no other. */
  protected newRunName(job: string): string {
    return `godwit:${job}:${this.startedAt.toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;
  }

  protected noteError(code: string, message: string): void {
    this.lastError = { code, message, at: Date.now() };
  }

  /** It is the end of the job. */
  protected failed({ code, message }: GodwitError): void {
    this.noteError(code, message);
    this.enter('failed');
    this.emit('error', 'job.failed', message, { code });
  }

  /** @param pipeline tells its name; '' = of the job */
  protected trouble(code: ErrorCode, kind: string, kindOver: string, over: string, pipeline: () => string = () => ''): LastingTrouble {
    return new LastingTrouble({
      onTold: (message, lastsMs) => {
        this.noteError(code, message);
        this.emit('warn', kind, message, withPipeline({ lastsMs }, pipeline()));
      },
      onOver: (lastedMs) => this.emit('info', kindOver, over, withPipeline({ lastedMs }, pipeline())),
    });
  }

  protected targetTrouble(): LastingTrouble {
    return this.trouble('TARGET_NOT_READY', 'target.not-ready', 'target.ready', 'the target takes writes again');
  }

  /** What becomes of a connection is told. One that is lost while the job ends does not come back. */
  protected listenTo(connection: Connection, role: string, pipeline = ''): void {
    connection.events.on('lost', ({ error, idleMs }) => {
      this.noteError(error.code, error.message);
      this.emit('warn', 'connection.lost', error.message, withPipeline({ role, idleMs, code: error.code }, pipeline));
      if (this.stopAsked) void connection.close();
    });
    connection.events.on('round-trip', ({ roundTripMs }) => this.told.onRoundTrip?.({ role, address: endpointName(connection.endpoint), roundTripMs }));
    connection.events.on('state', ({ from, to }) => {
      if (to.name !== 'ready') return;
      this.emit('info', 'connection.ready', `${role} ${endpointName(connection.endpoint)} is connected`, withPipeline({ role, from }, pipeline));
    });
  }
}

export function withPipeline(details: Record<string, unknown> | undefined, pipeline: string): Record<string, unknown> {
  return pipeline === '' ? { ...details } : { ...details, pipeline };
}
