/** The entry that a function is looking at, and where its commands go. One object, filled anew for each entry. */
import { findCommand } from '../../command/built-in-commands.ts';
import { CommandArguments } from '../../command/command-arguments.ts';
import type { Command } from '../../command/command.ts';
import { keyIndexes } from '../../command/key-indexes.ts';
import type { CommandRows } from '../transform-engine.ts';
import { TransformOutput } from '../transform-output.ts';

export class CurrentEntry {
  readonly args = new CommandArguments();
  command: Command | undefined = undefined;
  bytes: Uint8Array = new Uint8Array(0);
  /** bytes[start, end) is the command as RESP. */
  start = 0;
  end = 0;
  database = 0;
  row = 0;
  output = new TransformOutput(0, 1);
  /** What the output held before this entry. */
  outputCount = 0;
  outputLength = 0;
  private keysFound = false;
  private readonly keyList: number[] = [];

  /** False if the row is no command. */
  take(rows: CommandRows, row: number, output: TransformOutput): boolean {
    this.bytes = rows.bytes;
    this.start = rows.start[row];
    this.end = rows.end[row];
    this.database = rows.database[row];
    this.row = row;
    this.output = output;
    this.outputCount = output.count;
    this.outputLength = output.length;
    this.keysFound = false;
    if (!this.args.read(this.bytes, this.start, this.end)) return false;
    this.command = findCommand(this.bytes, this.start, this.end);
    return true;
  }

  /** Indexes of the keys among the arguments, the name being 0; valid until the next entry. */
  get keys(): readonly number[] {
    if (!this.keysFound) {
      this.keyList.length = 0;
      if (this.command !== undefined) keyIndexes(this.command, this.args, this.keyList);
      this.keysFound = true;
    }
    return this.keyList;
  }

  /** Takes back what this entry has made. */
  takeBack(): void {
    this.output.takeBack(this.outputCount, this.outputLength);
  }
}
