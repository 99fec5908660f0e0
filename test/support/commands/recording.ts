/**
 * What a source sends for all samples, one after another and each with keys of its own (`7:k`), so that the whole can be applied to several targets
 * and be compared at the end. Samples that this source does not know are left out, and so are those that concern all keys.
 */
import type { Redis } from 'ioredis';
import type { RealServer } from '../server.ts';
import { type CommandSample, runLine } from './command-sample.ts';
import { PropagationWatch } from './propagation-watch.ts';

export interface RecordedSample {
  readonly sample: CommandSample;
  /** Its keys begin with this. */
  readonly prefix: string;
  /** All that was sent, preparation too, SELECT, MULTI and EXEC as they came. */
  readonly commands: readonly (readonly Buffer[])[];
  readonly receivedAtMs: number;
}

const KEY_NAMES = new Set(['k', 'l', 'd']);
const WHOLE_SERVER = /^(flush|swapdb|function|script|spublish|publish|fcall|vadd|vrem|vsetattr)/;

/** Runs the samples at the source, which is left with their data. */
export async function recordSamples(source: RealServer, client: Redis, samples: readonly CommandSample[]): Promise<RecordedSample[]> {
  const watch = await PropagationWatch.attach(source);
  const recorded: RecordedSample[] = [];
  let number = 0;
  for (const sample of samples.filter(({ call, setup }) => ![...setup, call].some((line) => WHOLE_SERVER.test(line)))) {
    const prefix = `${number++}:`;
    const known = await runAll(client, [...sample.setup, sample.call], prefix);
    await client.publish('recorded', '');
    const commands = await watch.until('recorded');
    recorded.push({ sample: known ? sample : { setup: [], call: 'not known here' }, prefix, commands, receivedAtMs: Date.now() });
  }
  watch.close();
  return recorded;
}

/** False if the server refused one of the lines. */
async function runAll(client: Redis, lines: readonly string[], prefix: string): Promise<boolean> {
  const withPrefix = (word: string): string => (KEY_NAMES.has(word) ? prefix + word : word.startsWith('@dump:') ? `@dump:${prefix}${word.slice(6)}` : word);
  for (const line of lines) {
    const done = await runLine(client, line.split(' ').map(withPrefix).join(' ')).then(
      () => true,
      () => false,
    );
    if (!done) return false;
  }
  return true;
}
