/**
 * Finds the slot of each command of a batch. Most commands have one key, their first argument, which the decoder has found already; of the others the keys are
 * told by the command table.
 */
import { CommandArguments } from '../command/command-arguments.ts';
import type { Command } from '../command/command.ts';
import { channelIndexes, keyIndexes, keysAreKnown } from '../command/key-indexes.ts';
import type { Batch } from '../model/batch.ts';
import { slotOf } from '../model/slot.ts';

/** What is said of a command that has no slot of its own. */
const NO_KEY = -1;
export const CROSS_SLOT = -2;
const UNKNOWN = -3;

export class RowRouter {
  /** Of the command that was looked at last, if it had more than one key or none. */
  readonly args = new CommandArguments();
  readonly keys: number[] = [];
  private readonly simple = new Map<Command, boolean>();

  /** 0 to 16,383, or NO_KEY, CROSS_SLOT, UNKNOWN (args and keys tell more then). */
  slotOf(batch: Batch, row: number, command: Command | undefined): number {
    if (command === undefined) return UNKNOWN;
    if (!keysAreKnown(command)) return UNKNOWN;
    const isSimple = this.simple.get(command) ?? this.learn(command);
    return isSimple ? slotOf(batch.bytes, batch.keyStart[row], batch.keyEnd[row]) : this.slotOfKeys(command, batch.bytes, batch.start[row], batch.end[row]);
  }

  /** Of one command in bytes[start, end). */
  slotOfKeys(command: Command, bytes: Uint8Array, start: number, end: number): number {
    const { args, keys } = this;
    if (!args.read(bytes, start, end)) return UNKNOWN;
    keyIndexes(command, args, keys);
    if (keys.length === 0) return this.withoutKeys(command);
    const slot = slotOf(bytes, args.start(keys[0]), args.end(keys[0]));
    for (let i = 1; i < keys.length; i++) if (slotOf(bytes, args.start(keys[i]), args.end(keys[i])) !== slot) return CROSS_SLOT;
    return slot;
  }

  private withoutKeys(command: Command): number {
    const { args } = this;
    const isPublish = command.name === 'publish' || command.name === 'spublish';
    const [channel] = isPublish && args.count > 1 ? [1] : channelIndexes(command, args);
    return channel === undefined ? NO_KEY : slotOf(args.bytes, args.start(channel), args.end(channel));
  }

  private learn(command: Command): boolean {
    const [spec] = command.keySpecs;
    const isSimple =
      command.keySpecs.length === 1 &&
      !spec.isChannel &&
      !command.keysIncomplete &&
      spec.begin.kind === 'index' &&
      spec.begin.index === 1 &&
      spec.find.kind === 'range' &&
      spec.find.lastKey === 0;
    this.simple.set(command, isSimple);
    return isSimple;
  }
}
