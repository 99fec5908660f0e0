/** Steers a sync that can be cut over: the sync that runs now is asked for what every job can do, and the cut-over is begun and answered here. */
import { GodwitError } from '../../errors/errors.ts';
import type { CutoverSettings, SwitchFacts } from '../../observe/cutover-status.ts';
import type { CheckpointFacts, CutoverControl, JobControl } from '../../observe/job-api.ts';
import type { CutoverWish } from './cutover-wish.ts';

/** For the last look at the status of a job that has ended by its cut-over. */
const LINGER_MS = 1_500;

interface SwitchedJob {
  /** Of the sync that runs. */
  now(): JobControl;
  isCutting(): boolean;
  /** Resolves when it is over, however. */
  cutOver(wish: CutoverWish): Promise<unknown>;
  undo(reason: string): void;
}

export class SwitchingControl implements JobControl, CutoverControl {
  readonly cutover: CutoverControl = this;
  private readonly job: SwitchedJob;
  /** Somebody is waited for who says that the clients are switched. */
  private answer: ((isSwitched: boolean) => void) | undefined;

  constructor(job: SwitchedJob) {
    this.job = job;
  }

  get isPaused(): boolean {
    return this.job.now().isPaused;
  }

  get isFinishing(): boolean {
    return this.job.now().isFinishing;
  }

  setRate(limits: Parameters<JobControl['setRate']>[0]): void {
    this.job.now().setRate(limits);
  }

  pause(): void {
    if (this.job.isCutting()) throw new GodwitError('NOT_NOW', 'a cut-over is under way: the job cannot be paused');
    this.job.now().pause();
  }

  resume(): void {
    this.job.now().resume();
  }

  checkpoint(): Promise<CheckpointFacts> {
    return this.job.now().checkpoint();
  }

  finish(): void {
    if (this.job.isCutting()) throw new GodwitError('NOT_NOW', 'a cut-over is under way: it ends the job by itself');
    this.job.now().finish();
  }

  begin(settings: CutoverSettings): void {
    if (this.job.isCutting()) throw new GodwitError('NOT_NOW', 'a cut-over is under way');
    if (this.isPaused || this.isFinishing)
      throw new GodwitError('NOT_NOW', `the job is ${this.isPaused ? 'paused' : 'about to finish'}: it cannot be cut over`);
    const switchClients = (facts: SwitchFacts, signal: AbortSignal): Promise<string> => this.word(facts, signal);
    this.job.cutOver({ settings, switchClients, endsWhenRefused: false, lingerMs: LINGER_MS }).catch(() => {});
  }

  say(word: 'switched' | 'back'): void {
    if (!this.job.isCutting()) throw new GodwitError('NOT_NOW', 'no cut-over is under way');
    if (word === 'back' && this.answer === undefined) return this.job.undo('it was taken back');
    if (this.answer === undefined) throw new GodwitError('NOT_NOW', 'the clients are not to be switched yet, or were switched');
    this.answer(word === 'switched');
  }

  private word(_facts: SwitchFacts, signal: AbortSignal): Promise<string> {
    return new Promise<string>((resolve, reject) => {
      const end = (): void => reject(new GodwitError('CUTOVER_UNDONE', 'nobody has said that the clients are switched'));
      signal.addEventListener('abort', end, { once: true });
      this.answer = (isSwitched) => {
        if (isSwitched) resolve('the operator says that the clients are switched');
        else reject(new GodwitError('CUTOVER_UNDONE', 'it was taken back'));
      };
    }).finally(() => (this.answer = undefined));
  }
}
