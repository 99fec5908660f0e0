/**
 * Steers a running job from outside: limits of the rate, pause and resume, the mark now, the end for good. What each kind of job does of it by itself it is asked
 * through the options.
 *
 * A pause is a matter of this run alone: nothing of it is kept, and a job that ends while it is paused sends nothing more.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mark } from '../checkpoint/mark.ts';
import { GodwitError } from '../errors/errors.ts';
import type { CheckpointFacts, JobControl, JobEvent } from '../observe/job-api.ts';
import type { JobPhase, JobStatus } from '../observe/job-status.ts';
import type { Pace, PaceLimits } from '../pipeline/pace.ts';

const CHECKPOINT_WAIT_MS = 3_000;
const LOOK_EVERY_MS = 10;

interface SteeredJob {
  readonly phase: JobPhase;
  readonly pace: Pace;
  status(): JobStatus;
}

interface ShardedJob {
  readonly shards: readonly { readonly pipeline: MarkedPipeline | undefined }[];
}

interface MarkedPipeline {
  /** Does not wait for more to be marked. */
  markNow?(): void;
  readonly mark: Mark;
  readonly applied: Mark;
}

interface SteeringOptions {
  readonly job: SteeredJob;
  /** Each tells from now on whether a mark covers what is applied by now. */
  goals(): readonly (() => boolean)[];
  /** Why the job cannot be finished now; '' = it can. */
  whyNotFinish(): string;
  onEvent(level: JobEvent['level'], kind: string, message: string, details?: Record<string, unknown>): void;
}

export class JobSteering implements JobControl {
  isFinishing = false;
  private readonly options: SteeringOptions;

  constructor(options: SteeringOptions) {
    this.options = options;
  }

  get isPaused(): boolean {
    return this.options.job.pace.gate.isClosed;
  }

  setRate(limits: PaceLimits): void {
    const { job, onEvent } = this.options;
    job.pace.set(limits);
    onEvent('info', 'rate.changed', 'the limits of the rate are others from now on', { ...limits });
  }

  pause(): void {
    this.mustGoOn('be paused');
    if (this.isFinishing) throw new GodwitError('NOT_NOW', 'the job is about to finish: it cannot be paused');
    if (this.isPaused) return;
    this.options.job.pace.gate.close();
    this.options.onEvent('warn', 'job.paused', 'the job is paused: the target gets nothing, the source is still read');
  }

  resume(): void {
    this.mustGoOn('be resumed');
    if (!this.isPaused) return;
    this.options.job.pace.gate.open();
    this.options.onEvent('info', 'job.unpaused', 'the job goes on');
  }

  async checkpoint(): Promise<CheckpointFacts> {
    const { job, goals, onEvent } = this.options;
    this.mustGoOn('write its mark');
    const wanted = goals();
    if (wanted.length === 0) throw new GodwitError('NOT_NOW', `the job has no mark to write yet: its phase is ${job.phase}`);
    const untilMs = performance.now() + CHECKPOINT_WAIT_MS;
    while (performance.now() < untilMs && wanted.some((isReached) => !isReached())) await sleep(LOOK_EVERY_MS);
    const isComplete = wanted.every((isReached) => isReached());
    const { at, offset } = job.status().checkpoint;
    onEvent('info', 'checkpoint.asked', isComplete ? 'the mark tells all that was applied' : 'the mark is behind what is applied', { offset });
    return { at, offset, isComplete };
  }

  finish(): void {
    const { onEvent, whyNotFinish } = this.options;
    this.mustGoOn('be finished');
    if (this.isPaused) throw new GodwitError('NOT_NOW', 'the job is paused: it cannot be finished before it is resumed');
    const why = whyNotFinish();
    if (why !== '') throw new GodwitError('NOT_NOW', why);
    if (this.isFinishing) return;
    this.isFinishing = true;
    onEvent('info', 'job.finishing', 'the job ends for good as soon as the target has all');
  }

  /** @throws NOT_NOW */
  private mustGoOn(what: string): void {
    const { phase } = this.options.job;
    if (phase === 'draining' || phase === 'stopped' || phase === 'failed') throw new GodwitError('NOT_NOW', `the job cannot ${what}: its phase is ${phase}`);
  }
}

/** Of a job with shards. @param finishesIn the phases in which it can be asked to finish */
export function steerShards(job: SteeredJob & ShardedJob, finishesIn: readonly JobPhase[], onEvent: SteeringOptions['onEvent']): JobSteering {
  return new JobSteering({
    job,
    goals: () => job.shards.flatMap(({ pipeline }) => (pipeline === undefined ? [] : [markGoal(pipeline)])),
    whyNotFinish: () => (finishesIn.includes(job.phase) ? '' : `the job is not through: its phase is ${job.phase}`),
    onEvent,
  });
}

/** Of a pipeline that tells its mark and what is applied. */
function markGoal(pipeline: MarkedPipeline): () => boolean {
  const { phase, offset, rdbOffset, snapshotId } = pipeline.applied;
  pipeline.markNow?.();
  return () => {
    const { mark } = pipeline;
    // Another full sync has begun: what was applied before is of no matter any more.
    if (mark.snapshotId !== snapshotId) return true;
    if (phase === 'incremental-sync') return mark.phase === phase && mark.offset >= offset;
    return mark.phase === 'incremental-sync' || mark.rdbOffset >= rdbOffset;
  };
}
