/**
 * The stream part of a DUMP payload, in the form that the version has:
 *
 *   stream    = count *( id-string listpack-string ) length id  [ first-id max-deleted-id entries-added ] count *group
 *   group     = name id [ entries-read ] count *pending count *consumer
 *   pending   = 16OCTET delivered-ms deliveries
 *   consumer  = name seen-ms { active-ms } count *16OCTET
 *
 * [ ] from type 19 on, { } from type 21 on. A stream without counters (it comes from a server before 7.0) is written as type 15, one without active
 * times (before 7.2) as type 19, whatever the version, so that the server fills in what it fills in when it loads the file of an older one. Entries that were given back (Redis 8.8) are in the list of the
 * group but belong to no consumer, which older servers do not have: they go to a consumer of their own, RETURNED_CONSUMER.
 *
 * Version 14 writes a stream with idempotent producers as type 27:
 *
 *   group        ... count *16OCTET                                          ; behind the consumers: ids that were given back
 *   idempotence  = duration max-entries count *( name count *( key id ) ) added duplicates        ; behind the groups
 */
import type { DumpVersion } from './dump-version.ts';
import type { PayloadOutput } from './payload-output.ts';
import { RdbType } from '../opcodes.ts';
import type { StreamConsumer, StreamFacts, StreamGroup, StreamIdempotence } from '../values/value-visitor.ts';

/** To whom entries belong that a consumer has given back, at servers that do not know that. */
export const RETURNED_CONSUMER = new TextEncoder().encode('godwit:returned');

const ID_BYTES = 16;

type Part = 'nodes' | 'groups' | 'pending' | 'consumers' | 'consumer-pending' | 'returned' | 'producers';

export class StreamWriter {
  /** RDB type; final after facts(). */
  type: number = RdbType.StreamListpacks;
  private readonly output: PayloadOutput;
  private readonly newest: number;
  private part: Part = 'nodes';
  private nodes = 0;
  private groups = 0;
  private pendings = 0;
  private consumers = 0;
  private consumerPendings = 0;
  private announcedConsumers = 0;
  private inReturned = false;
  private readonly knowsProducers: boolean;
  private returnedIds = 0;
  private producers = 0;
  private producerIds = 0;

  constructor(output: PayloadOutput, version: DumpVersion) {
    this.output = output;
    this.knowsProducers = version === 14;
    this.newest = version >= 11 ? RdbType.StreamListpacks3 : version === 10 ? RdbType.StreamListpacks2 : RdbType.StreamListpacks;
  }

  begin(): void {
    this.part = 'nodes';
    this.nodes = 0;
    this.output.open(-1);
  }

  node(id: Uint8Array, idStart: number, bytes: Uint8Array, start: number, end: number): void {
    this.nodes++;
    this.output.string(id, idStart, idStart + ID_BYTES);
    this.output.string(bytes, start, end);
  }

  facts(facts: StreamFacts): void {
    const { output } = this;
    output.close(this.nodes);
    const { firstId, maxDeletedId } = facts;
    const known = firstId === null ? RdbType.StreamListpacks : facts.activeTimes === false ? RdbType.StreamListpacks2 : RdbType.StreamListpacks3;
    this.type = this.knowsProducers && facts.idempotence !== null ? RdbType.StreamListpacks5 : Math.min(known, this.newest);
    output.length(facts.length);
    this.id(facts.lastId);
    if (firstId !== null && maxDeletedId !== null && this.type !== RdbType.StreamListpacks) {
      this.id(firstId);
      this.id(maxDeletedId);
      this.counter(facts.entriesAdded);
    }
    this.part = 'groups';
    this.groups = 0;
    output.open(facts.groups);
  }

  group(group: StreamGroup): void {
    const { output } = this;
    this.endGroup();
    this.groups++;
    output.string(group.name, 0, group.name.length);
    this.id(group.lastId);
    if (this.type !== RdbType.StreamListpacks) this.counter(group.entriesRead);
    this.part = 'pending';
    this.pendings = 0;
    this.announcedConsumers = group.consumers;
    output.open(group.pending);
  }

  pending(id: Uint8Array, idStart: number, deliveredMs: number, deliveries: number): void {
    this.pendings++;
    this.output.raw(id, idStart, idStart + ID_BYTES);
    this.output.int64(deliveredMs);
    this.output.length(deliveries);
  }

  /** How many consumers the group has, which stands behind its pending entries; may be left out. */
  consumersFollow(count: number): void {
    this.announcedConsumers = count;
    this.endConsumer();
  }

  consumer({ name, seenMs, activeMs, pending }: StreamConsumer): void {
    const { output } = this;
    this.endConsumer();
    this.consumers++;
    output.string(name, 0, name.length);
    output.int64(seenMs);
    if (this.type >= RdbType.StreamListpacks3) output.int64(activeMs);
    this.part = 'consumer-pending';
    this.consumerPendings = 0;
    output.open(pending);
  }

  consumerPending(id: Uint8Array, idStart: number): void {
    this.consumerPendings++;
    this.output.raw(id, idStart, idStart + ID_BYTES);
  }

  returned(id: Uint8Array, idStart: number): void {
    if (this.type === RdbType.StreamListpacks5) {
      this.beginReturned();
      this.returnedIds++;
      this.output.raw(id, idStart, idStart + ID_BYTES);
      return;
    }
    if (!this.inReturned) this.consumer({ name: RETURNED_CONSUMER, seenMs: 0, activeMs: -1, pending: -1 });
    this.inReturned = true;
    this.consumerPending(id, idStart);
  }

  idempotence({ durationS, maxEntries, producers }: StreamIdempotence): void {
    if (this.type !== RdbType.StreamListpacks5) return;
    this.endGroups();
    this.part = 'producers';
    this.output.length(durationS);
    this.output.length(maxEntries);
    this.producers = 0;
    this.output.open(producers);
  }

  producer(name: Uint8Array): void {
    if (this.part !== 'producers') return;
    if (this.producers++ > 0) this.output.close(this.producerIds);
    this.output.string(name, 0, name.length);
    this.producerIds = 0;
    this.output.open(-1);
  }

  producerId(key: Uint8Array, id: Uint8Array, idStart: number): void {
    if (this.part !== 'producers') return;
    this.producerIds++;
    this.output.string(key, 0, key.length);
    this.id(id.subarray(idStart, idStart + ID_BYTES));
  }

  idempotenceTotals(added: number, duplicates: number): void {
    if (this.part !== 'producers') return;
    if (this.producers > 0) this.output.close(this.producerIds);
    this.output.close(this.producers);
    this.output.length(added);
    this.output.length(duplicates);
  }

  end(): void {
    if (this.part !== 'producers') this.endGroups();
  }

  private endGroups(): void {
    this.endGroup();
    this.output.close(this.groups);
  }

  /** Behind the consumers of the group. */
  private beginReturned(): void {
    if (this.part === 'returned') return;
    this.endConsumer();
    this.output.close(this.consumers);
    this.part = 'returned';
    this.returnedIds = 0;
    this.output.open(-1);
  }

  /** Into the consumers of the group, behind the last one's pending entries. */
  private endConsumer(): void {
    if (this.part === 'consumer-pending') this.output.close(this.consumerPendings);
    if (this.part === 'pending') {
      this.output.close(this.pendings);
      this.consumers = 0;
      this.inReturned = false;
      this.output.open(this.announcedConsumers);
    }
    this.part = 'consumers';
  }

  private endGroup(): void {
    if (this.part === 'groups') return;
    if (this.type === RdbType.StreamListpacks5) {
      this.beginReturned();
      this.output.close(this.returnedIds);
    } else {
      this.endConsumer();
      this.output.close(this.consumers);
    }
    this.part = 'groups';
  }

  private id(id: Uint8Array): void {
    for (let at = 0; at < ID_BYTES; at += 8) this.output.length64(uint32be(id, at), uint32be(id, at + 4));
  }

  /** -1 = not known. */
  private counter(n: number): void {
    if (n < 0) this.output.length64(0xffff_ffff, 0xffff_ffff);
    else this.output.length(n);
  }
}

function uint32be(bytes: Uint8Array, at: number): number {
  return bytes[at] * 0x1000000 + ((bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]);
}
