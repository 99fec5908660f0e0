/**
 * Commands of the stream that concern all nodes. Everything before them is answered and marked when they are carried out, and they are marked before anything
 * comes after them. Each can be carried out again: a break within means that the nodes that had it get it once more, unless their marks say that they have.
 *
 *   FLUSHALL, FLUSHDB   on every node, in one transaction with its low mark, which would be gone else (of one of several sources: shared-delivery.ts)
 *   FUNCTION, SCRIPT    on every node
 */
import type { Command } from '../command/command.ts';
import { CommandArguments } from '../command/command-arguments.ts';
import { GodwitError } from '../errors/errors.ts';
import type { Mark } from '../checkpoint/mark.ts';
import type { Batch } from '../model/batch.ts';
import { BatchBuffer } from '../target/batch-buffer.ts';
import type { ClusterLanes } from './cluster-lanes.ts';
import type { Lane } from './lane.ts';

const BUFFER_BYTES = 64 * 1024;
/** What a repeated change of functions answers. */
const DONE_BEFORE = /^ERR Library (?:'.*' already exists|not found)/i;

export interface ClusterBarriersOptions {
  readonly lanes: ClusterLanes;
  readonly address: string;
  readonly counts: BarrierCounts;
  /** Empties the nodes that had not got so far as `offset` when the attempt began, and marks them in one. @throws TARGET_NOT_READY */
  flush(behind: Mark, database: number | undefined, offset: number): Promise<void>;
}

export interface BarrierCounts {
  /** Commands over several slots that went in parts. */
  split: number;
}

export class ClusterBarriers {
  readonly counts: BarrierCounts;
  private readonly options: ClusterBarriersOptions;
  private readonly args = new CommandArguments();

  constructor(options: ClusterBarriersOptions) {
    this.options = options;
    this.counts = options.counts;
  }

  /** @param isStream false: commands stand for values of a snapshot, which empty nothing */
  takes(command: Command | undefined, isStream: boolean): boolean {
    if (command === undefined) return false;
    const { name } = command;
    return (isStream && (name === 'flushall' || name === 'flushdb')) || name.startsWith('function|') || name.startsWith('script|');
  }

  /** Carries it out everywhere. `behind` is the mark that counts then. */
  async pass(batch: Batch, row: number, behind: Mark): Promise<void> {
    const { args } = this;
    args.read(batch.bytes, batch.start[row], batch.end[row]);
    if (args.is(0, 'FLUSHALL') || args.is(0, 'FLUSHDB'))
      return this.options.flush(behind, args.is(0, 'FLUSHALL') ? undefined : batch.database[row], batch.endOffset[row]);
    for (const lane of this.options.lanes.all) await this.everywhere(lane, batch, row);
  }

  private async everywhere(lane: Lane, batch: Batch, row: number): Promise<void> {
    const buffer = new BatchBuffer(BUFFER_BYTES);
    buffer.begin('plain');
    buffer.addCommand(batch, row, undefined);
    buffer.endPlain();
    const [refusal] = (await lane.sendBuffer(buffer)).filter(({ text }) => !DONE_BEFORE.test(text));
    if (refusal === undefined) return;
    const isPassing = /^(?:LOADING|READONLY|OOM|MASTERDOWN|NOREPLICAS|MISCONF|BUSY|CLUSTERDOWN)\b/.test(refusal.text);
    throw new GodwitError(
      isPassing ? 'TARGET_NOT_READY' : 'TARGET_REFUSED',
      `target ${this.options.address} does not take ${this.args.count > 1 ? 'a command for all of its nodes' : 'a command'}: ${refusal.text}`,
    );
  }
}
