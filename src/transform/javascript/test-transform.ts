/** For tests of a user's module: what it makes of commands, without any server. */
import { GodwitError } from '../../errors/errors.ts';
import { encodeCommand } from '../../resp/encode.ts';
import { CommandArguments } from '../../command/command-arguments.ts';
import { TransformOutput } from '../transform-output.ts';
import { JavaScriptTransform } from './javascript-transform.ts';
import { transformModule } from './load-transform.ts';
import type { Transform, TransformModule } from './transform-types.ts';

export interface TestInput {
  readonly args: readonly (string | Uint8Array)[];
  /** 0 if it is left out. */
  readonly db?: number;
}

export interface TestOutput {
  readonly db: number;
  /** As text; bytes that are no UTF-8 are one character each. */
  readonly args: readonly string[];
  readonly bytes: readonly Buffer[];
  /** Which of the commands it stands for, from 0. */
  readonly of: number;
}

/**
 * Runs the commands through the transform, as a job would.
 * @param module the module's exports, or its function
 * @param commands arguments, or arguments and database
 * @throws TRANSFORM_FAILED for the first that fails
 */
export function testTransform(module: TransformModule | Transform, commands: readonly (TestInput | readonly (string | Uint8Array)[])[]): TestOutput[] {
  const inputs = commands.map((command) => ('args' in command ? command : { args: command }));
  const encoded = inputs.map(({ args }) => encodeCommand([...args]));
  const start: number[] = [];
  let at = 0;
  for (const bytes of encoded) {
    start.push(at);
    at += bytes.length;
  }
  const end = encoded.map((bytes, i) => start[i] + bytes.length);
  const rows = { bytes: Buffer.concat(encoded), count: inputs.length, start, end, database: inputs.map(({ db = 0 }) => db) };
  const output = new TransformOutput();
  const engine = new JavaScriptTransform(transformModule(typeof module === 'function' ? { transform: module } : module, 'the module'));
  const failure = engine.run(rows, 0, output);
  if (failure !== undefined) throw new GodwitError('TRANSFORM_FAILED', `command ${failure.row}: ${failure.message}`);
  return Array.from({ length: output.count }, (_, i) => outputAt(output, i));
}

function outputAt(output: TransformOutput, index: number): TestOutput {
  const args = new CommandArguments();
  args.read(output.bytes, output.start[index], output.end[index]);
  const bytes = Array.from({ length: args.count }, (_, i) => Buffer.from(args.value(i)));
  return { db: output.database[index], args: bytes.map(readable), bytes, of: output.row[index] };
}

function readable(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : bytes.toString('latin1');
}
