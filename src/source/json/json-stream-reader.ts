/**
 * Reads a stream as the export writes it (target/file/json-stream.ts has the grammar) into a ValueVisitor. Entries pass one by one; a group with its pending
 * entries and consumers is held whole.
 *
 * A ValueVisitor wants entries, then facts, then groups, then producers. Groups that come before the facts are known (members can have been sorted) are held.
 */
import { ValueKind } from '../../model/value-kind.ts';
import { StreamNodeBuilder } from '../../rdb/encode/stream-node-builder.ts';
import { STREAM_ID_BYTES } from '../../rdb/encodings/stream-node.ts';
import type { StreamFacts, ValueVisitor } from '../../rdb/values/value-visitor.ts';
import { JsonBytes } from './json-bytes.ts';
import { CLOSE_LIST, CLOSE_OBJECT, COMMA, type JsonReader, OPEN_LIST, OPEN_OBJECT } from './json-reader.ts';
import { isAbove, readGroup, readId, readIdempotence, type StreamGroupText, type StreamProducersText } from './json-stream-parts.ts';
import { MemberNames } from './member-names.ts';

const MEMBERS: readonly string[] = ['entries', 'length', 'lastId', 'maxDeletedId', 'entriesAdded', 'activeTimes', 'idempotent', 'groups', 'idempotence'];
const FACTS: readonly string[] = ['lastId', 'maxDeletedId', 'entriesAdded', 'activeTimes', 'idempotent', 'entries'];
const ZERO_ID = new Uint8Array(STREAM_ID_BYTES);

export class JsonStreamReader {
  private values!: ValueVisitor;
  private readonly builder = new StreamNodeBuilder();
  private readonly item = new JsonBytes();
  /** Names and values of the entry that is read. */
  private fields = { bytes: new Uint8Array(1024), starts: [0], fields: 0 };
  private part: 'begin' | 'members' | 'entries' | 'groups' = 'begin';
  private readonly names = new MemberNames(MEMBERS);
  private members = 0;
  private items = 0;
  private entries = 0;
  private firstId: Uint8Array = ZERO_ID;
  private newestId: Uint8Array = ZERO_ID;
  private lastId: Uint8Array | null = null;
  private maxDeletedId: Uint8Array | null = null;
  private entriesAdded = -1;
  private activeTimes = true;
  private isIdempotent = false;
  private toldFacts = false;
  private readonly groupNames = new Set<string>();
  private held: StreamGroupText[] = [];
  private producers: StreamProducersText | null = null;

  begin(values: ValueVisitor): void {
    this.values = values;
    this.part = 'begin';
    this.members = 0;
    this.names.begin();
    this.builder.reset();
    this.entries = 0;
    this.firstId = ZERO_ID;
    this.newestId = ZERO_ID;
    this.lastId = null;
    this.maxDeletedId = null;
    this.entriesAdded = -1;
    this.activeTimes = true;
    this.isIdempotent = false;
    this.toldFacts = false;
    this.groupNames.clear();
    this.held = [];
    this.producers = null;
  }

  /** One step: a member, an entry or a group, whole or not at all. @returns true at the end. @throws JsonFault, NEED_MORE */
  step(reader: JsonReader): boolean {
    if (this.part === 'begin') {
      reader.expect(OPEN_OBJECT);
      this.values.begin(ValueKind.Stream, -1);
      this.part = 'members';
    } else if (this.part === 'entries') this.stepEntries(reader);
    else if (this.part === 'groups') this.stepGroups(reader);
    else return this.stepMembers(reader);
    return false;
  }

  private stepMembers(reader: JsonReader): boolean {
    const goesOn = reader.goesOn(this.members, CLOSE_OBJECT);
    if (goesOn) this.readMember(reader);
    else this.finish(reader);
    return !goesOn;
  }

  private readMember(reader: JsonReader): void {
    const at = reader.at;
    const name = this.names.read(reader);
    if (this.toldFacts && FACTS.includes(name)) throw reader.fault(`${JSON.stringify(name)} has to stand before "groups"`, at);
    if (name === 'entries' || name === 'groups') {
      reader.expect(OPEN_LIST);
      this.part = name;
      this.items = 0;
    } else if (name === 'length') reader.integer();
    else if (name === 'lastId') this.lastId = readId(reader);
    else if (name === 'maxDeletedId') this.maxDeletedId = reader.isWord('null') ? null : readId(reader);
    else if (name === 'entriesAdded') this.entriesAdded = reader.integerOrNull() ?? -1;
    else if (name === 'activeTimes') this.activeTimes = reader.boolean();
    else if (name === 'idempotent') this.isIdempotent = reader.boolean();
    else this.producers = readIdempotence(reader);
    this.names.take(name);
    this.members++;
  }

  private stepEntries(reader: JsonReader): void {
    if (!reader.goesOn(this.items, CLOSE_LIST)) {
      this.part = 'members';
      this.endNode();
      return;
    }
    const at = reader.at;
    reader.expect(OPEN_OBJECT);
    if (reader.name() !== 'id') throw reader.fault('"id" should come first', at);
    const id = readId(reader);
    if (!isAbove(id, this.newestId)) throw reader.fault('the id is not above the one before it', at);
    reader.expect(COMMA);
    if (reader.name() !== 'fields') throw reader.fault('"fields" should come next');
    this.readFields(reader);
    reader.expect(CLOSE_OBJECT);
    if (!this.builder.add(id, 0, this.fields)) {
      this.endNode();
      this.builder.add(id, 0, this.fields);
    }
    if (this.entries++ === 0) this.firstId = id;
    this.newestId = id;
    this.items++;
  }

  private readFields(reader: JsonReader): void {
    const { item } = this;
    const { starts } = this.fields;
    starts.length = 1;
    this.fields.fields = 0;
    reader.expect(OPEN_LIST);
    while (reader.goesOn(this.fields.fields, CLOSE_LIST)) {
      reader.expect(OPEN_LIST);
      for (let i = 0; i < 2; i++) {
        if (i > 0) reader.expect(COMMA);
        item.read(reader);
        this.appendItem(item);
      }
      reader.expect(CLOSE_LIST);
      this.fields.fields++;
    }
    if (this.fields.fields === 0) throw reader.fault('an entry has no fields');
  }

  private appendItem({ bytes, start, end }: JsonBytes): void {
    const { fields } = this;
    const at = fields.starts[fields.starts.length - 1];
    const stop = at + end - start;
    if (stop > fields.bytes.length) {
      const larger = new Uint8Array(Math.max(fields.bytes.length * 2, stop));
      larger.set(fields.bytes.subarray(0, at));
      fields.bytes = larger;
    }
    fields.bytes.set(bytes.subarray(start, end), at);
    fields.starts.push(stop);
  }

  private endNode(): void {
    const { builder } = this;
    if (builder.entries === 0) return;
    const length = builder.close();
    this.values.streamNode(builder.id, 0, builder.bytes, 0, length);
    builder.reset();
  }

  private stepGroups(reader: JsonReader): void {
    if (!reader.goesOn(this.items, CLOSE_LIST)) {
      this.part = 'members';
      return;
    }
    const group = readGroup(reader);
    const name = Buffer.from(group.name).toString('latin1');
    if (this.groupNames.has(name)) throw reader.fault('the group comes twice');
    this.groupNames.add(name);
    this.items++;
    const hasFacts = this.lastId !== null && this.names.has('entries');
    if (hasFacts) this.tellFacts(reader);
    if (hasFacts) this.tellGroup(group);
    else this.held.push(group);
  }

  private tellFacts(reader: JsonReader): void {
    if (this.toldFacts) return;
    this.toldFacts = true;
    const { lastId, maxDeletedId } = this;
    if (lastId === null || !this.names.has('entries')) throw reader.fault('a stream has to have "entries" and "lastId"');
    if (isAbove(this.newestId, lastId)) throw reader.fault('"lastId" is below the id of an entry');
    const facts: StreamFacts = {
      length: this.entries,
      lastId,
      firstId: maxDeletedId === null ? null : this.firstId,
      maxDeletedId,
      entriesAdded: maxDeletedId === null ? -1 : this.entriesAdded,
      activeTimes: maxDeletedId !== null && this.activeTimes,
      groups: -1,
      idempotence: this.isIdempotent ? { durationS: -1, maxEntries: -1, producers: -1 } : null,
    };
    this.values.stream(facts);
  }

  private tellGroup(group: StreamGroupText): void {
    const { values } = this;
    const { name, lastId, entriesRead, pending, consumers, returned } = group;
    values.streamGroup({ name, lastId, entriesRead, pending: pending.length, consumers: consumers.length });
    for (const { id, deliveredMs, deliveries } of pending) values.streamPending(id, 0, deliveredMs, deliveries);
    values.streamConsumers?.(consumers.length);
    for (const consumer of consumers) {
      values.streamConsumer({ ...consumer, pending: consumer.pending.length });
      for (const id of consumer.pending) values.streamConsumerPending(id, 0);
    }
    for (const id of returned) values.streamReturned(id, 0);
  }

  private finish(reader: JsonReader): void {
    const { values, producers } = this;
    this.tellFacts(reader);
    for (const group of this.held) this.tellGroup(group);
    if ((producers !== null) !== this.isIdempotent) throw reader.fault('"idempotence" and "idempotent" go together');
    if (producers !== null) {
      values.streamIdempotence?.({ durationS: producers.durationS, maxEntries: producers.maxEntries, producers: producers.producers.length });
      for (const { name, ids } of producers.producers) {
        values.streamProducer(name);
        for (const { key, id } of ids) values.streamProducerId(key, id, 0);
      }
      values.streamIdempotenceTotals?.(producers.added, producers.duplicates);
    }
    values.end();
  }
}
