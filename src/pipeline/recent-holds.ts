/**
 * Keys that the target holds over their expiry until the source's own deletion comes (target/held-expiry.ts): who ends a sync for good gives them their own expiry
 * back, for nobody will delete them then.
 *
 * Bounded: those whose expiry was over a minute ago are taken for deleted, and of more than COUNT_MAX the oldest are forgotten; the target lets go of them
 * within an hour.
 */
const COUNT_MAX = 100_000;
const DELETED_AFTER_MS = 60_000;

export interface Hold {
  readonly database: number;
  readonly key: Buffer;
  /** Its own expiry, and the one that the target was given. Unix ms. */
  readonly expiryMs: number;
  readonly heldMs: number;
}

export class RecentHolds {
  /** Database and key in latin1; the oldest first. */
  private readonly holds = new Map<string, Hold>();

  /** @param key is copied */
  add(database: number, key: Uint8Array, expiryMs: number, heldMs: number): void {
    const copy = Buffer.from(key);
    const name = `${database} ${copy.toString('latin1')}`;
    this.holds.delete(name);
    this.holds.set(name, { database, key: copy, expiryMs, heldMs });
    const [oldest] = this.holds;
    const nowMs = Date.now();
    if (oldest !== undefined && (this.holds.size > COUNT_MAX || oldest[1].expiryMs < nowMs - DELETED_AFTER_MS)) this.holds.delete(oldest[0]);
  }

  all(): Hold[] {
    return [...this.holds.values()];
  }
}
