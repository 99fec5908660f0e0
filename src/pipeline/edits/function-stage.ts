/**
 * Gives the rows of a batch of commands to a function, and makes a batch of what comes out: its commands have the offset of the row that they stand for, so
 * that what one row made stays one unit. A unit of values (DEL, RPUSH ... of one key) for which the function fails is left out as a whole.
 */
import { CommandScanner } from '../../bytes/command-scanner.ts';
import { findCommand } from '../../command/built-in-commands.ts';
import { Batch, EntryKind } from '../../model/batch.ts';
import type { DeadLetter } from '../../target/dead-letter.ts';
import type { TransformEngine } from '../../transform/transform-engine.ts';
import { TransformOutput } from '../../transform/transform-output.ts';

/** Would change what the connection itself does: nothing behind them would be what it is taken for. */
const OF_CONNECTIONS = new Set(['connection', 'transactions', 'cluster']);
const STRANGE = new Set([
  'subscribe',
  'psubscribe',
  'ssubscribe',
  'unsubscribe',
  'punsubscribe',
  'sunsubscribe',
  'monitor',
  'sync',
  'psync',
  'replconf',
  'shutdown',
]);
const SLAB_KEPT_BYTES_MAX = 16 * 1024 * 1024;

export interface FunctionFailure {
  /** Of the rows that were given. */
  readonly row: number;
  readonly letter: DeadLetter;
}

export class FunctionStage {
  private readonly engine: TransformEngine;
  private readonly onError: 'stop' | 'dead-letter';
  private readonly scanner = new CommandScanner();
  private output = new TransformOutput();
  private made = new Batch(1024);

  constructor(engine: TransformEngine, onError: 'stop' | 'dead-letter') {
    this.engine = engine;
    this.onError = onError;
  }

  /**
   * The batch that comes back is valid until the next call. With `stop` it ends before the unit of the first failure.
   * @param areUnits rows with one offset are left out together
   */
  run(rows: Batch, areUnits: boolean): { readonly batch: Batch; readonly failures: readonly FunctionFailure[] } {
    if (this.output.bytes.length > SLAB_KEPT_BYTES_MAX) this.output = new TransformOutput();
    const { output } = this;
    const failures: FunctionFailure[] = [];
    const left = new Set<number>();
    output.reset();
    for (let from = 0; from < rows.count;) {
      const before = output.count;
      const failure = this.engine.run(rows, from, output);
      for (const { row, message } of [...this.strangeRows(rows, before), ...(failure === undefined ? [] : [failure])]) {
        if (left.has(row)) continue;
        const [first, last] = areUnits ? [firstOfUnit(rows, row), lastOfUnit(rows, row)] : [row, row];
        failures.push({ row: firstOfUnit(rows, row), letter: letterOf(rows, first, last, message) });
        if (this.onError === 'stop') return { batch: this.batchOf(rows, left, firstOfUnit(rows, row)), failures };
        for (let one = first; one <= last; one++) left.add(one);
      }
      if (failure === undefined) break;
      from = (areUnits ? lastOfUnit(rows, failure.row) : failure.row) + 1;
    }
    return { batch: this.batchOf(rows, left, rows.count), failures };
  }

  /** Rows that made what must not be sent, from command `from` on. */
  private strangeRows(rows: Batch, from: number): { readonly row: number; readonly message: string }[] {
    const { output } = this;
    const strange: { readonly row: number; readonly message: string }[] = [];
    for (let i = from; i < output.count; i++) {
      const command = findCommand(output.bytes, output.start[i], output.end[i]);
      if (command === undefined || !(OF_CONNECTIONS.has(command.group) || STRANGE.has(command.name))) continue;
      const row = output.row[i];
      // What a source sends by itself may pass on (CLUSTER FLUSHSLOT).
      if (findCommand(rows.bytes, rows.start[row], rows.end[row]) === command) continue;
      strange.push({ row, message: `the function made ${command.name.replace('|', ' ').toUpperCase()}, which cannot be sent by it` });
    }
    return strange;
  }

  /** @param left rows of which nothing is sent; @param until neither of those from this one on */
  private batchOf(rows: Batch, left: ReadonlySet<number>, until: number): Batch {
    const { output, scanner } = this;
    if (this.made.capacity < output.count) this.made = new Batch(output.count * 2);
    const { made } = this;
    made.bytes = output.bytes;
    made.count = 0;
    for (let i = 0; i < output.count && output.row[i] < until; i++) {
      if (left.size > 0 && left.has(output.row[i])) continue;
      const to = made.count++;
      made.kind[to] = EntryKind.Command;
      made.start[to] = output.start[i];
      made.end[to] = output.end[i];
      made.database[to] = output.database[i];
      made.endOffset[to] = rows.endOffset[output.row[i]];
      scanner.scan(output.bytes, output.start[i], output.end[i]);
      made.keyStart[to] = scanner.firstStart;
      made.keyEnd[to] = scanner.firstEnd;
    }
    return made;
  }
}

function firstOfUnit({ endOffset }: Batch, row: number): number {
  let first = row;
  while (first > 0 && endOffset[first - 1] === endOffset[row]) first--;
  return first;
}

function lastOfUnit({ endOffset, count }: Batch, row: number): number {
  let last = row;
  while (last + 1 < count && endOffset[last + 1] === endOffset[row]) last++;
  return last;
}

function letterOf({ bytes, start, end, endOffset, database }: Batch, first: number, last: number, error: string): DeadLetter {
  return { offset: endOffset[first], database: database[first], error, command: Uint8Array.from(bytes.subarray(start[first], end[last])) };
}
