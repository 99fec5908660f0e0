/** The commands that a source itself knows, modules and commands newer than ours included: asked for once, at the start. */
import { builtInCommands, tableForSource } from '../command/built-in-commands.ts';
import { rowsFromReply } from '../command/command-reply.ts';
import type { CommandTable } from '../command/command-table.ts';
import type { OpenConnection } from '../net/connection-options.ts';

/** Far more than any server has; what is beyond is left to the built-in table. */
const COMMANDS_MAX = 20_000;

/** The built-in table where COMMAND is refused or answers in no known form. A table holds what all shards of a cluster have: one of them is asked. */
export async function readCommandTable(connection: OpenConnection): Promise<CommandTable> {
  const [reply] = await connection.callAll([['COMMAND']]);
  if (!Array.isArray(reply)) return builtInCommands;
  const rows = rowsFromReply(reply.slice(0, COMMANDS_MAX));
  return rows.length === 0 ? builtInCommands : tableForSource(rows);
}
