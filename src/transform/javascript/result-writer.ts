/** Writes what a module returns for an entry; what it cannot mean is an error, so that nothing is dropped or mangled by mistake. */
import type { CommandRows } from '../transform-engine.ts';
import type { TransformOutput } from '../transform-output.ts';
import { EntryView } from './entry-view.ts';
import type { CommandArgument, OutputCommand, TransformResult } from './transform-types.ts';

const DATABASE_MAX = 2 ** 31 - 1;
const EXPECTED = 'it is to return the entry, a command { args, db? }, a list of them, or null to drop the entry';

/** @throws TypeError for what is no result */
export function writeResult(result: TransformResult | undefined, entry: EntryView, rows: CommandRows, row: number, output: TransformOutput): void {
  if (result === null) return;
  if (result === undefined) throw new TypeError(`it returned nothing: ${EXPECTED}`);
  if (result instanceof EntryView) writeEntry(result, entry, rows, row, output);
  else if (Array.isArray(result)) for (const command of result as readonly OutputCommand[]) writeOne(command, entry, rows, row, output);
  else writeOne(result as OutputCommand, entry, rows, row, output);
}

function writeOne(command: OutputCommand, entry: EntryView, rows: CommandRows, row: number, output: TransformOutput): void {
  if (command instanceof EntryView) writeEntry(command, entry, rows, row, output);
  else writeCommand(command, entry, row, output);
}

function writeEntry(view: EntryView, entry: EntryView, rows: CommandRows, row: number, output: TransformOutput): void {
  if (view !== entry) throw new TypeError('it returned the entry of another call: those are gone');
  const args = view.argumentsIfSeen;
  if (args === undefined) output.command(row, database(view.db), rows.bytes, rows.start[row], rows.end[row]);
  else writeCommand({ args, db: view.db }, view, row, output);
}

function writeCommand(command: OutputCommand, entry: EntryView, row: number, output: TransformOutput): void {
  if (typeof command !== 'object' || command instanceof Promise) throw new TypeError(`it returned a ${kindOf(command)}: ${EXPECTED}`);
  const { args, db = entry.db } = command;
  if (!Array.isArray(args)) throw new TypeError(`it returned a command whose args are a ${kindOf(args)}: ${EXPECTED}`);
  if (args.length === 0) throw new TypeError('it returned a command without a name');
  output.open(row, database(db), args.length);
  for (const [i, argument] of (args as CommandArgument[]).entries()) writeArgument(argument, i, output);
  output.close();
}

function writeArgument(argument: CommandArgument, index: number, output: TransformOutput): void {
  const isNumber = typeof argument === 'bigint' || (typeof argument === 'number' && Number.isFinite(argument));
  if (argument instanceof Uint8Array) output.argument(argument, 0, argument.length);
  else if (typeof argument === 'string' || isNumber) {
    const bytes = Buffer.from(String(argument), 'utf8');
    output.argument(bytes, 0, bytes.length);
  } else throw new TypeError(`args[${index}] is a ${kindOf(argument)}; it is to be text, bytes or a number`);
}

function database(db: unknown): number {
  if (typeof db === 'number' && Number.isInteger(db) && db >= 0 && db <= DATABASE_MAX) return db;
  throw new TypeError(`db is ${String(db)}; it is to be a number from 0`);
}

function kindOf(value: unknown): string {
  return value === null
    ? 'null'
    : typeof value === 'number'
      ? String(value)
      : value instanceof Promise
        ? 'promise (a transform may not be async)'
        : typeof value;
}
