/**
 * Whether keys of a database expire at all, on either side. Where none does, nobody asks each key for its time. It is looked at again and again: a time that is set
 * within the last moments is found when the key is looked at next, as any other change that comes behind a look.
 */
import type { AskedSide, DatabaseFacts } from './asked-side.ts';

const LOOK_EVERY_MS = 500;

export class ExpiryWatch {
  private readonly source: AskedSide;
  private readonly target: AskedSide;
  private looking: Promise<readonly (readonly DatabaseFacts[])[]> | undefined;
  private lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(source: AskedSide, target: AskedSide) {
    this.source = source;
    this.target = target;
  }

  /** @throws GodwitError of the sides */
  async mayExpire(database: number, targetDatabase: number): Promise<boolean> {
    const nowMs = performance.now();
    if (this.looking === undefined || nowMs - this.lookedAtMs > LOOK_EVERY_MS) {
      this.lookedAtMs = nowMs;
      this.looking = Promise.all([this.source.databases(), this.target.databases()]);
    }
    const [own, other] = await this.looking;
    return expiresOf(own, database) !== 0 || expiresOf(other, targetDatabase) !== 0;
  }
}

/** A database that has no keys is not told. */
function expiresOf(facts: readonly DatabaseFacts[], database: number): number {
  return facts.find((one) => one.database === database)?.expires ?? 0;
}
