/** Commands that name databases, or empty them, under a database map. */
import type { CommandArguments } from '../command/command-arguments.ts';
import type { CommandDraft } from './command-draft.ts';
import { type DatabaseMap, DROPPED } from './database-map.ts';

/** go-on: what is in the draft goes. drop: it comes to nothing. leave: all that is left of it is that the first key goes. untold: it cannot be said. */
export type MapAnswer = 'go-on' | 'drop' | 'leave' | 'untold';

type MapRule = (args: CommandArguments, database: number, map: DatabaseMap, draft: CommandDraft) => MapAnswer;

const move: MapRule = (args, database, map, draft) => {
  const [from, to] = [map.targetOf(database), map.targetOf(args.integer(2))];
  if (from === DROPPED) return to === DROPPED ? 'drop' : 'untold';
  if (to === DROPPED) return 'leave';
  // Both are one at the target, where the key stays.
  if (to === from) return 'drop';
  draft.setInteger(2, to);
  return 'go-on';
};

const copy: MapRule = (args, database, map, draft) => {
  const at = args.find(['DB'], 3);
  const [from, to] = [map.targetOf(database), map.targetOf(at < 0 ? database : args.integer(at + 1))];
  if (to === DROPPED) return 'drop';
  if (from === DROPPED) return 'untold';
  const isSameKey = Buffer.compare(args.value(1), args.value(2)) === 0;
  if (to === from && isSameKey) return 'drop';
  if (at > 0) draft.setInteger(at + 1, to);
  return 'go-on';
};

const swap: MapRule = (args, _, map, draft) => {
  const [one, other] = [args.integer(1), args.integer(2)];
  const [to, toOther] = [map.targetOf(one), map.targetOf(other)];
  if (to === DROPPED && toOther === DROPPED) return 'drop';
  if (to === DROPPED || toOther === DROPPED || !map.isAlone(one) || !map.isAlone(other)) return 'untold';
  draft.setInteger(1, to);
  draft.setInteger(2, toOther);
  return 'go-on';
};

const flush: MapRule = (_, database, map) => (map.targetOf(database) === DROPPED ? 'drop' : map.isAlone(database) ? 'go-on' : 'untold');

const flushAll: MapRule = (_args, _database, map) => (map.isOneToOne ? 'go-on' : 'untold');

export const MAP_RULES: Readonly<Record<string, MapRule>> = { move, copy, swapdb: swap, flushdb: flush, flushall: flushAll };
