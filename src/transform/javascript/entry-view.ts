/** An entry as a module sees it: views of the source's bytes, made when they are asked for. It knows whether its arguments were looked at, for only then can they have changed. */
import { findCommand } from '../../command/built-in-commands.ts';
import { CommandArguments } from '../../command/command-arguments.ts';
import type { Command } from '../../command/command.ts';
import { keyIndexes } from '../../command/key-indexes.ts';
import { slotOf } from '../../model/slot.ts';
import type { CommandRows } from '../transform-engine.ts';
import type { CommandArgument, TransformEntry } from './transform-types.ts';

const UNKNOWN_GROUP = 'unknown';

export class EntryView implements TransformEntry {
  db: number;
  private readonly read = new CommandArguments();
  private readonly known: Command | undefined;
  private argumentList: CommandArgument[] | undefined;
  private indexes: number[] | undefined;

  /** @throws Error if the row is no command */
  constructor(rows: CommandRows, row: number) {
    this.db = rows.database[row];
    if (!this.read.read(rows.bytes, rows.start[row], rows.end[row])) throw new Error('the row is no command');
    this.known = findCommand(rows.bytes, rows.start[row], rows.end[row]);
  }

  get command(): string {
    return (this.known?.name.replace('|', '-') ?? this.bytesOf(0).toString('latin1')).toUpperCase();
  }

  get group(): string {
    return this.known === undefined || this.known.group === '' ? UNKNOWN_GROUP : this.known.group.replaceAll('-', '_').toUpperCase();
  }

  get args(): CommandArgument[] {
    this.argumentList ??= Array.from({ length: this.read.count }, (_, i) => this.bytesOf(i));
    return this.argumentList;
  }

  set args(list: CommandArgument[]) {
    this.argumentList = list;
  }

  get keys(): readonly Buffer[] {
    return this.keyIndexes.map((index) => this.bytesOf(index));
  }

  get keyIndexes(): readonly number[] {
    this.indexes ??= this.known === undefined ? [] : keyIndexes(this.known, this.read);
    return this.indexes;
  }

  get slots(): readonly number[] {
    return this.keyIndexes.map((index) => slotOf(this.read.bytes, this.read.start(index), this.read.end(index)));
  }

  /** undefined: nobody has looked at them. */
  get argumentsIfSeen(): readonly CommandArgument[] | undefined {
    return this.argumentList;
  }

  private bytesOf(index: number): Buffer {
    const { bytes } = this.read;
    return Buffer.from(bytes.buffer, bytes.byteOffset + this.read.start(index), this.read.end(index) - this.read.start(index));
  }
}
