/** Applies the rows of a batch of commands to a server, each in its database, as a sender would. */
import type { Redis } from 'ioredis';
import { CommandArguments } from '../../src/command/command-arguments.ts';
import { Batch } from '../../src/model/batch.ts';
import { encodeCommand } from '../../src/resp/encode.ts';
import { StreamDecoder } from '../../src/resp/stream-decoder.ts';

/** What a source has sent, SELECT, MULTI and EXEC as they came. */
export function batchOfCommands(commands: readonly (readonly Buffer[])[]): Batch {
  const bytes = Buffer.concat(commands.map((words) => encodeCommand(words)));
  const batch = new Batch(commands.length);
  const end = new StreamDecoder({ offset: 0, database: 0 }, '__godwit').decode(bytes, 0, bytes.length, batch);
  if (end !== bytes.length) throw new Error('the commands are no whole units');
  return batch;
}

/** @returns the errors of the server, each with its command */
export async function applyRows(client: Redis, batch: Batch): Promise<string[]> {
  const args = new CommandArguments();
  const pipeline = client.pipeline();
  const sent: string[] = [];
  for (let row = 0; row < batch.count; row++) {
    args.read(batch.bytes, batch.start[row], batch.end[row]);
    const words = Array.from({ length: args.count }, (_, i) => Buffer.from(args.value(i)));
    const [name, ...rest] = words;
    pipeline.call('SELECT', batch.database[row]).call(name.toString(), ...rest);
    sent.push(words.map((word) => word.toString('latin1')).join(' '));
  }
  const replies = (await pipeline.exec()) ?? [];
  return replies.flatMap(([error], i) => (error === null ? [] : [`${sent[i >> 1]}: ${error.message}`]));
}
