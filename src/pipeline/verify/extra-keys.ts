/** Which keys of a page of the target the source does not have. */
import { ReplyKind } from '../../resp/reply-columns.ts';
import type { AskedSide } from './asked-side.ts';
import { keyCommand } from './key-command.ts';
import type { KeyChoice } from './key-choice.ts';
import type { KeyMapping } from './key-mapping.ts';
import { keyAt, type KeyRows, pickRows, rowsOf } from './key-rows.ts';

export interface ExtraKey {
  readonly database: number;
  readonly key: Buffer;
  readonly targetKey: Buffer;
}

export interface PageOfExtras {
  readonly extras: readonly ExtraKey[];
  /** That were looked for. */
  readonly looked: number;
  readonly outOfScope: number;
}

interface Candidate {
  readonly row: number;
  readonly database: number;
  readonly key: Uint8Array;
}

const EXISTS = keyCommand(['EXISTS']);
const SMALL_REPLY = 1024;

export class ExtraKeys {
  private readonly source: AskedSide;
  private readonly mapping: KeyMapping;
  private readonly choice: KeyChoice;

  constructor(source: AskedSide, mapping: KeyMapping, choice: KeyChoice) {
    this.source = source;
    this.mapping = mapping;
    this.choice = choice;
  }

  /** @param databases of the source that go to the database of the page; not empty */
  async find(databases: readonly number[], page: KeyRows): Promise<PageOfExtras> {
    return this.mapping.renames || databases.length > 1 ? this.findByOrigin(databases, page) : this.findByName(databases[0], page);
  }

  private async findByName(database: number, page: KeyRows): Promise<PageOfExtras> {
    const rows = this.choice.wanted(database, page);
    const keys = rows === null ? page : pickRows(page, rows);
    const outOfScope = rows === null ? 0 : this.choice.outOfScope(database, page);
    if (keys.count === 0) return { extras: [], looked: 0, outOfScope };
    if ((await this.source.existing(database, keys)) === keys.count) return { extras: [], looked: keys.count, outOfScope };
    const missing = await this.missing(database, keys);
    const extras = missing.map((row) => ({ database, key: keyAt(keys, row), targetKey: keyAt(keys, row) }));
    return { extras, looked: keys.count, outOfScope };
  }

  /** Renamed, or of one of several databases: a key is extra if the source has none of those that it can have come from. */
  private async findByOrigin(databases: readonly number[], page: KeyRows): Promise<PageOfExtras> {
    const candidates: Candidate[] = [];
    const firstOf = new Map<number, Candidate>();
    for (let row = 0; row < page.count; row++) {
      for (const key of this.mapping.sourceKeys(page, row)) {
        for (const database of databases) {
          if (!this.choice.wants(database, key, 0, key.length)) continue;
          const candidate = { row, database, key };
          candidates.push(candidate);
          if (!firstOf.has(row)) firstOf.set(row, candidate);
        }
      }
    }
    const found = new Set<number>();
    for (const database of databases) {
      const own = candidates.filter((one) => one.database === database);
      if (own.length === 0) continue;
      const missing = new Set(await this.missing(database, rowsOf(own.map(({ key }) => key))));
      own.forEach(({ row }, i) => missing.has(i) || found.add(row));
    }
    const extras = [...firstOf.values()]
      .filter(({ row }) => !found.has(row))
      .map(({ row, database, key }) => ({ database, key: Buffer.from(key), targetKey: keyAt(page, row) }));
    return { extras, looked: firstOf.size, outOfScope: this.outOfScope(databases, page, firstOf) };
  }

  private outOfScope(databases: readonly number[], page: KeyRows, inScope: ReadonlyMap<number, unknown>): number {
    let count = 0;
    for (let row = 0; row < page.count; row++) {
      if (inScope.has(row) || this.choice.isOwn(page.bytes, page.start[row], page.end[row])) continue;
      const names = this.mapping.sourceKeys(page, row);
      const isLeftOut = names.length > 0 && databases.some((database) => names.some((key) => this.choice.isJustNotSampled(database, key)));
      if (!isLeftOut) count++;
    }
    return count;
  }

  /** Rows of the keys that the source does not have. */
  private async missing(database: number, keys: KeyRows): Promise<number[]> {
    const replies = await this.source.ask(database, keys, [EXISTS], SMALL_REPLY);
    const missing: number[] = [];
    for (let row = 0; row < keys.count; row++) {
      if (replies.kind(row, 0) !== ReplyKind.Integer || replies.number(row, 0, 0) === 0) missing.push(row);
    }
    replies.release();
    return missing;
  }
}
