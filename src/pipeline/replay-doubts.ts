/**
 * Type errors of a replay. Commands that may be applied twice are sent again after a break, over what came behind them the first time; a command that
 * meets a key of another type then is passed over, because a later command of the replay gives the key anew. Where none does, somebody else has written
 * there, and the error is real: it stays in doubt until the replay is over, and the mark does not pass it meanwhile (batch-sender.ts).
 */
import { findCommand } from '../command/built-in-commands.ts';
import { CommandArguments } from '../command/command-arguments.ts';
import { keyIndexes } from '../command/key-indexes.ts';
import type { BatchBuffer } from '../target/batch-buffer.ts';
import type { Parcel } from './parcel.ts';

/** Of the commands that may be applied twice, those that change the type of a key. */
const GIVE_ANEW = new Set(['del', 'unlink', 'set', 'mset', 'msetex', 'restore']);
/** The sender sends no more than this, or one batch, beyond its mark (batch-sender.ts): what explains a doubt does not come later. */
export const UNMARKED_BYTES_MAX = 32 * 1024 * 1024;
/** More, since a doubt itself holds the mark back. */
const DOUBT_BYTES_MAX = 2 * UNMARKED_BYTES_MAX;

interface Doubt<Refused> {
  readonly place: string;
  /** Nothing behind this offset can explain it. */
  readonly untilOffset: number;
  readonly refused: Refused;
}

export class ReplayDoubts<Refused> {
  private open: Doubt<Refused>[] = [];
  private readonly args = new CommandArguments();

  get isOpen(): boolean {
    return this.open.length > 0;
  }

  /** What is in doubt. */
  get refused(): Refused[] {
    return this.open.map(({ refused }) => refused);
  }

  /**
   * Takes the rows of the next batch in their order.
   * @param end the stream is applied up to here with them
   * @param refused what failed for its key's type, by row
   * @param replayUntil rows that end behind this offset were never applied before
   * @returns of these and of earlier ones those that nothing explains any more
   */
  look({ batch, buffer }: Pick<Parcel, 'batch' | 'buffer'>, end: number, refused: ReadonlyMap<number, Refused>, replayUntil: number): Refused[] {
    if (this.open.length === 0 && refused.size === 0) return [];
    for (let i = 0; i < buffer.commands; i++) {
      const row = buffer.rowOf[i];
      if (row < 0) continue;
      if (batch.endOffset[row] > replayUntil) break;
      const failed = refused.get(row);
      if (failed !== undefined)
        this.open.push({ place: this.places(buffer, i, batch.database[row])[0] ?? '', untilOffset: end + DOUBT_BYTES_MAX, refused: failed });
      else if (this.open.length > 0 && GIVE_ANEW.has(findCommand(buffer.bytes, buffer.starts[i], buffer.endOf(i))?.name ?? '')) {
        const given = new Set(this.places(buffer, i, batch.database[row]));
        this.open = this.open.filter(({ place }) => !given.has(place));
      }
    }
    return this.passed(end, replayUntil);
  }

  /** The stream is applied up to here. @returns what nothing explains any more */
  passed(offset: number, replayUntil: number): Refused[] {
    const over = this.open.filter(({ untilOffset }) => offset >= Math.min(untilOffset, replayUntil));
    if (over.length > 0) this.open = this.open.filter((one) => !over.includes(one));
    return over.map(({ refused }) => refused);
  }

  /** Database and key of each key of a command. It is read as it was sent: what it was decoded from is overwritten by the time the replies come. */
  private places(buffer: BatchBuffer, index: number, database: number): string[] {
    const { args } = this;
    const start = buffer.starts[index];
    const end = buffer.endOf(index);
    const command = findCommand(buffer.bytes, start, end);
    if (command === undefined || !args.read(buffer.bytes, start, end)) return [];
    return keyIndexes(command, args).map((at) => `${database} ${Buffer.from(args.value(at)).toString('latin1')}`);
  }
}
