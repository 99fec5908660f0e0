/**
 * What of one value its new form does not keep, found out while the value is encoded: exactly, where the type byte says only what a value of its kind may
 * have (representable.ts). What the target works out by itself when it loads the older form is not lost.
 */
import type { StreamConsumer, StreamFacts, StreamGroup, StreamIdempotence } from '../values/value-visitor.ts';
import { LOSSES, type LossName } from './representable.ts';

const NAMES = Object.keys(LOSSES) as LossName[];
/** What a server begins with: nothing was set, so nothing is lost (Redis 8.6, stream-idmp-duration and stream-idmp-maxsize). */
const IDEMPOTENCE_DEFAULT = 100;

export interface KeptDetails {
  readonly fieldExpiry: boolean;
  readonly streamCounters: boolean;
  readonly activeTime: boolean;
  /** Of Redis 8.8: what producers have sent, and entries that were given back. */
  readonly idempotence?: boolean;
  /** Commands cannot say them. */
  readonly consumerTimes?: boolean;
}

export class LostDetails {
  private readonly kept: KeptDetails;
  private bits = 0;
  private known: StreamFacts | null = null;

  constructor(kept: KeptDetails) {
    this.kept = kept;
  }

  /** Before each value. */
  begin(): void {
    this.bits = 0;
    this.known = null;
  }

  get any(): boolean {
    return this.bits !== 0;
  }

  /** For people, in words of LOSSES. */
  get texts(): string[] {
    return NAMES.filter((_, i) => (this.bits & (1 << i)) !== 0).map((name) => LOSSES[name]);
  }

  add(name: LossName): void {
    this.bits |= 1 << NAMES.indexOf(name);
  }

  field(expiryMs: number): void {
    if (expiryMs >= 0 && !this.kept.fieldExpiry) this.add('fieldExpiry');
  }

  stream(facts: StreamFacts): void {
    this.known = facts;
    if (this.kept.streamCounters || facts.entriesAdded < 0) return;
    if (facts.entriesAdded !== facts.length || (facts.maxDeletedId !== null && !isZero(facts.maxDeletedId))) this.add('streamCounters');
  }

  group({ entriesRead, lastId }: StreamGroup): void {
    if (this.kept.streamCounters || entriesRead < 0 || this.known === null || this.known.entriesAdded < 0) return;
    if (entriesRead !== workedOutEntriesRead(this.known, lastId)) this.add('streamCounters');
  }

  consumer({ seenMs, activeMs }: StreamConsumer): void {
    if (this.kept.consumerTimes === false) this.add('consumerTimes');
    else if (!this.kept.activeTime && this.known?.activeTimes !== false && activeMs !== seenMs) this.add('activeTime');
  }

  returned(): void {
    if (this.kept.idempotence !== true) this.add('returned');
  }

  idempotence({ durationS, maxEntries, producers }: StreamIdempotence): void {
    if (this.kept.idempotence === true) return;
    if (producers > 0 || durationS !== IDEMPOTENCE_DEFAULT || maxEntries !== IDEMPOTENCE_DEFAULT) this.add('idempotence');
  }

  producer(): void {
    if (this.kept.idempotence !== true) this.add('idempotence');
  }
}

/** What servers make of a group that comes without the number (stream.c: streamEstimateDistanceFromFirstEverEntry), where nothing was deleted; -1 = they do not know. */
function workedOutEntriesRead({ length, lastId, firstId }: StreamFacts, id: Uint8Array): number {
  if (length === 0) return 0;
  const toLast = Buffer.compare(id, lastId);
  if (toLast >= 0) return toLast === 0 ? length : -1;
  const toFirst = firstId === null ? 1 : Buffer.compare(id, firstId);
  return toFirst < 0 ? 0 : toFirst === 0 ? 1 : -1;
}

function isZero(id: Uint8Array): boolean {
  return id.every((byte) => byte === 0);
}
