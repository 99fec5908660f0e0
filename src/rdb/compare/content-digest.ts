/**
 * A digest of what a value holds, whatever its encoding and the server that wrote it: the same content gives the same digest. Sets, hashes and sorted sets are
 * sums of the hashes of their elements, so that the order in which a server keeps them does not matter; lists and entries of streams count in their order.
 *
 *   digest.begin ... end   (a ValueDecoder calls it)   then   digest.key
 *
 * Left out: when consumers of a stream were seen and active, ids of entries that were deleted, and what one of the sides cannot hold (ComparedFeatures). A
 * score of -0 counts as 0, since servers themselves do not keep it.
 *
 * 64 bits: that a value with another content has the same digest happens once in 2^64 pairs.
 */
import { ValueKind } from '../../model/value-kind.ts';
import { STREAM_ID_BYTES, StreamNode } from '../encodings/stream-node.ts';
import type { StreamConsumer, StreamFacts, StreamGroup, StreamIdempotence, ValueVisitor } from '../values/value-visitor.ts';
import { ByteHash } from './byte-hash.ts';
import type { ComparedFeatures } from './compared-features.ts';

const Salt = { Element: 1, Member: 2, Field: 3, Group: 4, Pending: 5, Consumer: 6, ConsumerPending: 7, Returned: 8, Producer: 9, Whole: 10 } as const;

export class ContentDigest implements ValueVisitor {
  kind: ValueKind = ValueKind.String;
  /** A field of the hash expires. */
  hasFieldExpiry = false;
  private readonly features: ComparedFeatures;
  /** What counts in its order: a string, elements of a list, entries of a stream. */
  private readonly row: ByteHash;
  private readonly item: ByteHash;
  private readonly node = new StreamNode();
  private high = 0;
  private low = 0;
  private items = 0;
  private groupName: Uint8Array = new Uint8Array(0);
  private consumerName: Uint8Array = new Uint8Array(0);
  private producerName: Uint8Array = new Uint8Array(0);

  constructor(features: ComparedFeatures, seed: number) {
    this.features = features;
    this.row = new ByteHash(seed);
    this.item = new ByteHash(seed ^ 0x5bd1e995);
  }

  /** The digest as 16 hex digits, behind end(). */
  get key(): string {
    return (this.high >>> 0).toString(16).padStart(8, '0') + (this.low >>> 0).toString(16).padStart(8, '0');
  }

  /** The same digest? Both behind end(). */
  equals(other: ContentDigest): boolean {
    return this.high === other.high && this.low === other.low;
  }

  begin(kind: ValueKind): void {
    this.kind = kind;
    this.hasFieldExpiry = false;
    this.high = 0;
    this.low = 0;
    this.items = 0;
    this.row.begin(kind);
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    this.row.bytes(bytes, start, end);
  }

  raw(bytes: Uint8Array, start: number, end: number): void {
    this.row.bytes(bytes, start, end);
  }

  element(bytes: Uint8Array, start: number, end: number): void {
    if (this.kind === ValueKind.List) {
      this.row.bytes(bytes, start, end);
      this.row.part();
      this.items++;
      return;
    }
    this.item.begin(Salt.Element);
    this.item.bytes(bytes, start, end);
    this.item.part();
    this.add();
  }

  member(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.item.begin(Salt.Member);
    this.item.bytes(bytes, start, end);
    this.item.part();
    this.item.number(score + 0);
    this.add();
  }

  field(bytes: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number, expiryMs: number): void {
    const { item } = this;
    if (expiryMs >= 0) this.hasFieldExpiry = true;
    item.begin(Salt.Field);
    item.bytes(bytes, start, end);
    item.part();
    item.bytes(value, valueStart, valueEnd);
    item.part();
    item.number(this.features.fieldExpiry ? expiryMs : -1);
    this.add();
  }

  arrayElement(index: bigint, bytes: Uint8Array, start: number, end: number): void {
    this.row.number(Number(index >> 32n));
    this.row.number(Number(index & 0xffff_ffffn));
    this.row.bytes(bytes, start, end);
    this.row.part();
    this.items++;
  }

  arrayCursor(index: bigint | null): void {
    this.row.number(index === null ? -1 : Number(index));
  }

  streamNode(id: Uint8Array, idStart: number, bytes: Uint8Array, start: number, end: number): void {
    const { node, row } = this;
    node.open(id, idStart, bytes, start, end);
    while (node.next()) {
      if (node.isDeleted) continue;
      row.bytes(node.id, 0, STREAM_ID_BYTES);
      row.part();
      row.number(node.fields);
      while (node.nextField()) {
        row.bytes(node.name, node.nameStart, node.nameEnd);
        row.part();
        row.bytes(node.value, node.valueStart, node.valueEnd);
        row.part();
      }
      this.items++;
    }
  }

  stream({ lastId, maxDeletedId, entriesAdded }: StreamFacts): void {
    const { row } = this;
    row.bytes(lastId, 0, lastId.length);
    row.part();
    if (!this.features.streamCounters) return;
    if (maxDeletedId !== null) row.bytes(maxDeletedId, 0, maxDeletedId.length);
    row.part();
    row.number(entriesAdded);
  }

  streamGroup({ name, lastId, entriesRead }: StreamGroup): void {
    this.groupName = name;
    const { item } = this;
    this.beginInGroup(Salt.Group);
    item.bytes(lastId, 0, lastId.length);
    item.part();
    item.number(this.features.streamCounters ? entriesRead : -1);
    this.add();
  }

  streamPending(id: Uint8Array, idStart: number, deliveredMs: number, deliveries: number): void {
    this.beginInGroup(Salt.Pending);
    this.item.bytes(id, idStart, idStart + STREAM_ID_BYTES);
    this.item.part();
    this.item.number(deliveredMs);
    this.item.number(deliveries);
    this.add();
  }

  streamConsumer({ name }: StreamConsumer): void {
    this.consumerName = name;
    this.beginInGroup(Salt.Consumer);
    this.item.bytes(name, 0, name.length);
    this.item.part();
    this.add();
  }

  streamConsumerPending(id: Uint8Array, idStart: number): void {
    const { consumerName, item } = this;
    this.beginInGroup(Salt.ConsumerPending);
    item.bytes(consumerName, 0, consumerName.length);
    item.part();
    item.bytes(id, idStart, idStart + STREAM_ID_BYTES);
    item.part();
    this.add();
  }

  streamReturned(id: Uint8Array, idStart: number): void {
    if (!this.features.returned) return;
    this.beginInGroup(Salt.Returned);
    this.item.bytes(id, idStart, idStart + STREAM_ID_BYTES);
    this.item.part();
    this.add();
  }

  streamIdempotence({ durationS, maxEntries }: StreamIdempotence): void {
    if (!this.features.idempotence) return;
    this.row.number(durationS);
    this.row.number(maxEntries);
  }

  streamProducer(name: Uint8Array): void {
    this.producerName = name;
  }

  streamProducerId(key: Uint8Array, id: Uint8Array, idStart: number): void {
    if (!this.features.idempotence) return;
    const { item, producerName } = this;
    item.begin(Salt.Producer);
    item.bytes(producerName, 0, producerName.length);
    item.part();
    item.bytes(key, 0, key.length);
    item.part();
    item.bytes(id, idStart, idStart + STREAM_ID_BYTES);
    item.part();
    this.add();
  }

  end(): void {
    const { row, item } = this;
    row.part();
    row.end();
    item.begin(Salt.Whole);
    for (const word of [row.high, row.low, this.high, this.low, this.items]) item.number(word);
    item.end();
    this.high = item.high;
    this.low = item.low;
  }

  private beginInGroup(salt: number): void {
    this.item.begin(salt);
    this.item.bytes(this.groupName, 0, this.groupName.length);
    this.item.part();
  }

  private add(): void {
    this.item.end();
    this.high = (this.high + this.item.high) | 0;
    this.low = (this.low + this.item.low) | 0;
    this.items++;
  }
}
