/** Which database of the target a database of the source goes to. */
import { GodwitError } from '../errors/errors.ts';
import type { DatabaseRules } from './transform-rules.ts';

/** Answer for a database that is left out. */
export const DROPPED = -1;

const KEPT: DatabaseRules = { map: new Map(), others: 'keep' };
const ENTRY = /^\s*(\d{1,9}|\*)\s*=\s*(\d{1,9}|drop)\s*$/;

export class DatabaseMap {
  readonly isActive: boolean;
  private readonly rules: DatabaseRules;

  constructor(rules: DatabaseRules = KEPT) {
    this.rules = rules;
    this.isActive = rules.map.size > 0 || rules.others !== 'keep';
  }

  /** Number at the target, or DROPPED. */
  targetOf(database: number): number {
    const { map, others } = this.rules;
    const to = map.get(database) ?? others;
    return to === 'keep' ? database : to === 'drop' ? DROPPED : to;
  }

  /** True if no other database goes where this one goes: what empties the one may empty the other. */
  isAlone(database: number): boolean {
    const { map, others } = this.rules;
    const to = this.targetOf(database);
    if (typeof others === 'number' && others === to) return false;
    if (others === 'keep' && to !== database && !map.has(to)) return false;
    return [...map].every(([from, other]) => from === database || other !== to);
  }

  /** True if every database goes somewhere, and no two to the same place. */
  get isOneToOne(): boolean {
    const { map, others } = this.rules;
    return others === 'keep' && [...map].every(([from, to]) => to !== 'drop' && this.isAlone(from));
  }

  /** Pairs that share a place, in words; empty if there are none. */
  get shared(): string[] {
    const { map, others } = this.rules;
    if (typeof others === 'number') return [`all databases that are not named go to ${others}`];
    const kept = [...map].filter(([from, to]) => to !== 'drop' && !this.isAlone(from));
    return kept.map(([from, to]) => `database ${from} is not the only one that goes to ${to}`);
  }
}

/** Reads `0=3,1=drop,*=0`; `*` is all that are not named. @throws GodwitError CONFIG_INVALID */
export function parseDatabaseMap(text: string): DatabaseRules {
  const map = new Map<number, number | 'drop'>();
  let others: DatabaseRules['others'] = 'keep';
  for (const entry of text.split(',')) {
    const [, from, word] = ENTRY.exec(entry) ?? [];
    const isTwice = from === '*' ? others !== 'keep' : map.has(Number(from));
    if (from === undefined || isTwice) {
      throw new GodwitError('CONFIG_INVALID', `the database map has ${JSON.stringify(entry)}${isTwice ? ' beside another entry for the same database' : ''}`, {
        fix: 'Write numbers of source and target, or drop, such as 0=3,1=drop; * is all others.',
      });
    }
    const to = word === 'drop' ? word : Number(word);
    if (from === '*') others = to;
    else map.set(Number(from), to);
  }
  return { map, others };
}
