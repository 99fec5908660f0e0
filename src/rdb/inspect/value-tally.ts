/**
 * Adds up what a decoded value takes in memory, element by element, as the tables and trees of a server hold it. One tally is used again for value after
 * value; it holds sums only, so that a value of any size goes through.
 */
import { ValueKind } from '../../model/value-kind.ts';
import type { StreamConsumer, StreamFacts, StreamGroup, ValueVisitor } from '../values/value-visitor.ts';
import type { MemoryModel } from './memory-model.ts';
import { RaxShape } from './rax-shape.ts';

/** Elements of a list are in nodes of so many bytes (list-max-listpack-size -2). */
const LIST_NODE_BYTES = 8192;
const LIST_ELEMENT_HEAD = 2;
const ARRAY_ELEMENT = 16;
const nothing = (): void => {};

export class ValueTally implements ValueVisitor {
  kind: ValueKind = ValueKind.String;
  elements = 0;
  /** Of the value, without its key. Whole after end(). */
  bytes = 0;
  textBytes = 0;
  private readonly model: MemoryModel;
  private readonly nodes = new RaxShape();
  private readonly pending = new RaxShape();
  private readonly consumerPending = new RaxShape();
  private group: StreamGroup | null = null;
  private consumer: StreamConsumer | null = null;

  readonly arrayCursor = nothing;
  readonly streamReturned = nothing;
  readonly streamProducer = nothing;
  readonly streamProducerId = nothing;

  constructor(model: MemoryModel) {
    this.model = model;
  }

  begin(kind: ValueKind): void {
    this.kind = kind;
    this.elements = 0;
    this.bytes = 0;
    this.textBytes = 0;
    this.nodes.reset();
  }

  text(_bytes: Uint8Array, start: number, end: number): void {
    this.textBytes += end - start;
  }

  element(_bytes: Uint8Array, start: number, end: number): void {
    this.elements++;
    if (this.kind === ValueKind.Set) this.bytes += this.model.setElement(end - start);
    else this.textBytes += end - start + LIST_ELEMENT_HEAD;
  }

  member(_bytes: Uint8Array, start: number, end: number): void {
    this.elements++;
    this.bytes += this.model.sortedSetMember(end - start);
  }

  field(_bytes: Uint8Array, start: number, end: number, _value: Uint8Array, valueStart: number, valueEnd: number, expiryMs: number): void {
    this.elements++;
    this.bytes += this.model.hashField(end - start, valueEnd - valueStart, expiryMs >= 0);
  }

  arrayElement(_index: bigint, _bytes: Uint8Array, start: number, end: number): void {
    this.elements++;
    this.bytes += ARRAY_ELEMENT + this.model.text(end - start);
  }

  raw(_bytes: Uint8Array, start: number, end: number): void {
    this.bytes += end - start;
  }

  streamNode(id: Uint8Array, idStart: number, _bytes: Uint8Array, start: number, end: number): void {
    this.nodes.add(id, idStart);
    this.bytes += this.model.packed(end - start);
  }

  stream(facts: StreamFacts): void {
    this.elements = facts.length;
    this.bytes += this.model.stream(this.nodes);
  }

  streamGroup(group: StreamGroup): void {
    this.endGroup();
    this.group = group;
    this.pending.reset();
  }

  streamPending(id: Uint8Array, idStart: number): void {
    this.pending.add(id, idStart);
  }

  streamConsumer(consumer: StreamConsumer): void {
    this.endConsumer();
    this.consumer = consumer;
    this.consumerPending.reset();
  }

  streamConsumerPending(id: Uint8Array, idStart: number): void {
    this.consumerPending.add(id, idStart);
  }

  end(): void {
    const { kind, model } = this;
    if (kind === ValueKind.Set || kind === ValueKind.Hash) this.bytes += model.table(this.elements);
    else if (kind === ValueKind.Zset) this.bytes += model.sortedSet(this.elements);
    else if (kind === ValueKind.List) this.bytes += this.textBytes + model.list(Math.ceil(this.textBytes / LIST_NODE_BYTES));
    else if (kind === ValueKind.Stream) this.endGroup();
    else if (kind === ValueKind.Module) this.elements = 1;
  }

  private endGroup(): void {
    this.endConsumer();
    if (this.group !== null) this.bytes += this.model.streamGroup(this.pending);
    this.group = null;
  }

  private endConsumer(): void {
    if (this.consumer !== null) this.bytes += this.model.streamConsumer(this.consumer.name.length, this.consumerPending);
    this.consumer = null;
  }
}
