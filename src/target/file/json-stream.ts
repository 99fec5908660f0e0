/**
 * A stream as JSON, written in the order in which it is decoded, so that nothing of it is held:
 *
 *   { "entries": [ { "id", "fields": [ [ name, value ] ... ] } ... ], "length", "lastId", "maxDeletedId", "entriesAdded", "activeTimes": false, "idempotent": true,
 *     "groups": [ { "name", "lastId", "entriesRead", "pending": [ [ id, delivered-ms, deliveries ] ... ],
 *                   "consumers": [ { "name", "seenMs", "activeMs", "pending": [ id ... ] } ... ], "returned": [ id ... ] } ... ],
 *     "idempotence": { "durationS", "maxEntries", "producers": [ { "name", "ids": [ [ key, id ] ... ] } ... ], "added", "duplicates" } }
 *
 * null: not known, since the stream was written before Redis 7.0. "returned" and "idempotence" are there only where the stream has them, "activeTimes" where it
 * was written before Redis 7.2, "idempotent" where "idempotence" follows: who reads it has to know before the groups. Deleted entries, which the source still
 * holds, are left out.
 */
import { StreamNode } from '../../rdb/encodings/stream-node.ts';
import type { StreamConsumer, StreamFacts, StreamGroup, StreamIdempotence } from '../../rdb/values/value-visitor.ts';
import { idText } from '../id-list.ts';
import type { GrowingBuffer } from '../../bytes/growing-buffer.ts';
import { writeJson } from './json-text.ts';

/** What is open within a group. */
type Part = 'none' | 'pending' | 'consumer' | 'returned';

export class JsonStream {
  private readonly out: GrowingBuffer;
  private readonly node_ = new StreamNode();
  private entries = 0;
  private groups = 0;
  private part: Part = 'none';
  private items = 0;
  private hasFacts = false;
  private producers = -1;
  private hasTotals = false;

  constructor(out: GrowingBuffer) {
    this.out = out;
  }

  begin(): void {
    this.entries = 0;
    this.groups = 0;
    this.part = 'none';
    this.hasFacts = false;
    this.producers = -1;
    this.hasTotals = false;
    this.out.ascii('{"entries":[');
  }

  node(id: Uint8Array, idStart: number, bytes: Uint8Array, start: number, end: number): void {
    const { node_: node, out } = this;
    node.open(id, idStart, bytes, start, end);
    while (node.next()) {
      if (node.isDeleted) continue;
      out.ascii(`${this.entries++ === 0 ? '' : ','}{"id":"${idText(node.id, 0)}","fields":[`);
      for (let fields = 0; node.nextField(); fields++) {
        out.ascii(fields === 0 ? '[' : ',[');
        writeJson(out, node.name, node.nameStart, node.nameEnd);
        out.ascii(',');
        writeJson(out, node.value, node.valueStart, node.valueEnd);
        out.ascii(']');
      }
      out.ascii(']}');
    }
  }

  facts({ length, lastId, maxDeletedId, entriesAdded, activeTimes, idempotence }: StreamFacts): void {
    this.hasFacts = true;
    const deleted = maxDeletedId === null ? 'null' : `"${idText(maxDeletedId, 0)}"`;
    this.out.ascii(`],"length":${length},"lastId":"${idText(lastId, 0)}","maxDeletedId":${deleted},"entriesAdded":${orNull(entriesAdded)}`);
    if (activeTimes === false) this.out.ascii(',"activeTimes":false');
    if (idempotence !== null) this.out.ascii(',"idempotent":true');
    this.out.ascii(',"groups":[');
  }

  group({ name, lastId, entriesRead }: StreamGroup): void {
    this.endGroup();
    this.out.ascii(`${this.groups++ === 0 ? '' : ','}{"name":`);
    writeJson(this.out, name, 0, name.length);
    this.out.ascii(`,"lastId":"${idText(lastId, 0)}","entriesRead":${orNull(entriesRead)},"pending":[`);
    this.enter('pending');
  }

  pending(id: Uint8Array, idStart: number, deliveredMs: number, deliveries: number): void {
    this.out.ascii(`${this.comma()}["${idText(id, idStart)}",${deliveredMs},${deliveries}]`);
  }

  consumer({ name, seenMs, activeMs }: StreamConsumer): void {
    const isFirst = this.part === 'pending';
    this.out.ascii(isFirst ? '],"consumers":[{"name":' : ']},{"name":');
    writeJson(this.out, name, 0, name.length);
    this.out.ascii(`,"seenMs":${seenMs},"activeMs":${orNull(activeMs)},"pending":[`);
    this.enter('consumer');
  }

  consumerPending(id: Uint8Array, idStart: number): void {
    this.out.ascii(`${this.comma()}"${idText(id, idStart)}"`);
  }

  returned(id: Uint8Array, idStart: number): void {
    if (this.part !== 'returned') {
      this.endConsumers();
      this.out.ascii(',"returned":[');
      this.enter('returned');
    }
    this.consumerPending(id, idStart);
  }

  idempotence({ durationS, maxEntries }: StreamIdempotence): void {
    this.endGroups();
    this.producers = 0;
    this.out.ascii(`,"idempotence":{"durationS":${durationS},"maxEntries":${maxEntries},"producers":[`);
  }

  producer(name: Uint8Array): void {
    this.out.ascii(this.producers++ === 0 ? '{"name":' : ']},{"name":');
    writeJson(this.out, name, 0, name.length);
    this.out.ascii(',"ids":[');
    this.items = 0;
  }

  producerId(key: Uint8Array, id: Uint8Array, idStart: number): void {
    this.out.ascii(`${this.comma()}[`);
    writeJson(this.out, key, 0, key.length);
    this.out.ascii(`,"${idText(id, idStart)}"]`);
  }

  idempotenceTotals(added: number, duplicates: number): void {
    this.hasTotals = true;
    this.out.ascii(`${this.producers > 0 ? ']}' : ''}],"added":${added},"duplicates":${duplicates}}`);
  }

  end(): void {
    if (this.producers < 0) this.endGroups();
    else if (!this.hasTotals) this.out.ascii(`${this.producers > 0 ? ']}' : ''}]}`);
    this.out.ascii('}');
  }

  private endGroups(): void {
    this.endGroup();
    this.out.ascii(this.hasFacts ? ']' : '],"groups":[]');
  }

  private endGroup(): void {
    if (this.part === 'none') return;
    if (this.part === 'returned') this.out.ascii(']');
    else this.endConsumers();
    this.out.ascii('}');
    this.part = 'none';
  }

  private endConsumers(): void {
    this.out.ascii(this.part === 'pending' ? '],"consumers":[]' : ']}]');
  }

  private enter(part: Part): void {
    this.part = part;
    this.items = 0;
  }

  private comma(): string {
    return this.items++ === 0 ? '' : ',';
  }
}

function orNull(n: number): string {
  return n < 0 ? 'null' : String(n);
}
