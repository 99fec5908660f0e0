/** Runs commands through a transform without a pipeline, and shows what came out. */
import { CommandArguments } from '../../../src/command/command-arguments.ts';
import { encodeCommand } from '../../../src/resp/encode.ts';
import { LuaTransform, type LuaTransformOptions } from '../../../src/transform/lua/lua-transform.ts';
import type { CommandRows, TransformEngine, TransformFailure } from '../../../src/transform/transform-engine.ts';
import { TransformOutput } from '../../../src/transform/transform-output.ts';

export type Words = readonly (string | Uint8Array)[];

/** Commands side by side in a slab that has other bytes before them, as a batch does. */
export function rowsOf(commands: readonly Words[], database = 0): CommandRows {
  const parts = [Buffer.from('before'), ...commands.map((words) => encodeCommand([...words]))];
  const ends: number[] = [];
  let at = 0;
  for (const part of parts) ends.push((at += part.length));
  return { bytes: Buffer.concat(parts), count: commands.length, start: ends.slice(0, -1), end: ends.slice(1), database: commands.map(() => database) };
}

/** What the output holds: database and words (one character per byte) of each command. */
function commandsOf(output: TransformOutput): [database: number, ...words: string[]][] {
  const args = new CommandArguments();
  return Array.from({ length: output.count }, (_, i) => {
    if (!args.read(output.bytes, output.start[i], output.end[i])) throw new Error('the output holds no command');
    return [output.database[i], ...Array.from({ length: args.count }, (_item, a) => Buffer.from(args.value(a)).toString('latin1'))];
  });
}

export interface TransformRun {
  readonly commands: [database: number, ...words: string[]][];
  readonly failure: TransformFailure | undefined;
  readonly logged: string[];
}

export function runEngine(engine: TransformEngine, rows: CommandRows): Omit<TransformRun, 'logged'> {
  const output = new TransformOutput(16, 1);
  const failure = engine.run(rows, 0, output);
  return { commands: commandsOf(output), failure };
}

/** Runs the script for the commands, up to the first failure. */
export function runLua(source: string, commands: readonly Words[], options: Partial<LuaTransformOptions> & { database?: number } = {}): TransformRun {
  const logged: string[] = [];
  const engine = new LuaTransform({ source, log: (text) => logged.push(text), ...options });
  return { ...runEngine(engine, rowsOf(commands, options.database)), logged };
}
