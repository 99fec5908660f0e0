/** Commands as RESP bytes, and read into arguments, for tests of src/command. */
import { CommandArguments } from '../../../src/command/command-arguments.ts';
import { builtInCommands } from '../../../src/command/built-in-commands.ts';
import type { Command } from '../../../src/command/command.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';

export interface ReadCommand {
  readonly bytes: Buffer;
  readonly args: CommandArguments;
  readonly command: Command | undefined;
}

/** @throws Error if our own parser does not take it */
export function readCommand(words: readonly (string | Buffer)[]): ReadCommand {
  const bytes = encodeCommand(words);
  const args = new CommandArguments();
  if (!args.read(bytes, 0, bytes.length)) throw new Error(`cannot be read: ${words.join(' ')}`);
  return { bytes, args, command: builtInCommands.find(bytes, 0, bytes.length) };
}

/** Of words parted by blanks; '' is an empty argument. */
export function readLine(line: string): ReadCommand {
  return readCommand(line.split(' ').map((word) => (word === "''" ? '' : word)));
}
