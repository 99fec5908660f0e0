/** Reads all that it is given, and keeps only a number of it: ranges have to be within their bytes. */
import type { ValueKind } from '../../../src/model/value-kind.ts';
import { StreamNode } from '../../../src/rdb/encodings/stream-node.ts';
import type { StreamConsumer, StreamFacts, StreamGroup, StreamIdempotence, ValueVisitor } from '../../../src/rdb/values/value-visitor.ts';

const NUMBER = new Float64Array(1);
const NUMBER_BYTES = new Uint8Array(NUMBER.buffer);

export class DigestVisitor implements ValueVisitor {
  digest = 0;
  ended = false;
  private readonly node = new StreamNode();

  begin(kind: ValueKind, count: number): void {
    this.digest = 0;
    this.ended = false;
    this.number(kind);
    this.number(count);
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) this.digest = (Math.imul(this.digest, 31) + bytes[i]) | 0;
    if (!(start >= 0 && end >= start && end <= bytes.length)) throw new Error(`a range of ${start} to ${end} was given, in ${bytes.length} bytes`);
  }

  element(bytes: Uint8Array, start: number, end: number): void {
    this.number(end - start);
    this.text(bytes, start, end);
  }

  member(bytes: Uint8Array, start: number, end: number, score: number): void {
    if (Number.isNaN(score)) throw new Error('a score is NaN');
    this.element(bytes, start, end);
    this.number(score);
  }

  field(bytes: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number, expiryMs: number): void {
    if (!Number.isSafeInteger(expiryMs) || expiryMs < -1) throw new Error(`a field expires at ${expiryMs}`);
    this.element(bytes, start, end);
    this.element(value, valueStart, valueEnd);
    this.number(expiryMs);
  }

  arrayElement(index: bigint, bytes: Uint8Array, start: number, end: number): void {
    this.number(Number(index));
    this.element(bytes, start, end);
  }

  arrayCursor(index: bigint | null): void {
    this.number(Number(index ?? -1));
  }

  raw(bytes: Uint8Array, start: number, end: number): void {
    this.text(bytes, start, end);
  }

  streamNode(id: Uint8Array, idStart: number, bytes: Uint8Array, start: number, end: number): void {
    const { node } = this;
    this.id(id, idStart);
    node.open(id, idStart, bytes, start, end);
    while (node.next()) {
      this.id(node.id, 0);
      while (node.nextField()) {
        this.element(node.name, node.nameStart, node.nameEnd);
        this.element(node.value, node.valueStart, node.valueEnd);
      }
    }
  }

  stream({ length, lastId, firstId, maxDeletedId, entriesAdded }: StreamFacts): void {
    for (const id of [lastId, firstId, maxDeletedId]) if (id) this.id(id, 0);
    this.number(length);
    this.number(entriesAdded);
  }

  streamGroup({ name, lastId, entriesRead, pending }: StreamGroup): void {
    this.element(name, 0, name.length);
    this.id(lastId, 0);
    this.number(entriesRead);
    this.number(pending);
  }

  streamPending(id: Uint8Array, idStart: number, deliveredMs: number, deliveries: number): void {
    this.id(id, idStart);
    this.number(deliveredMs);
    this.number(deliveries);
  }

  streamConsumers(count: number): void {
    this.number(count);
  }

  streamConsumer({ name, seenMs, activeMs, pending }: StreamConsumer): void {
    this.element(name, 0, name.length);
    for (const value of [seenMs, activeMs, pending]) this.number(value);
  }

  streamConsumerPending(id: Uint8Array, idStart: number): void {
    this.id(id, idStart);
  }

  streamReturned(id: Uint8Array, idStart: number): void {
    this.id(id, idStart);
  }

  streamIdempotence({ durationS, maxEntries, producers }: StreamIdempotence): void {
    for (const value of [durationS, maxEntries, producers]) this.number(value);
  }

  streamProducer(name: Uint8Array): void {
    this.element(name, 0, name.length);
  }

  streamProducerId(key: Uint8Array, id: Uint8Array, idStart: number): void {
    this.element(key, 0, key.length);
    this.id(id, idStart);
  }

  streamIdempotenceTotals(added: number, duplicates: number): void {
    this.number(added);
    this.number(duplicates);
  }

  end(): void {
    this.ended = true;
  }

  private id(bytes: Uint8Array, at: number): void {
    this.text(bytes, at, at + 16);
  }

  private number(value: number): void {
    NUMBER[0] = value;
    this.text(NUMBER_BYTES, 0, 8);
  }
}
