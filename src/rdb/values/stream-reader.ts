/**
 * Streams in all their forms (types 15, 19, 21, 26, 27), step by step:
 *
 *   stream      = count ( node-id listpack )* length last-id [ first-id max-deleted-id added ] count group* [ idempotence ]
 *   group       = name last-id [ read ] count ( id ms:int64le deliveries )* count consumer* [ count id* ]
 *   consumer    = name seen:int64le [ active:int64le ] count id*
 *   idempotence = duration max-entries count ( name count ( key ms seq )* )* added duplicates
 *
 * node-id is a string of 16 bytes and id 16 bytes, both ms and seq, big endian; last-id and its like are two lengths. A step is taken whole or
 * not at all. Lists within lists are counted down in `left`.
 *
 * Facts: redis rdb.c (rdbLoadObject, rdbLoadStreamIdmpEntries). When a server adds a part, also give it to the program in value-program.ts.
 */
import { int64le } from '../../bytes/little-endian.ts';
import { ValueKind } from '../../model/value-kind.ts';
import { STREAM_ID_BYTES, StreamNode } from '../encodings/stream-node.ts';
import { corruptAt, lengthAt, NEED_MORE, writeLength64 } from '../rdb-length.ts';
import { BlobSlot } from './blob-slot.ts';
import type { ItemWindow } from './item-window.ts';
import { TextSlot } from './text-slot.ts';
import type { ValueReader } from './value-reader.ts';
import type { StreamIdempotence, ValueVisitor } from './value-visitor.ts';

export interface StreamForm {
  /** First id, max deleted id, entries added; entries read of each group. */
  readonly counters?: boolean;
  /** Active time of each consumer. */
  readonly activeTime?: boolean;
  /** Idempotent producers. */
  readonly producers?: boolean;
  /** Ids that were given back, of each group. */
  readonly nacks?: boolean;
}

type Step = (this: StreamReader, at: number) => number;

const MS_BYTES = 8;
/** -1 as a length of 64 bits. */
const UNKNOWN_MIN = 2 ** 63;
const NOT_YET_KNOWN: StreamIdempotence = { durationS: -1, maxEntries: -1, producers: -1 };

export class StreamReader implements ValueReader {
  done = true;
  private readonly window: ItemWindow;
  private readonly node = new StreamNode();
  private readonly blob: BlobSlot;
  private readonly text = new TextSlot();
  private readonly id = new Uint8Array(STREAM_ID_BYTES);
  private values!: ValueVisitor;
  private form: StreamForm = {};
  private step: Step = this.nodeCount;
  /** Nodes; groups; consumers of the group, or producers; and what is listed of each of them. */
  private nodes = 0;
  private groups = 0;
  private owners = 0;
  private items = 0;

  constructor(window: ItemWindow) {
    this.window = window;
    this.blob = new BlobSlot(window);
  }

  begin(values: ValueVisitor, form: StreamForm): this {
    this.values = values;
    this.form = form;
    this.step = this.nodeCount;
    this.done = false;
    return this;
  }

  release(): void {
    this.blob.release();
    this.text.release();
  }

  read(at: number): number {
    let from = at;
    while (!this.done) {
      const next = this.step(from);
      if (next < 0) break;
      from = next;
    }
    return from;
  }

  private nodeCount(at: number): number {
    const next = this.window.lengthEnd(at);
    if (next < 0) return next;
    this.nodes = this.window.countAt(at);
    this.values.begin(ValueKind.Stream, -1);
    this.step = this.nodes > 0 ? this.streamNode : this.facts;
    return next;
  }

  private streamNode(at: number): number {
    const { window, blob, text, node } = this;
    const blobAt = window.stringEnd(at);
    if (blobAt < 0) return NEED_MORE;
    const next = blob.takeAt(blobAt);
    if (next < 0) return NEED_MORE;
    text.take(window.bytes, at, blobAt);
    if (text.end - text.start !== STREAM_ID_BYTES) throw corruptAt(at, 'a node of a stream has no id');
    try {
      node.open(text.bytes, text.start, blob.bytes, blob.start, blob.end);
      while (node.next());
    } catch (error) {
      throw blob.placed(error);
    }
    this.values.streamNode(text.bytes, text.start, blob.bytes, blob.start, blob.end);
    if (--this.nodes === 0) this.step = this.facts;
    return next;
  }

  private facts(at: number): number {
    const { counters, activeTime = false, producers } = this.form;
    const places = this.lengths(at, counters ? 9 : 4);
    if (places === null) return NEED_MORE;
    const { bytes } = this.window;
    const groupsAt = places[counters ? 8 : 3];
    this.groups = this.window.countAt(groupsAt);
    this.values.stream({
      length: lengthAt(bytes, places[0]),
      lastId: this.idOf(places[1], places[2]),
      firstId: counters ? this.idOf(places[3], places[4]) : null,
      maxDeletedId: counters ? this.idOf(places[5], places[6]) : null,
      entriesAdded: counters ? lengthAt(bytes, places[7]) : -1,
      activeTimes: activeTime,
      groups: this.groups,
      idempotence: producers ? NOT_YET_KNOWN : null,
    });
    this.step = this.groups > 0 ? this.group : this.behindGroups();
    return places[places.length - 1];
  }

  private group(at: number): number {
    const nameEnd = this.window.stringEnd(at);
    if (nameEnd < 0) return NEED_MORE;
    const { counters } = this.form;
    const places = this.lengths(nameEnd, counters ? 4 : 3);
    if (places === null) return NEED_MORE;
    const read = counters ? lengthAt(this.window.bytes, places[2]) : -1;
    this.items = this.window.countAt(places[counters ? 3 : 2]);
    this.values.streamGroup({
      name: this.nameOf(at, nameEnd),
      lastId: this.idOf(places[0], places[1]),
      entriesRead: read >= UNKNOWN_MIN ? -1 : read,
      pending: this.items,
      consumers: -1,
    });
    this.step = this.items > 0 ? this.pending : this.consumerCount;
    return places[places.length - 1];
  }

  private pending(at: number): number {
    const { window } = this;
    const deliveriesAt = window.fixedEnd(at, STREAM_ID_BYTES + MS_BYTES);
    if (deliveriesAt < 0) return NEED_MORE;
    const next = window.lengthEnd(deliveriesAt);
    if (next < 0) return NEED_MORE;
    this.values.streamPending(window.bytes, at, int64le(window.bytes, at + STREAM_ID_BYTES), lengthAt(window.bytes, deliveriesAt));
    if (--this.items === 0) this.step = this.consumerCount;
    return next;
  }

  private consumerCount(at: number): number {
    const next = this.window.lengthEnd(at);
    if (next < 0) return NEED_MORE;
    this.owners = this.window.countAt(at);
    this.values.streamConsumers?.(this.owners);
    this.step = this.owners > 0 ? this.consumer : this.behindConsumers();
    return next;
  }

  private consumer(at: number): number {
    const { window } = this;
    const nameEnd = window.stringEnd(at);
    if (nameEnd < 0) return NEED_MORE;
    const countAt = window.fixedEnd(nameEnd, this.form.activeTime ? 2 * MS_BYTES : MS_BYTES);
    if (countAt < 0) return NEED_MORE;
    const next = window.lengthEnd(countAt);
    if (next < 0) return NEED_MORE;
    this.items = window.countAt(countAt);
    this.values.streamConsumer({
      name: this.nameOf(at, nameEnd),
      seenMs: int64le(window.bytes, nameEnd),
      activeMs: this.form.activeTime ? int64le(window.bytes, nameEnd + MS_BYTES) : -1,
      pending: this.items,
    });
    this.step = this.items > 0 ? this.consumerPending : this.behindConsumer();
    return next;
  }

  private consumerPending(at: number): number {
    const next = this.window.fixedEnd(at, STREAM_ID_BYTES);
    if (next < 0) return NEED_MORE;
    this.values.streamConsumerPending(this.window.bytes, at);
    if (--this.items === 0) this.step = this.behindConsumer();
    return next;
  }

  private behindConsumer(): Step {
    return --this.owners > 0 ? this.consumer : this.behindConsumers();
  }

  private behindConsumers(): Step {
    return this.form.nacks ? this.returnedCount : this.behindGroup();
  }

  private returnedCount(at: number): number {
    const next = this.window.lengthEnd(at);
    if (next < 0) return NEED_MORE;
    this.items = this.window.countAt(at);
    this.step = this.items > 0 ? this.returned : this.behindGroup();
    return next;
  }

  private returned(at: number): number {
    const next = this.window.fixedEnd(at, STREAM_ID_BYTES);
    if (next < 0) return NEED_MORE;
    this.values.streamReturned(this.window.bytes, at);
    if (--this.items === 0) this.step = this.behindGroup();
    return next;
  }

  private behindGroup(): Step {
    return --this.groups > 0 ? this.group : this.behindGroups();
  }

  private behindGroups(): Step {
    return this.form.producers ? this.idempotence : this.finish;
  }

  private idempotence(at: number): number {
    const places = this.lengths(at, 3);
    if (places === null) return NEED_MORE;
    const { bytes } = this.window;
    this.owners = this.window.countAt(places[2]);
    this.values.streamIdempotence?.({ durationS: lengthAt(bytes, places[0]), maxEntries: lengthAt(bytes, places[1]), producers: this.owners });
    this.step = this.owners > 0 ? this.producer : this.totals;
    return places[3];
  }

  private producer(at: number): number {
    const { window } = this;
    const nameEnd = window.stringEnd(at);
    if (nameEnd < 0) return NEED_MORE;
    const next = window.lengthEnd(nameEnd);
    if (next < 0) return NEED_MORE;
    this.items = window.countAt(nameEnd);
    this.values.streamProducer(this.nameOf(at, nameEnd));
    this.step = this.items > 0 ? this.producerId : this.behindProducer();
    return next;
  }

  private producerId(at: number): number {
    const keyEnd = this.window.stringEnd(at);
    if (keyEnd < 0) return NEED_MORE;
    const places = this.lengths(keyEnd, 2);
    if (places === null) return NEED_MORE;
    this.values.streamProducerId(this.nameOf(at, keyEnd), this.writeId(this.id, places[0], places[1]), 0);
    if (--this.items === 0) this.step = this.behindProducer();
    return places[2];
  }

  private behindProducer(): Step {
    return --this.owners > 0 ? this.producer : this.totals;
  }

  private totals(at: number): number {
    const places = this.lengths(at, 2);
    if (places === null) return NEED_MORE;
    this.values.streamIdempotenceTotals?.(lengthAt(this.window.bytes, places[0]), lengthAt(this.window.bytes, places[1]));
    this.step = this.finish;
    return places[2];
  }

  private finish(at: number): number {
    this.done = true;
    return at;
  }

  /** The places of `count` lengths and the end of the last, or null if they are not whole. */
  private lengths(at: number, count: number): number[] | null {
    const places = [at];
    for (let i = 0; i < count; i++) {
      const next = this.window.lengthEnd(places[i]);
      if (next < 0) return null;
      places.push(next);
    }
    return places;
  }

  private nameOf(at: number, end: number): Uint8Array {
    this.text.take(this.window.bytes, at, end);
    return new Uint8Array(this.text.bytes.subarray(this.text.start, this.text.end));
  }

  private idOf(msAt: number, seqAt: number): Uint8Array {
    return this.writeId(new Uint8Array(STREAM_ID_BYTES), msAt, seqAt);
  }

  private writeId(id: Uint8Array, msAt: number, seqAt: number): Uint8Array {
    writeLength64(id, 0, this.window.bytes, msAt);
    writeLength64(id, 8, this.window.bytes, seqAt);
    return id;
  }
}
