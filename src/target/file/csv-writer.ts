/**
 * Keys as CSV (RFC 4180), one row per element:
 *
 *   db,key,type,field,value,ttl,field_ttl
 *
 *   string  -, value       list    index, value      set    -, value             zset   member, score
 *   hash    field, value   stream  id, [[name,value],...] as JSON                array  index, value      module  -, base64:...
 *
 * ttl and field_ttl are Unix ms, empty if there is none. What is not UTF-8 text is `base64:` and its base64; text that begins so is written like that too,
 * so that both can be told apart. Groups of streams have no place here, and an empty stream is one row without field and value.
 */
import { VALUE_KIND_NAMES, ValueKind } from '../../model/value-kind.ts';
import { scoreText } from '../../rdb/encode/small-form.ts';
import { StreamNode } from '../../rdb/encodings/stream-node.ts';
import { idText } from '../id-list.ts';
import { GrowingBuffer } from '../../bytes/growing-buffer.ts';
import type { ContentWriter, KeyHead } from './export-writer.ts';
import { isText, TextParts, writeJson } from './json-text.ts';

const COMMA = 0x2c;
const QUOTE = 0x22;
const BASE64_MARK = Buffer.from('base64:');
const nothing = (): void => {};

export class CsvWriter implements ContentWriter {
  readonly buffer = new GrowingBuffer();
  /** db, key and type as they stand in each row of the key. */
  private readonly head = new GrowingBuffer();
  private readonly scratch = new GrowingBuffer();
  private readonly node = new StreamNode();
  private readonly base64Parts = new TextParts();
  private tail = '';
  private kind: ValueKind = ValueKind.String;
  private rows = 0;
  private held: Uint8Array[] = [];
  private largeIsText: boolean | undefined;
  readonly stream = nothing;
  readonly streamGroup = nothing;
  readonly streamPending = nothing;
  readonly streamConsumer = nothing;
  readonly streamConsumerPending = nothing;
  readonly streamReturned = nothing;
  readonly streamProducer = nothing;
  readonly streamProducerId = nothing;
  readonly arrayCursor = nothing;
  readonly close = nothing;

  open(): void {
    this.buffer.ascii('db,key,type,field,value,ttl,field_ttl\r\n');
  }

  key({ bytes, start, end, database, expiryMs, kind }: KeyHead): void {
    const { head } = this;
    head.clear();
    head.integer(database);
    head.byte(COMMA);
    writeCell(head, bytes, start, end);
    head.ascii(`,${VALUE_KIND_NAMES[kind]},`);
    this.tail = expiryMs < 0 ? ',' : `,${expiryMs}`;
  }

  largeText(isUtf8: boolean, head: Uint8Array): void {
    this.largeIsText = isUtf8 && !beginsWithMark(head, 0, head.length);
  }

  code(kind: 'function' | 'script', bytes: Uint8Array, start: number, end: number): void {
    this.buffer.ascii(`,,${kind},,`);
    writeCell(this.buffer, bytes, start, end);
    this.buffer.ascii(',,\r\n');
  }

  begin(kind: ValueKind): void {
    this.kind = kind;
    this.rows = 0;
    this.held = [];
    if (kind === ValueKind.Module) this.largeIsText = false;
    if (this.largeIsText !== undefined) this.beginLarge(this.largeIsText);
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    if (this.largeIsText === undefined) this.held.push(new Uint8Array(bytes.subarray(start, end)));
    else if (this.largeIsText) writeDoubled(this.buffer, bytes, start, end);
    else this.base64Parts.add(this.buffer, bytes, start, end);
  }

  element(bytes: Uint8Array, start: number, end: number): void {
    this.beginRow();
    if (this.kind === ValueKind.List) this.buffer.integer(this.rows - 1);
    this.buffer.byte(COMMA);
    writeCell(this.buffer, bytes, start, end);
    this.endRow();
  }

  member(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.beginRow();
    writeCell(this.buffer, bytes, start, end);
    this.buffer.ascii(`,${scoreText(score)}`);
    this.endRow();
  }

  field(bytes: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number, expiryMs: number): void {
    this.beginRow();
    writeCell(this.buffer, bytes, start, end);
    this.buffer.byte(COMMA);
    writeCell(this.buffer, value, valueStart, valueEnd);
    this.endRow(expiryMs);
  }

  arrayElement(index: bigint, bytes: Uint8Array, start: number, end: number): void {
    this.beginRow();
    this.buffer.ascii(`${index},`);
    writeCell(this.buffer, bytes, start, end);
    this.endRow();
  }

  raw(bytes: Uint8Array, start: number, end: number): void {
    this.base64Parts.add(this.buffer, bytes, start, end);
  }

  streamNode(id: Uint8Array, idStart: number, bytes: Uint8Array, start: number, end: number): void {
    const { node, scratch } = this;
    node.open(id, idStart, bytes, start, end);
    while (node.next()) {
      if (node.isDeleted) continue;
      this.beginRow();
      this.buffer.ascii(`${idText(node.id, 0)},`);
      scratch.clear();
      for (let fields = 0; node.nextField(); fields++) {
        scratch.ascii(fields === 0 ? '[[' : '],[');
        writeJson(scratch, node.name, node.nameStart, node.nameEnd);
        scratch.byte(COMMA);
        writeJson(scratch, node.value, node.valueStart, node.valueEnd);
      }
      scratch.ascii(']]');
      writeCell(this.buffer, scratch.bytes, 0, scratch.length);
      this.endRow();
    }
  }

  end(): void {
    const { buffer, kind, largeIsText } = this;
    this.largeIsText = undefined;
    if (largeIsText !== undefined) {
      if (largeIsText) buffer.byte(QUOTE);
      else this.base64Parts.endBare(buffer);
      this.endRow();
    } else if (kind === ValueKind.String) {
      const text = this.held.length === 1 ? this.held[0] : Buffer.concat(this.held);
      this.element(text, 0, text.length);
    } else if (this.rows === 0) {
      this.beginRow();
      buffer.byte(COMMA);
      this.endRow();
    }
  }

  private beginLarge(isUtf8: boolean): void {
    this.beginRow();
    this.buffer.byte(COMMA);
    if (isUtf8) this.buffer.byte(QUOTE);
    else {
      this.buffer.raw(BASE64_MARK, 0, BASE64_MARK.length);
      this.base64Parts.beginBare();
    }
  }

  private beginRow(): void {
    this.rows++;
    this.buffer.raw(this.head.bytes, 0, this.head.length);
  }

  private endRow(fieldExpiryMs = -1): void {
    this.buffer.ascii(fieldExpiryMs < 0 ? `${this.tail},\r\n` : `${this.tail},${fieldExpiryMs}\r\n`);
  }
}

function writeCell(out: GrowingBuffer, bytes: Uint8Array, start: number, end: number): void {
  if (!isText(bytes, start, end) || beginsWithMark(bytes, start, end)) {
    out.raw(BASE64_MARK, 0, BASE64_MARK.length);
    out.base64(bytes, start, end);
  } else if (needsQuotes(bytes, start, end)) {
    out.byte(QUOTE);
    writeDoubled(out, bytes, start, end);
    out.byte(QUOTE);
  } else out.raw(bytes, start, end);
}

function beginsWithMark(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start >= BASE64_MARK.length && bytes[start] === BASE64_MARK[0] && BASE64_MARK.equals(bytes.subarray(start, start + BASE64_MARK.length));
}

/** Blanks, commas, quotes, line ends; an empty text too, so that it is not taken for none. */
function needsQuotes(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] <= COMMA && (bytes[i] <= 0x20 || bytes[i] === QUOTE || bytes[i] === COMMA)) return true;
  return start === end;
}

function writeDoubled(out: GrowingBuffer, bytes: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    if (bytes[i] === QUOTE) out.byte(QUOTE);
    out.byte(bytes[i]);
  }
}
