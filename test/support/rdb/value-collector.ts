/** Makes a plain object of a decoded value, in the words of the fixtures: bytes in base64, stream ids as text. Checks the order of the calls on the way. */
import { VALUE_KIND_NAMES, ValueKind } from '../../../src/model/value-kind.ts';
import { STREAM_ID_BYTES, StreamNode } from '../../../src/rdb/encodings/stream-node.ts';
import type { StreamConsumer, StreamFacts, StreamGroup, StreamIdempotence, ValueVisitor } from '../../../src/rdb/values/value-visitor.ts';

export interface CollectedConsumer {
  readonly name: string;
  readonly seenMs: number;
  readonly activeMs: number;
  readonly pending: string[];
}

export interface CollectedGroup {
  readonly name: string;
  readonly lastId: string;
  readonly entriesRead: number;
  readonly pending: [id: string, deliveredMs: number, deliveries: number][];
  readonly consumers: CollectedConsumer[];
  readonly returned: string[];
}

export interface CollectedStream {
  readonly length: number;
  readonly lastId: string;
  readonly firstId: string | null;
  readonly maxDeletedId: string | null;
  readonly entriesAdded: number;
  readonly deleted: string[];
  readonly groups: CollectedGroup[];
  idempotence?: StreamIdempotence & { added: number; duplicates: number };
  producers?: { name: string; ids: [key: string, id: string][] }[];
}

export interface CollectedValue {
  type: string;
  /** As begin() said; -1 if it did not. */
  count: number;
  /** Base64 (string, module); elements; [member, score] ; [field, value]; [index, element]; [id, [name, value, ...]]. */
  value: unknown;
  /** Hash: fields with an expiry. */
  expiries?: Record<string, number>;
  cursor?: string | null;
  stream?: CollectedStream;
}

export function base64(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('base64');
}

function streamIdText(bytes: Uint8Array, at = 0): string {
  const id = Buffer.from(bytes.slice(at, at + STREAM_ID_BYTES));
  return `${id.readBigUInt64BE(0)}-${id.readBigUInt64BE(8)}`;
}

export class ValueCollector implements ValueVisitor {
  result: CollectedValue | null = null;
  /** Calls of text() and raw(). */
  parts = 0;
  private kind: ValueKind = ValueKind.String;
  private bytes: Buffer[] = [];
  private items: unknown[] = [];
  private announced = -1;
  private readonly node = new StreamNode();
  private deleted: string[] = [];
  private stream_: CollectedStream | null = null;
  private expectedConsumers = -1;
  private cursor: string | null | undefined;
  private expiries: Record<string, number> = {};

  begin(kind: ValueKind, count: number): void {
    this.result = null;
    this.kind = kind;
    this.announced = count;
    this.bytes = [];
    this.items = [];
    this.deleted = [];
    this.stream_ = null;
    this.cursor = undefined;
    this.expiries = {};
    this.parts = 0;
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    this.mustBe(ValueKind.String);
    this.parts++;
    this.bytes.push(Buffer.from(bytes.slice(start, end)));
  }

  element(bytes: Uint8Array, start: number, end: number): void {
    if (this.kind !== ValueKind.List) this.mustBe(ValueKind.Set);
    this.items.push(base64(bytes, start, end));
  }

  member(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.mustBe(ValueKind.Zset);
    this.items.push([base64(bytes, start, end), Object.is(score, -0) ? '-0' : String(score)]);
  }

  field(bytes: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number, expiryMs: number): void {
    this.mustBe(ValueKind.Hash);
    const field = base64(bytes, start, end);
    this.items.push([field, base64(value, valueStart, valueEnd)]);
    if (expiryMs >= 0) this.expiries[field] = expiryMs;
  }

  arrayCursor(index: bigint | null): void {
    this.mustBe(ValueKind.Array);
    if (this.items.length > 0) throw new Error('the cursor comes behind an element');
    this.cursor = index === null ? null : String(index);
  }

  arrayElement(index: bigint, bytes: Uint8Array, start: number, end: number): void {
    this.mustBe(ValueKind.Array);
    if (this.cursor === undefined) throw new Error('the cursor was not told');
    this.items.push([String(index), base64(bytes, start, end)]);
  }

  raw(bytes: Uint8Array, start: number, end: number): void {
    this.mustBe(ValueKind.Module);
    this.parts++;
    this.bytes.push(Buffer.from(bytes.slice(start, end)));
  }

  streamNode(id: Uint8Array, idStart: number, bytes: Uint8Array, start: number, end: number): void {
    this.mustBe(ValueKind.Stream);
    const { node } = this;
    node.open(id, idStart, bytes, start, end);
    while (node.next()) {
      const entryId = streamIdText(node.id);
      const fields: string[] = [];
      while (node.nextField()) fields.push(base64(node.name, node.nameStart, node.nameEnd), base64(node.value, node.valueStart, node.valueEnd));
      if (node.isDeleted) this.deleted.push(entryId);
      else this.items.push([entryId, fields]);
    }
  }

  stream(facts: StreamFacts): void {
    this.mustBe(ValueKind.Stream);
    const { length, entriesAdded, firstId, lastId, maxDeletedId } = facts;
    const id = (bytes: Uint8Array | null): string | null => bytes && streamIdText(bytes);
    this.stream_ = {
      length,
      lastId: streamIdText(lastId),
      firstId: id(firstId),
      maxDeletedId: id(maxDeletedId),
      entriesAdded,
      deleted: this.deleted,
      groups: [],
    };
    this.expectedConsumers = 0;
  }

  streamGroup({ name, lastId, entriesRead }: StreamGroup): void {
    this.consumersAreComplete();
    this.expectedConsumers = -1;
    this.opened().groups.push({ name: base64(name), lastId: streamIdText(lastId), entriesRead, pending: [], consumers: [], returned: [] });
  }

  streamPending(id: Uint8Array, idStart: number, deliveredMs: number, deliveries: number): void {
    this.group().pending.push([streamIdText(id, idStart), deliveredMs, deliveries]);
  }

  streamConsumers(count: number): void {
    this.expectedConsumers = count;
  }

  streamConsumer({ name, seenMs, activeMs }: StreamConsumer): void {
    if (this.expectedConsumers < 0) throw new Error('the number of consumers was not told');
    this.group().consumers.push({ name: base64(name), seenMs, activeMs, pending: [] });
  }

  streamConsumerPending(id: Uint8Array, idStart: number): void {
    this.group().consumers.at(-1)?.pending.push(streamIdText(id, idStart));
  }

  streamReturned(id: Uint8Array, idStart: number): void {
    this.group().returned.push(streamIdText(id, idStart));
  }

  streamIdempotence(facts: StreamIdempotence): void {
    this.opened().idempotence = { ...facts, added: -1, duplicates: -1 };
    this.opened().producers = [];
  }

  streamProducer(name: Uint8Array): void {
    this.opened().producers?.push({ name: base64(name), ids: [] });
  }

  streamProducerId(key: Uint8Array, id: Uint8Array, idStart: number): void {
    this.opened()
      .producers?.at(-1)
      ?.ids.push([base64(key), streamIdText(id, idStart)]);
  }

  streamIdempotenceTotals(added: number, duplicates: number): void {
    Object.assign(this.opened().idempotence ?? {}, { added, duplicates });
  }

  end(): void {
    const isBytes = this.kind === ValueKind.String || this.kind === ValueKind.Module;
    const whole = Buffer.concat(this.bytes);
    const length = isBytes ? whole.length : this.items.length;
    if (this.announced >= 0 && this.announced !== length) throw new Error(`${this.announced} were announced, and ${length} came`);
    this.result = { type: VALUE_KIND_NAMES[this.kind], count: this.announced, value: isBytes ? whole.toString('base64') : this.items };
    if (Object.keys(this.expiries).length > 0) this.result.expiries = this.expiries;
    if (this.kind === ValueKind.Array) this.result.cursor = this.cursor ?? null;
    if (this.kind === ValueKind.Stream) {
      this.consumersAreComplete();
      this.result.stream = this.opened();
    }
  }

  private consumersAreComplete(): void {
    const group = this.opened().groups.at(-1);
    if (group && group.consumers.length !== this.expectedConsumers) throw new Error('another number of consumers came than was told');
  }

  private opened(): CollectedStream {
    if (!this.stream_) throw new Error('the facts of the stream were not told');
    return this.stream_;
  }

  private group(): CollectedGroup {
    const group = this.opened().groups.at(-1);
    if (!group) throw new Error('there is no group');
    return group;
  }

  private mustBe(kind: ValueKind): void {
    if (this.kind !== kind) throw new Error(`a ${VALUE_KIND_NAMES[this.kind]} was given what belongs to a ${VALUE_KIND_NAMES[kind]}`);
  }
}
