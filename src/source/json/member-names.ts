/** The members that an object of JSON can have: one that is not known is refused, as it might be a misspelt one, and so is one that comes twice. */
import type { JsonReader } from './json-reader.ts';

export class MemberNames {
  private readonly known: readonly string[];
  private readonly seen = new Set<string>();

  constructor(known: readonly string[]) {
    this.known = known;
  }

  /** Before the first member of an object. */
  begin(): void {
    this.seen.clear();
  }

  /** Reads a name. It counts as seen when take() says so. @throws JsonFault, NEED_MORE */
  read(reader: JsonReader): string {
    const at = reader.at;
    const name = reader.name();
    if (!this.known.includes(name)) throw reader.fault(`${JSON.stringify(name)} is not known here; known are ${this.known.join(', ')}`, at);
    if (this.seen.has(name)) throw reader.fault(`${JSON.stringify(name)} comes twice`, at);
    return name;
  }

  take(name: string): void {
    this.seen.add(name);
  }

  has(name: string): boolean {
    return this.seen.has(name);
  }

  /** @throws JsonFault for one that is missing */
  mustHave(reader: JsonReader, ...names: readonly string[]): void {
    for (const name of names) if (!this.seen.has(name)) throw reader.fault(`${JSON.stringify(name)} is missing`);
  }
}
