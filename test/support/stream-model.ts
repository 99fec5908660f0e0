/** A stream as tests think of it, and how a decoder would hand it on. Ids are written `ms-seq`. */
import { ListpackNode } from '../../src/rdb/encode/listpack-node.ts';
import type { ValueVisitor } from '../../src/rdb/values/value-visitor.ts';

export interface StreamEntryModel {
  readonly id: string;
  /** field, value, field, value ... */
  readonly fields: readonly string[];
  readonly deleted: boolean;
}

export interface StreamGroupModel {
  readonly name: string;
  readonly lastId: string;
  /** -1 = not known. */
  readonly entriesRead: number;
  readonly consumers: ReadonlyArray<{ readonly name: string; readonly seenMs: number; readonly activeMs: number }>;
  /** By id; `consumer` is an index, -1 for an entry that was given back. */
  readonly pending: ReadonlyArray<{ readonly id: string; readonly deliveredMs: number; readonly deliveries: number; readonly consumer: number }>;
}

export interface StreamModel {
  readonly entries: readonly StreamEntryModel[];
  readonly nodeEntries: number;
  readonly lastId: string;
  /** null: the form of servers before Redis 7.0. */
  readonly counters: { readonly maxDeletedId: string; readonly entriesAdded: number } | null;
  readonly groups: readonly StreamGroupModel[];
  /** False: the form of servers before Redis 7.2. */
  readonly activeTimes?: boolean;
  readonly producers?: number;
}

const DELETED = 1;
const SAME_FIELDS = 2;

function idBytes(id: string): Uint8Array {
  const [ms, sequence] = id.split('-');
  const out = Buffer.alloc(16);
  out.writeBigUInt64BE(BigInt(ms));
  out.writeBigUInt64BE(BigInt(sequence), 8);
  return out;
}

export function liveEntries(stream: StreamModel): StreamEntryModel[] {
  return stream.entries.filter((entry) => !entry.deleted);
}

export function feedStream(stream: StreamModel, visitor: ValueVisitor): void {
  const { entries, nodeEntries, counters, groups } = stream;
  for (let at = 0; at < entries.length; at += nodeEntries) feedNode(entries.slice(at, at + nodeEntries), visitor);
  const live = liveEntries(stream);
  visitor.stream({
    length: live.length,
    lastId: idBytes(stream.lastId),
    firstId: counters && idBytes(live[0]?.id ?? '0-0'),
    maxDeletedId: counters && idBytes(counters.maxDeletedId),
    entriesAdded: counters?.entriesAdded ?? -1,
    activeTimes: counters !== null && stream.activeTimes !== false,
    groups: groups.length,
    idempotence: stream.producers === undefined ? null : { durationS: -1, maxEntries: -1, producers: -1 },
  });
  for (const group of groups) feedGroup(group, visitor, counters !== null);
  if (stream.producers === undefined) return;
  visitor.streamIdempotence?.({ durationS: 100, maxEntries: 100, producers: stream.producers });
  for (let i = 0; i < stream.producers; i++) {
    visitor.streamProducer(Buffer.from(`producer ${i}`));
    visitor.streamProducerId(Buffer.from('key'), idBytes('1-1'), 0);
  }
  visitor.streamIdempotenceTotals?.(2, 1);
}

function feedGroup(group: StreamGroupModel, visitor: ValueVisitor, hasCounters: boolean): void {
  const { pending, consumers } = group;
  visitor.streamGroup({
    name: Buffer.from(group.name, 'latin1'),
    lastId: idBytes(group.lastId),
    entriesRead: hasCounters ? group.entriesRead : -1,
    pending: pending.length,
    consumers: -1,
  });
  for (const { id, deliveredMs, deliveries } of pending) visitor.streamPending(idBytes(id), 0, deliveredMs, deliveries);
  visitor.streamConsumers?.(consumers.length);
  for (const [i, { name, seenMs, activeMs }] of consumers.entries()) {
    const own = pending.filter(({ consumer }) => consumer === i);
    visitor.streamConsumer({ name: Buffer.from(name, 'latin1'), seenMs, activeMs, pending: own.length });
    for (const { id } of own) visitor.streamConsumerPending(idBytes(id), 0);
  }
  for (const { id } of pending.filter(({ consumer }) => consumer < 0)) visitor.streamReturned(idBytes(id), 0);
}

/** The listpack of a node: a head with the fields of the first entry, then the entries, which do not repeat the same fields. */
function feedNode(entries: readonly StreamEntryModel[], visitor: ValueVisitor): void {
  const node = new ListpackNode();
  const add = (item: string | number | bigint): void => {
    const bytes = Buffer.from(String(item), 'latin1');
    if (!node.add(bytes, 0, bytes.length)) throw new Error('the node of the test is too large');
  };
  const names = entries[0].fields.filter((_, i) => i % 2 === 0);
  const deleted = entries.filter((entry) => entry.deleted).length;
  for (const item of [entries.length - deleted, deleted, names.length, ...names, 0]) add(item);
  const [firstMs, firstSequence] = entries[0].id.split('-').map(BigInt);
  for (const { id, fields, deleted: isDeleted } of entries) {
    const [ms, sequence] = id.split('-').map(BigInt);
    const own = fields.filter((_, i) => i % 2 === 0);
    const isSame = own.length === names.length && own.every((name, i) => name === names[i]);
    for (const item of [(isDeleted ? DELETED : 0) + (isSame ? SAME_FIELDS : 0), ms - firstMs, sequence - firstSequence]) add(item);
    if (isSame) for (const value of fields.filter((_, i) => i % 2 === 1)) add(value);
    else for (const item of [own.length, ...fields]) add(item);
    add(isSame ? own.length + 3 : 2 * own.length + 4);
  }
  const length = node.close();
  visitor.streamNode(idBytes(entries[0].id), 0, node.bytes, 0, length);
}
