/**
 * What a writer knows it has written: a number for each counter, length or size, kept from the replies of the source. It is held against the target, so a
 * change that is lost or done twice shows even where source and target were wrong together.
 */
import type { RealServer } from '../support/server.ts';

/** A read-only command that answers a number: `['LLEN', 'list:1']`. */
export type Probe = readonly [string, ...string[]];

export class Ledger {
  private readonly entries = new Map<string, { readonly database: number; readonly probe: Probe; expected: number }>();

  get size(): number {
    return this.entries.size;
  }

  /** The number that the probe answers has grown by so much. */
  add(database: number, probe: Probe, by: number): void {
    const name = `db ${database} ${probe.join(' ')}`;
    const entry = this.entries.get(name);
    if (entry) entry.expected += by;
    else this.entries.set(name, { database, probe, expected: by });
  }

  /** As differences(), of database 0, where somebody else asks for the numbers. @param ask replies in the order of the probes; an Error is one */
  async differencesAt(place: string, ask: (probes: readonly Probe[]) => Promise<unknown[]>): Promise<string[]> {
    const entries = [...this.entries];
    const replies = await ask(entries.map(([, { probe }]) => probe));
    return entries.flatMap(([name, { expected }], i) => {
      const seen = replies[i] instanceof Error ? Number.NaN : Number(replies[i] ?? 0);
      return seen === expected ? [] : [`${name}: the writer has counted ${expected}, ${place} says ${String(replies[i])}`];
    });
  }

  /** @returns a line for each number that is another one at this server. The writer must be at rest. */
  async differences(server: RealServer): Promise<string[]> {
    const client = server.client();
    try {
      const found: string[] = [];
      const entries = [...this.entries];
      for (const database of new Set(entries.map(([, entry]) => entry.database))) {
        const here = entries.filter(([, entry]) => entry.database === database);
        const pipeline = client.pipeline().select(database);
        for (const [, { probe }] of here) pipeline.call(...probe);
        const [, ...replies] = (await pipeline.exec()) ?? [];
        for (const [i, [name, { expected }]] of here.entries()) {
          const [error, reply] = replies[i];
          const seen = error ? Number.NaN : Number(reply ?? 0);
          if (seen !== expected) found.push(`${name}: the writer has counted ${expected}, port ${server.port} says ${error ? error.message : String(reply)}`);
        }
      }
      return found;
    } finally {
      client.disconnect();
    }
  }
}
