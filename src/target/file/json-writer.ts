/**
 * Keys as JSON objects: one a line (jsonl), or as the elements of one array (json).
 *
 *   object   = { "db", "key", "type", "ttl", "idle", "freq", "value" }   ; ttl: Unix ms; ttl, idle (seconds) and freq only where the key has them
 *            / { "type": "function" / "script", "value": code }
 *   bytes    = string, where they are UTF-8 text / { "base64": string }
 *   value    string  bytes                       list, set  [ bytes ... ]           zset  [ [ bytes, score ] ... ]    ; score: number, "inf", "-inf"
 *            hash    [ [ field, value ] / [ field, value, expiry-ms ] ... ]         array { "cursor": index / null, "elements": [ [ index, bytes ] ... ] }
 *            module  { "raw": base64 }           stream     see json-stream.ts
 *
 * Pairs and not objects, since fields are bytes and need not be text. What is not known, or would not fit into a double, is a string of digits.
 */
import { VALUE_KIND_NAMES, ValueKind } from '../../model/value-kind.ts';
import { scoreText } from '../../rdb/encode/small-form.ts';
import type { StreamConsumer, StreamFacts, StreamGroup, StreamIdempotence } from '../../rdb/values/value-visitor.ts';
import { GrowingBuffer } from '../../bytes/growing-buffer.ts';
import type { ContentWriter, KeyHead } from './export-writer.ts';
import { JsonStream } from './json-stream.ts';
import { TextParts, writeJson } from './json-text.ts';

const COMMA = 0x2c;
const OPENING = 0x5b;
const CLOSING = 0x5d;
const NEWLINE = 0x0a;

export class JsonWriter implements ContentWriter {
  readonly buffer = new GrowingBuffer();
  private readonly isArray: boolean;
  private readonly streams: JsonStream;
  private readonly parts = new TextParts();
  private kind: ValueKind = ValueKind.String;
  private items = 0;
  private objects = 0;
  /** Of the next string: undefined unless it comes in parts. */
  private largeIsText: boolean | undefined;
  private held: Uint8Array[] = [];

  constructor(format: 'json' | 'jsonl') {
    this.isArray = format === 'json';
    this.streams = new JsonStream(this.buffer);
  }

  open(): void {
    if (this.isArray) this.buffer.ascii('[');
  }

  close(): void {
    if (this.isArray) this.buffer.ascii(this.objects === 0 ? ']\n' : '\n]\n');
  }

  key({ bytes, start, end, database, expiryMs, idle, freq, kind }: KeyHead): void {
    const { buffer } = this;
    this.beginObject();
    buffer.ascii('{"db":');
    buffer.integer(database);
    buffer.ascii(',"key":');
    writeJson(buffer, bytes, start, end);
    buffer.ascii(`,"type":"${VALUE_KIND_NAMES[kind]}"`);
    if (expiryMs >= 0) {
      buffer.ascii(',"ttl":');
      buffer.integer(expiryMs);
    }
    if (idle >= 0) buffer.ascii(`,"idle":${idle}`);
    if (freq >= 0) buffer.ascii(`,"freq":${freq}`);
    buffer.ascii(',"value":');
  }

  largeText(isUtf8: boolean): void {
    this.largeIsText = isUtf8;
  }

  code(kind: 'function' | 'script', bytes: Uint8Array, start: number, end: number): void {
    this.beginObject();
    this.buffer.ascii(`{"type":"${kind}","value":`);
    writeJson(this.buffer, bytes, start, end);
    this.endObject();
  }

  begin(kind: ValueKind): void {
    const { buffer } = this;
    this.kind = kind;
    this.items = 0;
    this.held = [];
    if (kind === ValueKind.Stream) this.streams.begin();
    else if (kind === ValueKind.Array) buffer.ascii('{"cursor":');
    else if (kind === ValueKind.Module) this.beginModule();
    else if (kind !== ValueKind.String) buffer.byte(OPENING);
    else if (this.largeIsText !== undefined) this.parts.begin(buffer, this.largeIsText);
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    if (this.largeIsText !== undefined) this.parts.add(this.buffer, bytes, start, end);
    else this.held.push(new Uint8Array(bytes.subarray(start, end)));
  }

  element(bytes: Uint8Array, start: number, end: number): void {
    if (this.items++ > 0) this.buffer.byte(COMMA);
    writeJson(this.buffer, bytes, start, end);
  }

  member(bytes: Uint8Array, start: number, end: number, score: number): void {
    const { buffer } = this;
    this.beginPair(bytes, start, end);
    const text = Number.isFinite(score) ? (Object.is(score, -0) ? '-0' : String(score)) : `"${scoreText(score)}"`;
    buffer.ascii(text);
    buffer.byte(CLOSING);
  }

  field(bytes: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number, expiryMs: number): void {
    const { buffer } = this;
    this.beginPair(bytes, start, end);
    writeJson(buffer, value, valueStart, valueEnd);
    if (expiryMs >= 0) {
      buffer.byte(COMMA);
      buffer.integer(expiryMs);
    }
    buffer.byte(CLOSING);
  }

  arrayElement(index: bigint, bytes: Uint8Array, start: number, end: number): void {
    const { buffer } = this;
    if (this.items++ > 0) buffer.byte(COMMA);
    buffer.ascii(`[${indexText(index)},`);
    writeJson(buffer, bytes, start, end);
    buffer.byte(CLOSING);
  }

  arrayCursor(index: bigint | null): void {
    this.buffer.ascii(`${index === null ? 'null' : indexText(index)},"elements":[`);
  }

  raw(bytes: Uint8Array, start: number, end: number): void {
    this.parts.add(this.buffer, bytes, start, end);
  }

  streamNode(id: Uint8Array, idStart: number, bytes: Uint8Array, start: number, end: number): void {
    this.streams.node(id, idStart, bytes, start, end);
  }

  stream(facts: StreamFacts): void {
    this.streams.facts(facts);
  }

  streamGroup(group: StreamGroup): void {
    this.streams.group(group);
  }

  streamPending(id: Uint8Array, idStart: number, deliveredMs: number, deliveries: number): void {
    this.streams.pending(id, idStart, deliveredMs, deliveries);
  }

  streamConsumer(consumer: StreamConsumer): void {
    this.streams.consumer(consumer);
  }

  streamConsumerPending(id: Uint8Array, idStart: number): void {
    this.streams.consumerPending(id, idStart);
  }

  streamReturned(id: Uint8Array, idStart: number): void {
    this.streams.returned(id, idStart);
  }

  streamIdempotence(facts: StreamIdempotence): void {
    this.streams.idempotence(facts);
  }

  streamProducer(name: Uint8Array): void {
    this.streams.producer(name);
  }

  streamProducerId(key: Uint8Array, id: Uint8Array, idStart: number): void {
    this.streams.producerId(key, id, idStart);
  }

  streamIdempotenceTotals(added: number, duplicates: number): void {
    this.streams.idempotenceTotals(added, duplicates);
  }

  end(): void {
    const { buffer, kind } = this;
    if (kind === ValueKind.Stream) this.streams.end();
    else if (kind === ValueKind.Array) buffer.ascii(']}');
    else if (kind === ValueKind.Module) {
      this.parts.end(buffer);
      buffer.ascii('}');
    } else if (kind !== ValueKind.String) buffer.byte(CLOSING);
    else if (this.largeIsText !== undefined) this.parts.end(buffer);
    else {
      const text = this.held.length === 1 ? this.held[0] : Buffer.concat(this.held);
      writeJson(buffer, text, 0, text.length);
    }
    this.largeIsText = undefined;
    this.endObject();
  }

  private beginModule(): void {
    this.buffer.ascii('{"raw":');
    this.parts.begin(this.buffer, false);
  }

  private beginPair(bytes: Uint8Array, start: number, end: number): void {
    if (this.items++ > 0) this.buffer.byte(COMMA);
    this.buffer.byte(OPENING);
    writeJson(this.buffer, bytes, start, end);
    this.buffer.byte(COMMA);
  }

  private beginObject(): void {
    if (this.isArray) this.buffer.ascii(this.objects === 0 ? '\n' : ',\n');
    this.objects++;
  }

  private endObject(): void {
    this.buffer.byte(0x7d);
    if (!this.isArray) this.buffer.byte(NEWLINE);
  }
}

function indexText(index: bigint): string {
  return index <= BigInt(Number.MAX_SAFE_INTEGER) ? String(index) : `"${index}"`;
}
