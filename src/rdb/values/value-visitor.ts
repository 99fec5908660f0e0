/**
 * How a decoded value is handed on: calls in the order of the value, each with ranges of bytes that are valid during the call only. Nothing is allocated
 * per element, and a value of any size goes through without being held. Who decodes is values/value-decoder.ts; sinks encode it anew, write it as
 * commands or JSON, hash it, or count it.
 *
 *   value  = begin content end
 *   content  string  text*                       list, set  element*         zset  member*            hash  field*
 *            array   arrayElement*               module  raw*
 *            stream  streamNode* stream group* [streamIdempotence (streamProducer streamProducerId*)* streamIdempotenceTotals]
 *   group    streamGroup streamPending* streamConsumers (streamConsumer streamConsumerPending*)* streamReturned*
 *
 * The order is that of the file, so that nothing has to be held: what stands behind a list in the file (how many consumers a group has, what a stream
 * keeps of its producers) comes behind it here too.
 *
 * Stream ids are 16 bytes, big endian (ms, seq), as in the file.
 */
import type { ValueKind } from '../../model/value-kind.ts';

export interface ValueVisitor {
  /** @param count of elements, members, fields (bytes of a string) as the encoding announces it; -1 where it does not before the end */
  begin(kind: ValueKind, count: number): void;
  /** The next part of a string. */
  text(bytes: Uint8Array, start: number, end: number): void;
  element(bytes: Uint8Array, start: number, end: number): void;
  /** Score: any double but NaN. */
  member(bytes: Uint8Array, start: number, end: number, score: number): void;
  /** @param expiryMs of the field, Unix ms; -1 = none */
  field(bytes: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number, expiryMs: number): void;
  /** @param index whole number below 2^64 */
  arrayElement(index: bigint, bytes: Uint8Array, start: number, end: number): void;
  /** Set once before the first arrayElement: where the next ARINSERT goes; null = nowhere. */
  arrayCursor(index: bigint | null): void;
  /** The next part of a module's value, with its module id and opcodes, as in the file. */
  raw(bytes: Uint8Array, start: number, end: number): void;
  /** One radix tree node: the id that its entries count from, and a listpack that all versions write alike (encodings/stream-node.ts reads it). */
  streamNode(id: Uint8Array, idStart: number, bytes: Uint8Array, start: number, end: number): void;
  /** Comes behind the nodes. */
  stream(facts: StreamFacts): void;
  streamGroup(group: StreamGroup): void;
  /** An entry that was delivered to a consumer of the group and not yet acknowledged. */
  streamPending(id: Uint8Array, idStart: number, deliveredMs: number, deliveries: number): void;
  /** Behind the pending entries of each group: how many consumers follow. */
  streamConsumers?(count: number): void;
  streamConsumer(consumer: StreamConsumer): void;
  streamConsumerPending(id: Uint8Array, idStart: number): void;
  /** Redis 8.8: an entry of the group that was given back (XNACK). */
  streamReturned(id: Uint8Array, idStart: number): void;
  /** Redis 8.6, behind the groups. */
  streamIdempotence?(facts: StreamIdempotence): void;
  /** An idempotent producer, then what it has sent. */
  streamProducer(name: Uint8Array): void;
  streamProducerId(key: Uint8Array, id: Uint8Array, idStart: number): void;
  /** How many entries ever came with a producer's key, and how many of those were dropped because the key was known. */
  streamIdempotenceTotals?(added: number, duplicates: number): void;
  end(): void;
}

/** Ids are copies. -1 and null: the encoding does not have it (before Redis 7.0). */
export interface StreamFacts {
  readonly length: number;
  readonly lastId: Uint8Array;
  readonly firstId: Uint8Array | null;
  readonly maxDeletedId: Uint8Array | null;
  readonly entriesAdded: number;
  /** False: the form does not have active times of consumers (before Redis 7.2), so that each activeMs is -1 for not known. */
  readonly activeTimes?: boolean;
  readonly groups: number;
  /** Redis 8.6; null where the form has none. A decoder cannot know more than that yet: its numbers are -1, and come with streamIdempotence. */
  readonly idempotence: StreamIdempotence | null;
}

export interface StreamIdempotence {
  readonly durationS: number;
  readonly maxEntries: number;
  readonly producers: number;
}

export interface StreamGroup {
  readonly name: Uint8Array;
  readonly lastId: Uint8Array;
  /** -1 = not known. */
  readonly entriesRead: number;
  readonly pending: number;
  /** -1 = known with streamConsumers only, as always from a decoder. */
  readonly consumers: number;
}

export interface StreamConsumer {
  readonly name: Uint8Array;
  readonly seenMs: number;
  /** -1 = not known, or never. */
  readonly activeMs: number;
  readonly pending: number;
}
