/** Does a database pass? The source's number counts. */
import type { FilterRules } from './filter-rules.ts';
import type { RuleTally } from './rule-tally.ts';

export class DatabaseRules {
  readonly isActive: boolean;
  /** What passes, if `allow` says it; null: all that `block` does not have. */
  readonly passing: readonly number[] | null;
  private readonly allowed: ReadonlySet<number> | null;
  private readonly blocked: ReadonlyMap<number, number>;
  private readonly notAllowed: number;
  private lastDatabase = -1;
  private lastRule = 0;

  constructor({ allow = {}, block = {} }: FilterRules, tally: RuleTally) {
    const [wanted, unwanted] = [allow.databases ?? [], block.databases ?? []];
    this.isActive = wanted.length + unwanted.length > 0;
    this.allowed = wanted.length === 0 ? null : new Set(wanted);
    this.passing = this.allowed === null ? null : [...this.allowed].filter((database) => !unwanted.includes(database)).toSorted((a, b) => a - b);
    this.notAllowed = wanted.length === 0 ? 0 : tally.add('no database of allow', 'drop');
    this.blocked = new Map(unwanted.map((database) => [database, tally.add(`block database ${database}`, 'drop')]));
  }

  /** 0, or minus the rule that it does not pass. */
  check(database: number): number {
    if (database !== this.lastDatabase) {
      this.lastDatabase = database;
      this.lastRule = this.find(database);
    }
    return this.lastRule;
  }

  private find(database: number): number {
    if (this.allowed !== null && !this.allowed.has(database)) return -this.notAllowed;
    return -(this.blocked.get(database) ?? 0) + 0;
  }
}
