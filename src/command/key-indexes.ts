/**
 * Which arguments of a command are keys. By the table's key specs (db.c: getKeysUsingKeySpecs), and for those whose specs do not say all by hand:
 *
 *   SORT key [BY pattern] [LIMIT a b] [GET pattern ...] [STORE key]     the last STORE counts; patterns name keys that nobody can list
 *   MIGRATE host port key|"" db timeout [...] [KEYS key ...]            KEYS counts if the key is empty
 *   GEORADIUS[BYMEMBER] key ... [STORE key] [STOREDIST key]             the last of both counts
 *   XREAD[GROUP] [GROUP group consumer] ... STREAMS key ... id ...      a group or consumer may be called STREAMS (t_stream.c: xreadGetKeys)
 */
import type { CommandArguments } from './command-arguments.ts';
import type { Command, KeyFind, KeySpec } from './command.ts';

const BY_HAND = new Set(['sort', 'sort_ro', 'migrate', 'georadius', 'georadiusbymember', 'xread', 'xreadgroup']);

/**
 * Is what keyIndexes() finds all? False for a command of a module that finds its keys itself, or one that is newer than all that is known here: such a
 * command can be sent to no node of a cluster, since nobody knows which.
 */
export function keysAreKnown(command: Command): boolean {
  return !command.keysIncomplete || BY_HAND.has(command.name);
}

/**
 * Indexes of the keys among the arguments (the name is 0) in the order of the command, into `into` if given (emptied first). No keys when the command
 * has none, or when its arguments are not in the form that the server would take.
 */
export function keyIndexes(command: Command, args: CommandArguments, into: number[] = []): number[] {
  into.length = 0;
  switch (command.name) {
    case 'sort':
    case 'sort_ro':
      return keysOfSort(args, into);
    case 'migrate':
      return keysOfMigrate(args, into);
    case 'georadius':
      return keysOfGeoRadius(args, 6, into);
    case 'georadiusbymember':
      return keysOfGeoRadius(args, 5, into);
    case 'xread':
    case 'xreadgroup':
      return keysOfXread(args, into);
    default:
      for (const spec of command.keySpecs) if (!spec.isChannel) addKeys(spec, args, into);
      return into;
  }
}

/** The keys as byte ranges: pairs of start and end. */
export function keyRanges(command: Command, args: CommandArguments): Int32Array {
  const indexes = keyIndexes(command, args);
  const ranges = new Int32Array(indexes.length * 2);
  indexes.forEach((index, i) => {
    ranges[2 * i] = args.start(index);
    ranges[2 * i + 1] = args.end(index);
  });
  return ranges;
}

/** Indexes of the channels that are routed by slot as keys are (SPUBLISH, SSUBSCRIBE). */
export function channelIndexes(command: Command, args: CommandArguments): number[] {
  const into: number[] = [];
  for (const spec of command.keySpecs) if (spec.isChannel) addKeys(spec, args, into);
  return into;
}

function addKeys({ begin, find }: KeySpec, args: CommandArguments, into: number[]): void {
  const first = begin.kind === 'index' ? begin.index : keywordIndex(args, begin.keyword, begin.startFrom) + 1;
  if (first === 0 || first >= args.count) return;
  if (find.kind === 'count') {
    addCounted(find, first, args, into);
    return;
  }
  const rest = args.count - first;
  const last = find.lastKey >= 0 ? first + find.lastKey : find.limit > 1 ? first + Math.trunc(rest / find.limit) + find.lastKey : args.count + find.lastKey;
  for (let i = first; i <= last && i < args.count; i += find.step) into.push(i);
}

function addCounted(find: KeyFind & { kind: 'count' }, first: number, args: CommandArguments, into: number[]): void {
  const count = args.integer(first + find.countIndex);
  const firstKey = first + find.firstKey;
  if (!(count > 0) || firstKey + (count - 1) * find.step >= args.count) return;
  for (let i = 0; i < count; i++) into.push(firstKey + i * find.step);
}

/** -1 if it is not there. */
function keywordIndex(args: CommandArguments, keyword: string, startFrom: number): number {
  const step = startFrom < 0 ? -1 : 1;
  for (let i = startFrom < 0 ? args.count + startFrom : startFrom; i > 0 && i < args.count; i += step) if (args.is(i, keyword)) return i;
  return -1;
}

function keysOfSort(args: CommandArguments, into: number[]): number[] {
  if (args.count < 2) return into;
  into.push(1);
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, 'LIMIT')) i += 2;
    else if (args.isAny(i, ['BY', 'GET'])) i++;
    else if (args.is(i, 'STORE') && i + 1 < args.count) {
      i++;
      into[1] = i;
    }
  }
  return into;
}

function keysOfMigrate(args: CommandArguments, into: number[]): number[] {
  if (args.count < 6) return into;
  if (!args.isEmpty(3)) {
    into.push(3);
    return into;
  }
  for (let i = 6; i < args.count; i++) {
    if (args.is(i, 'AUTH')) i++;
    else if (args.is(i, 'AUTH2')) i += 2;
    else if (args.is(i, 'KEYS')) {
      for (let key = i + 1; key < args.count; key++) into.push(key);
      break;
    }
  }
  return into;
}

function keysOfGeoRadius(args: CommandArguments, firstOption: number, into: number[]): number[] {
  if (args.count < 2) return into;
  into.push(1);
  for (let i = firstOption; i + 1 < args.count; i++) {
    if (!args.isAny(i, ['STORE', 'STOREDIST'])) continue;
    i++;
    into[1] = i;
  }
  return into;
}

/** The other options come before STREAMS, so that their values are passed over, whatever they are called. */
function keysOfXread(args: CommandArguments, into: number[]): number[] {
  for (let i = 1; i < args.count; i++) {
    if (args.isAny(i, ['BLOCK', 'COUNT'])) i++;
    else if (args.is(i, 'GROUP')) i += 2;
    else if (args.is(i, 'STREAMS')) {
      const streams = (args.count - i - 1) / 2;
      if (Number.isInteger(streams)) for (let key = i + 1; key <= i + streams; key++) into.push(key);
      break;
    } else if (!args.isAny(i, ['NOACK', 'CLAIM'])) break;
    else if (args.is(i, 'CLAIM')) i++;
  }
  return into;
}
