/** A cluster, or the primary that sentinels name, as the target of a load: as a job with one pipeline sees it. */
import type { KnownPipeline } from '../checkpoint/job-marks.ts';
import type { LoadConfig } from '../config/sync-config.ts';
import { GodwitError } from '../errors/errors.ts';
import { ALL_KEYS } from '../model/key-share.ts';
import { endpointName } from '../model/endpoint.ts';
import type { ConnectionStatus } from '../observe/job-status.ts';
import { PlacedLoadPipeline } from '../pipeline/placed-load-pipeline.ts';
import { connectTarget } from './connect-sides.ts';
import type { JobTarget } from './job-target.ts';
import type { AnyLoadPipeline, LoadPipelineParts, LoadTakeOver, LoadTarget } from './load-target.ts';
import type { LoadedFile } from './loaded-file.ts';
import type { TargetSidesOptions } from './open-sides.ts';

/** Of the only pipeline. */
const NAME = '';

export class PlacedLoadTarget implements LoadTarget {
  /** It stands for all of it. */
  readonly isClusterNode = false;
  private readonly config: LoadConfig;
  private readonly sides: TargetSidesOptions;
  private target: JobTarget | undefined;
  private isStopped = false;

  constructor(config: LoadConfig, sides: TargetSidesOptions) {
    this.config = config;
    this.sides = sides;
  }

  get address(): string {
    return this.target?.address ?? endpointName(this.config.target);
  }

  get serverName(): string {
    return this.target?.serverName ?? 'unknown';
  }

  async connect(first: { readonly attemptsMax: number; readonly patient: boolean }): Promise<void> {
    await connectTarget({ sides: this.sides, first, unlessStopped: (work) => work }, (target) => {
      this.target = target;
      if (this.isStopped) target.stopWaiting();
    });
    this.known().check();
  }

  ready(): Promise<void> {
    return this.known().ready();
  }

  keyCount(): Promise<number> {
    return this.known().keyCount();
  }

  checkRights(): Promise<readonly string[]> {
    return this.known().checkRights();
  }

  finish(): Promise<string> {
    return this.known().finish();
  }

  async takeOver(file: LoadedFile, mayFlush: () => Promise<boolean>): Promise<LoadTakeOver> {
    const target = this.known();
    const before = markOf(await target.known());
    if (before !== undefined) file.checkMark(before, target.address);
    const keys = before === undefined && !this.config.sync.flushTarget ? await target.keyCount() : 0;
    const plan = { name: NAME, share: ALL_KEYS, note: '', beginsAnew: false };
    const { marks } = await target.takeOver({ pipelines: [plan], epochTaken: 0, mayFlush });
    const mark = marks.get(NAME);
    if (mark === undefined) throw new GodwitError('INTERNAL', 'the take-over brought no mark');
    const { identity, position } = file.markAfter(before);
    // What can be read only once is not known to be what was read before: all of it is brought.
    if (mark.snapshotId === 0 || position === '') return { mark: { ...mark, snapshotId: 0, file: { identity, position: '', done: false } }, keys, before };
    return { mark: { ...mark, file: { identity, position: mark.file?.position ?? '', done: mark.file?.done ?? false } }, keys, before };
  }

  async pipeline({ file, mark, ...parts }: LoadPipelineParts): Promise<AnyLoadPipeline> {
    const target = await this.known().side(NAME);
    return new PlacedLoadPipeline({ ...parts, config: this.config, target, mark, openAt: (from) => file.openAt(from) });
  }

  connections(): ConnectionStatus[] {
    return this.target?.connections() ?? [];
  }

  stopWaiting(): void {
    this.isStopped = true;
    this.target?.stopWaiting();
  }

  async close(): Promise<void> {
    await this.target?.close();
  }

  private known(): JobTarget {
    if (this.target === undefined) throw new GodwitError('INTERNAL', 'the target was not looked for');
    return this.target;
  }
}

function markOf(known: ReadonlyMap<string, KnownPipeline>): KnownPipeline['mark'] | undefined {
  return known.get(NAME)?.mark;
}
