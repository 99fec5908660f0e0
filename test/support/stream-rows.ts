/** Commands written as lines, as a batch of the stream, and back again: for tests of what filters and transforms do with it. */
import { CommandArguments } from '../../src/command/command-arguments.ts';
import { Batch } from '../../src/model/batch.ts';
import { encodeCommand } from '../../src/resp/encode.ts';
import { StreamDecoder } from '../../src/resp/stream-decoder.ts';

const words = (line: string): string[] => line.split(' ').map((word) => (word === "''" ? '' : word));

/** SELECT, MULTI and EXEC are taken as the stream has them. @param capacity rows that the batch has room for; as many as there are lines unless told */
export function streamBatch(lines: readonly string[], capacity = lines.length): Batch {
  const bytes = Buffer.concat(lines.map((line) => encodeCommand(words(line).map((word) => Buffer.from(word, 'latin1')))));
  const batch = new Batch(capacity);
  const decoder = new StreamDecoder({ offset: 0, database: 0 }, '__godwit');
  const end = decoder.decode(bytes, 0, bytes.length, batch);
  if (end !== bytes.length) throw new Error('the lines are no whole units');
  return batch;
}

/** `database> words` of each row; each row's key column is checked to be its first argument. */
export function streamLines(batch: Batch): string[] {
  const args = new CommandArguments();
  return Array.from({ length: batch.count }, (_, row) => {
    if (!args.read(batch.bytes, batch.start[row], batch.end[row])) throw new Error(`row ${row} is no command`);
    const text = Array.from({ length: args.count }, (__, i) => Buffer.from(args.value(i)).toString('latin1') || "''");
    const key = Buffer.from(batch.bytes.subarray(batch.keyStart[row], batch.keyEnd[row])).toString('latin1') || "''";
    if (args.count > 1 && key !== text[1]) throw new Error(`row ${row} says that its first argument is ${key}, which is ${text[1]}`);
    return `${batch.database[row]}> ${text.join(' ')}`;
  });
}
