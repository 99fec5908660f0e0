/**
 * Gives keys that the target holds over their expiry their own one back, right behind the switch: a lock of three seconds would else be one of an hour at the new
 * side. Not before it: a sync that goes on after all may still bring their renewal.
 *
 * Clients write there by then. A key that has another expiry than the one it was held with was renewed, and is left alone; that nobody renews it between the look and
 * the change is what WATCH is for.
 */
import type { SyncConfig } from '../../config/sync-config.ts';
import { slotOf } from '../../model/slot.ts';
import type { Connection } from '../../net/connection.ts';
import type { KeepaliveWheel } from '../../net/keepalive-wheel.ts';
import type { Logger } from '../../observe/log.ts';
import type { Hold } from '../../pipeline/recent-holds.ts';
import { type Reply, ReplyError } from '../../resp/reply.ts';
import { connectSource } from '../connect-sides.ts';
import type { JobSource, SourcePlace } from '../job-source.ts';
import { lookingConnect, lookingSides } from './looking-sides.ts';
import { reverseConfig } from './reverse-config.ts';

/** What target/held-expiry.ts holds expires within 5 s, and its deletion takes a moment. */
const HOLDS_OVER_MS = 6_000;
const AT_ONCE = 500;
/** Between the clock of the target and that of this machine, and of an answer. */
const TOLERANCE_MS = 5_000;

export class HoldRelease {
  private readonly config: SyncConfig;
  private readonly wheel: KeepaliveWheel;
  private readonly log: Logger;
  private source: JobSource | undefined;
  private places: readonly { readonly place: SourcePlace; readonly control: Connection; close(): Promise<void> }[] = [];

  /** @param config of the sync that is cut over */
  constructor(config: SyncConfig, wheel: KeepaliveWheel, log: Logger) {
    this.config = config;
    this.wheel = wheel;
    this.log = log;
  }

  /** Connects to the servers of the target, for which there is no time later. */
  async prepare(): Promise<void> {
    const connect = lookingConnect(lookingSides(reverseConfig(this.config), { name: 'cutover', wheel: this.wheel, log: this.log }));
    const connection = (place: SourcePlace): Connection => connect.sides.connection('target control', place.endpoint, place.id);
    await connectSource(
      connect,
      (source) => (this.source = source),
      (source) =>
        (this.places = source.places.map((place) => {
          const control = connection(place);
          return { place, control, close: () => control.close() };
        })),
    );
  }

  /** How long the sync has to run before all holds are its own: those of the run before it are over by then. 0 = no key of the target expires. */
  async settleMs(): Promise<number> {
    const infos = await Promise.all(this.places.map(({ control }) => control.call('INFO', 'keyspace')));
    return infos.some((info) => /expires=[1-9]/.test(String(info))) ? HOLDS_OVER_MS : 0;
  }

  /** @returns how many keys got their own expiry back */
  async release(holds: readonly Hold[]): Promise<number> {
    const counts = await Promise.all(
      this.places.map(({ place, control }) =>
        this.releaseAt(
          control,
          holds.filter(({ key }) => owns(place, key)),
        ),
      ),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async close(): Promise<void> {
    await Promise.all([...this.places.map((place) => place.close()), this.source?.close()]);
  }

  private async releaseAt(control: Connection, holds: readonly Hold[]): Promise<number> {
    let released = 0;
    for (const database of new Set(holds.map((hold) => hold.database))) {
      const own = holds.filter((hold) => hold.database === database);
      // WATCH over several slots is refused in a cluster.
      const size = control.server.mode === 'cluster' ? 1 : AT_ONCE;
      for (let at = 0; at < own.length; at += size) released += await releaseSome(control, database, own.slice(at, at + size));
    }
    return released;
  }
}

/** Some of them together, and where a client was faster with one of these, each by itself. */
async function releaseSome(control: Connection, database: number, holds: readonly Hold[]): Promise<number> {
  const [, , ...left] = must(
    await control.callAll([['SELECT', database], ['WATCH', ...holds.map(({ key }) => key)], ...holds.map(({ key }) => ['PTTL', key])]),
  );
  const nowMs = Date.now();
  const stillHeld = holds.filter(({ heldMs }, i) => Number(left[i]) > 0 && Math.abs(nowMs + Number(left[i]) - heldMs) < TOLERANCE_MS);
  const replies = must(await control.callAll([['MULTI'], ...stillHeld.map(({ key, expiryMs }) => ['PEXPIREAT', key, expiryMs]), ['EXEC']]));
  if (replies[replies.length - 1] !== null) return stillHeld.length;
  if (holds.length === 1) return 0;
  let released = 0;
  for (const hold of holds) released += await releaseSome(control, database, [hold]);
  return released;
}

function must(replies: readonly Reply[]): readonly Reply[] {
  const refusal = replies.find((reply) => reply instanceof ReplyError);
  if (refusal instanceof ReplyError) throw refusal;
  return replies;
}

function owns({ share }: SourcePlace, key: Buffer): boolean {
  return share.kind !== 'slots' || share.owns(slotOf(key));
}
