/**
 * What a value holds, as names with contents that can be put side by side: `field "f"` is `"1"`, `index 3` is `"x"`, `entry 1-1` is `n "1"`, `group "g" last id`
 * is `5-0`. Built of the few values that differ, to say where; a value that is larger than the bound is not held (isTooLarge).
 *
 * Times (of expiring fields, of deliveries) are apart, for they may differ by a tolerance; counters that a server does not know are apart, for they fit any other.
 */
import { ValueKind } from '../../model/value-kind.ts';
import { STREAM_ID_BYTES, StreamNode } from '../encodings/stream-node.ts';
import { printableBytes } from '../inspect/printable-key.ts';
import type { StreamConsumer, StreamFacts, StreamGroup, StreamIdempotence, ValueVisitor } from '../values/value-visitor.ts';
import type { ComparedFeatures } from './compared-features.ts';

const ITEM_BYTES = 64;

export class ValueModel implements ValueVisitor {
  kind: ValueKind = ValueKind.String;
  /** Of a string, or of a module's raw value: latin1. */
  whole = '';
  /** By name: latin1 of the bytes, or a text of ours for what is a detail of a stream. */
  readonly items = new Map<string, string>();
  /** By name: Unix ms. */
  readonly times = new Map<string, number>();
  /** By name: counters, -1 = the server does not know. */
  readonly counters = new Map<string, number>();
  isTooLarge = false;
  private readonly features: ComparedFeatures;
  private bytesLeft: number;
  private parts: string[] = [];
  private index = 0;
  private group = '';
  private consumer = '';
  private producer = '';
  private readonly node = new StreamNode();

  /** @param bytesMax of names and contents that are held */
  constructor(features: ComparedFeatures, bytesMax: number) {
    this.features = features;
    this.bytesLeft = bytesMax;
  }

  begin(kind: ValueKind): void {
    this.kind = kind;
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    if (this.takes(end - start)) this.parts.push(latin1(bytes, start, end));
  }

  raw(bytes: Uint8Array, start: number, end: number): void {
    this.text(bytes, start, end);
  }

  element(bytes: Uint8Array, start: number, end: number): void {
    if (this.kind === ValueKind.List) this.put(`index ${this.index++}`, latin1(bytes, start, end));
    else this.put(`member ${shownBytes(bytes, start, end)}`, 'in it');
  }

  member(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.put(`member ${shownBytes(bytes, start, end)}`, `score ${scoreShown(score)}`);
  }

  field(bytes: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number, expiryMs: number): void {
    const name = `field ${shownBytes(bytes, start, end)}`;
    this.put(name, latin1(value, valueStart, valueEnd));
    if (this.features.fieldExpiry) this.times.set(name, expiryMs);
  }

  arrayElement(index: bigint, bytes: Uint8Array, start: number, end: number): void {
    this.put(`index ${index}`, latin1(bytes, start, end));
  }

  arrayCursor(index: bigint | null): void {
    this.put('insert cursor', String(index));
  }

  streamNode(id: Uint8Array, idStart: number, bytes: Uint8Array, start: number, end: number): void {
    const { node } = this;
    node.open(id, idStart, bytes, start, end);
    while (node.next()) {
      if (node.isDeleted) continue;
      const fields: string[] = [];
      const name = `entry ${streamIdText(node.id, 0)}`;
      while (node.nextField()) {
        fields.push(shownBytes(node.name, node.nameStart, node.nameEnd), shownBytes(node.value, node.valueStart, node.valueEnd));
      }
      this.put(name, fields.join(' '));
    }
  }

  stream({ lastId, maxDeletedId, entriesAdded }: StreamFacts): void {
    this.put('last id', streamIdText(lastId, 0));
    if (!this.features.streamCounters) return;
    if (maxDeletedId !== null) this.put('max deleted id', streamIdText(maxDeletedId, 0));
    this.counters.set('entries added', entriesAdded);
  }

  streamGroup({ name, lastId, entriesRead }: StreamGroup): void {
    this.group = `group ${shownBytes(name, 0, name.length)}`;
    this.put(`${this.group} last delivered id`, streamIdText(lastId, 0));
    if (this.features.streamCounters) this.counters.set(`${this.group} entries read`, entriesRead);
  }

  streamPending(id: Uint8Array, idStart: number, deliveredMs: number, deliveries: number): void {
    const name = `${this.group} pending ${streamIdText(id, idStart)}`;
    this.put(name, `delivered ${deliveries} times`);
    this.times.set(name, deliveredMs);
  }

  streamConsumer({ name }: StreamConsumer): void {
    this.consumer = shownBytes(name, 0, name.length);
    this.put(`${this.group} consumer ${this.consumer}`, 'in it');
  }

  streamConsumerPending(id: Uint8Array, idStart: number): void {
    this.put(`${this.group} consumer of pending ${streamIdText(id, idStart)}`, this.consumer);
  }

  streamReturned(id: Uint8Array, idStart: number): void {
    if (this.features.returned) this.put(`${this.group} returned ${streamIdText(id, idStart)}`, 'in it');
  }

  streamIdempotence({ durationS, maxEntries }: StreamIdempotence): void {
    if (this.features.idempotence) this.put('idempotence', `${durationS} s, ${maxEntries} entries`);
  }

  streamProducer(name: Uint8Array): void {
    this.producer = shownBytes(name, 0, name.length);
  }

  streamProducerId(key: Uint8Array, id: Uint8Array, idStart: number): void {
    if (this.features.idempotence) this.put(`producer ${this.producer} ${shownBytes(key, 0, key.length)}`, streamIdText(id, idStart));
  }

  end(): void {
    this.whole = this.parts.join('');
    this.parts = [];
  }

  private put(name: string, content: string): void {
    if (this.takes(name.length + content.length + ITEM_BYTES)) this.items.set(name, content);
  }

  private takes(bytes: number): boolean {
    this.bytesLeft -= bytes;
    if (this.bytesLeft < 0) this.isTooLarge = true;
    return !this.isTooLarge;
  }
}

/** As servers write it; -0 counts as 0. */
function scoreShown(score: number): string {
  if (score === Number.POSITIVE_INFINITY) return 'inf';
  return score === Number.NEGATIVE_INFINITY ? '-inf' : String(score + 0);
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

function shownBytes(bytes: Uint8Array, start: number, end: number): string {
  return `"${printableBytes(bytes.subarray(start, end))}"`;
}

function streamIdText(id: Uint8Array, start: number): string {
  const view = new DataView(id.buffer, id.byteOffset + start, STREAM_ID_BYTES);
  return `${view.getBigUint64(0)}-${view.getBigUint64(8)}`;
}
