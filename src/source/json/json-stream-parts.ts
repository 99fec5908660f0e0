/** The parts of a stream that are read whole: groups with their consumers and pending entries, and idempotent producers. Ids are 16 bytes, big endian. */
import { STREAM_ID_BYTES } from '../../rdb/encodings/stream-node.ts';
import { JsonBytes } from './json-bytes.ts';
import { CLOSE_LIST, CLOSE_OBJECT, COMMA, type JsonReader, OPEN_LIST, OPEN_OBJECT } from './json-reader.ts';
import { MemberNames } from './member-names.ts';

interface Pending {
  readonly id: Uint8Array;
  readonly deliveredMs: number;
  readonly deliveries: number;
}

interface ConsumerText {
  readonly name: Uint8Array;
  readonly seenMs: number;
  readonly activeMs: number;
  readonly pending: readonly Uint8Array[];
}

export interface StreamGroupText {
  readonly name: Uint8Array;
  readonly lastId: Uint8Array;
  readonly entriesRead: number;
  readonly pending: readonly Pending[];
  readonly consumers: readonly ConsumerText[];
  readonly returned: readonly Uint8Array[];
}

export interface StreamProducersText {
  readonly durationS: number;
  readonly maxEntries: number;
  readonly producers: readonly { readonly name: Uint8Array; readonly ids: readonly { readonly key: Uint8Array; readonly id: Uint8Array }[] }[];
  readonly added: number;
  readonly duplicates: number;
}

const ID = /^(\d{1,20})-(\d{1,20})$/;
const HALF_MAX = 2n ** 64n;
const TIME_MIN = -1;
const NOTHING = new Uint8Array(0);
/** Used again: what is read with it is copied at once. */
const TEXT = new JsonBytes();

/** `"ms-seq"`. @throws JsonFault, NEED_MORE */
export function readId(reader: JsonReader): Uint8Array {
  const at = reader.at;
  const found = ID.exec(reader.word());
  const [ms, seq] = [BigInt(found?.[1] ?? HALF_MAX), BigInt(found?.[2] ?? 0)];
  if (ms >= HALF_MAX || seq >= HALF_MAX) throw reader.fault('the id of an entry, "ms-seq", should stand here', at);
  const id = new Uint8Array(STREAM_ID_BYTES);
  const view = new DataView(id.buffer);
  view.setBigUint64(0, ms);
  view.setBigUint64(8, seq);
  return id;
}

export function isAbove(left: Uint8Array, right: Uint8Array): boolean {
  for (let i = 0; i < STREAM_ID_BYTES; i++) if (left[i] !== right[i]) return left[i] > right[i];
  return false;
}

/** @throws JsonFault, NEED_MORE */
export function readGroup(reader: JsonReader): StreamGroupText {
  const group: { -readonly [name in keyof StreamGroupText]: StreamGroupText[name] } = {
    name: NOTHING,
    lastId: NOTHING,
    entriesRead: -1,
    pending: [],
    consumers: [],
    returned: [],
  };
  const names = readObject(reader, ['name', 'lastId', 'entriesRead', 'pending', 'consumers', 'returned'], (name) => {
    if (name === 'name') group.name = readBytes(reader);
    else if (name === 'lastId') group.lastId = readId(reader);
    else if (name === 'entriesRead') group.entriesRead = reader.integerOrNull() ?? -1;
    else if (name === 'pending') group.pending = readList(reader, readPending);
    else if (name === 'consumers') group.consumers = readList(reader, readConsumer);
    else group.returned = readList(reader, readId);
  });
  names.mustHave(reader, 'name', 'lastId');
  checkOwners(group, reader);
  return group;
}

/** A pending entry belongs to one consumer, or was given back: servers take it on trust, and break later. */
function checkOwners({ pending, consumers, returned }: StreamGroupText, reader: JsonReader): void {
  const owned = new Set<string>();
  const names = new Set(consumers.map(({ name }) => Buffer.from(name).toString('latin1')));
  if (names.size < consumers.length) throw reader.fault('a consumer comes twice in the group');
  for (const ids of [...consumers.map((consumer) => consumer.pending), returned]) {
    for (const id of ids) {
      const text = Buffer.from(id).toString('latin1');
      if (owned.has(text)) throw reader.fault('a pending entry of the group belongs to two consumers');
      owned.add(text);
    }
  }
  const known = new Set(pending.map(({ id }) => Buffer.from(id).toString('latin1')));
  const areTheSame = known.size === pending.length && known.size === owned.size && [...owned].every((id) => known.has(id));
  if (!areTheSame) throw reader.fault('the pending entries of the group are not those of its consumers');
}

/** @throws JsonFault, NEED_MORE */
export function readIdempotence(reader: JsonReader): StreamProducersText {
  const found = { durationS: 0, maxEntries: 0, producers: [] as StreamProducersText['producers'], added: 0, duplicates: 0 };
  const names = readObject(reader, ['durationS', 'maxEntries', 'producers', 'added', 'duplicates'], (name) => {
    if (name === 'producers') found.producers = readList(reader, readProducer);
    else found[name as 'added'] = reader.integer();
  });
  names.mustHave(reader, 'durationS', 'maxEntries');
  return found;
}

function readProducer(reader: JsonReader): StreamProducersText['producers'][number] {
  const found: { name: Uint8Array; ids: { key: Uint8Array; id: Uint8Array }[] } = { name: NOTHING, ids: [] };
  const names = readObject(reader, ['name', 'ids'], (name) => {
    if (name === 'name') found.name = readBytes(reader);
    else found.ids = readList(reader, readProducerId);
  });
  names.mustHave(reader, 'name');
  return found;
}

function readProducerId(reader: JsonReader): { key: Uint8Array; id: Uint8Array } {
  reader.expect(OPEN_LIST);
  const key = readBytes(reader);
  reader.expect(COMMA);
  const id = readId(reader);
  reader.expect(CLOSE_LIST);
  return { key, id };
}

function readPending(reader: JsonReader): Pending {
  reader.expect(OPEN_LIST);
  const id = readId(reader);
  reader.expect(COMMA);
  const deliveredMs = reader.integer(TIME_MIN);
  reader.expect(COMMA);
  const deliveries = reader.integer();
  reader.expect(CLOSE_LIST);
  return { id, deliveredMs, deliveries };
}

function readConsumer(reader: JsonReader): ConsumerText {
  const found: { -readonly [name in keyof ConsumerText]: ConsumerText[name] } = { name: NOTHING, seenMs: 0, activeMs: -1, pending: [] };
  const names = readObject(reader, ['name', 'seenMs', 'activeMs', 'pending'], (name) => {
    if (name === 'name') found.name = readBytes(reader);
    else if (name === 'seenMs') found.seenMs = reader.integer(TIME_MIN);
    else if (name === 'activeMs') found.activeMs = reader.integerOrNull() ?? -1;
    else found.pending = readList(reader, readId);
  });
  names.mustHave(reader, 'name');
  return found;
}

function readBytes(reader: JsonReader): Uint8Array {
  TEXT.read(reader);
  return TEXT.copy();
}

function readList<T>(reader: JsonReader, read: (reader: JsonReader) => T): T[] {
  const items: T[] = [];
  reader.expect(OPEN_LIST);
  while (reader.goesOn(items.length, CLOSE_LIST)) items.push(read(reader));
  return items;
}

function readObject(reader: JsonReader, known: readonly string[], read: (name: string) => void): MemberNames {
  const names = new MemberNames(known);
  reader.expect(OPEN_OBJECT);
  for (let members = 0; reader.goesOn(members, CLOSE_OBJECT); members++) {
    const name = names.read(reader);
    read(name);
    names.take(name);
  }
  return names;
}
