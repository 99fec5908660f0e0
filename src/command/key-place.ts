/** Where a command has its keys, told by its name alone: whether its arguments have to be read to find them. */
import type { Command } from './command.ts';

/** none: it has no keys. first: exactly one, the first argument. some: keyIndexes() tells. */
export type KeyPlace = 'none' | 'first' | 'some';

/** Their specs say one key or none, and their arguments may say others (key-indexes.ts). */
const BY_ARGUMENTS = new Set(['sort', 'sort_ro', 'migrate', 'georadius', 'georadiusbymember']);

export function keyPlaceOf({ name, keySpecs }: Command): KeyPlace {
  if (BY_ARGUMENTS.has(name)) return 'some';
  const specs = keySpecs.filter(({ isChannel }) => !isChannel);
  if (specs.length === 0) return 'none';
  const [{ begin, find }] = specs;
  const isFirst = specs.length === 1 && begin.kind === 'index' && begin.index === 1 && find.kind === 'range' && find.lastKey === 0;
  return isFirst ? 'first' : 'some';
}
