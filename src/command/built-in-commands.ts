/** The table that is shipped: what five real servers said of themselves, and the supplement. The fallback for sources that do not show their own. */
import { COMMAND_ROWS } from './command-rows.ts';
import type { CommandRow } from './command-row.ts';
import { CommandTable } from './command-table.ts';
import type { Command } from './command.ts';
import { NEWER_COMMANDS } from './newer-commands.ts';

const BUILT_IN_ROWS = completed(COMMAND_ROWS, NEWER_COMMANDS);

export const builtInCommands = new CommandTable(BUILT_IN_ROWS);

/** The entry of the RESP command in bytes[start, end); see CommandTable.find. */
export function findCommand(bytes: Uint8Array, start: number, end: number): Command | undefined {
  return builtInCommands.find(bytes, start, end);
}

/**
 * The table for one source: what it says of itself (rowsFromReply), with the versions and groups that only the built-in table knows. Commands that
 * it does not show (an ACL hides them) are as in the built-in table.
 */
export function tableForSource(rows: readonly CommandRow[]): CommandTable {
  return new CommandTable(completed(rows, BUILT_IN_ROWS));
}

/** All rows of both; of two with one name the first, with what is not said in it taken from the second. */
function completed(rows: readonly CommandRow[], others: readonly CommandRow[]): CommandRow[] {
  const merged = new Map(others.map((row) => [row[0], row]));
  for (const row of rows) {
    const other = merged.get(row[0]);
    merged.set(row[0], other ? completedRow(row, other) : row);
  }
  return [...merged.values()];
}

/** Redis before 7.0 shows no subcommands, and not where movable keys are. */
function completedRow(row: CommandRow, other: CommandRow): CommandRow {
  const [name, arity, flags, group, keys, redisSince, valkeySince] = row;
  if (other[2].includes('c') && !flags.includes('c')) return other;
  const keysUnknown = keys.endsWith('?') && !other[4].endsWith('?');
  return [name, arity, flags, group || other[3], keysUnknown ? other[4] : keys, redisSince || other[5], valkeySince || other[6]];
}
