/**
 * Reads a value as the export writes it into a ValueVisitor (target/file/json-writer.ts has the grammar), step by step: an element, a field with its value, or
 * an entry of a stream is taken whole or not at all; a string and what a module has written pass in parts.
 *
 * Where the whole value is in the window, an element, member or field that comes twice is refused: servers take a small packed value as it is, and break later. Large
 * values are written in forms that servers check.
 *
 *   values.begin(kind, visitor, isWhole)
 *   while (!values.read(reader)) bring more, from reader.at on
 */
import { VALUE_KIND_NAMES, ValueKind } from '../../model/value-kind.ts';
import type { ValueVisitor } from '../../rdb/values/value-visitor.ts';
import { JsonBytes } from './json-bytes.ts';
import { NEED_MORE } from './json-fault.ts';
import { CLOSE_LIST, CLOSE_OBJECT, COMMA, type JsonReader, OPEN_LIST, OPEN_OBJECT, QUOTE } from './json-reader.ts';
import { JsonStreamReader } from './json-stream-reader.ts';
import { JsonTextParts } from './json-text-parts.ts';
import { ModuleCheck } from './module-check.ts';

const INDEX = /^\d{1,20}$/;
const INDEX_MAX = 2n ** 64n - 2n;

export class JsonValueReader {
  private kind: ValueKind = ValueKind.String;
  private values!: ValueVisitor;
  private readonly first = new JsonBytes();
  private readonly second = new JsonBytes();
  private readonly text = new JsonTextParts();
  private readonly streams = new JsonStreamReader();
  private isOpen = false;
  private items = 0;
  private readonly module = new ModuleCheck();
  private hasNames = false;
  /** Elements of a set, members, fields: latin1. */
  private readonly seen = new Set<string>();
  /** Where parts of a text were taken to that is not at its end. */
  private takenTo = -1;

  begin(kind: ValueKind, values: ValueVisitor, isWhole: boolean): void {
    this.kind = kind;
    this.seen.clear();
    this.hasNames = isWhole && (kind === ValueKind.Set || kind === ValueKind.Zset || kind === ValueKind.Hash);
    this.values = values;
    this.isOpen = false;
    this.items = 0;
    this.text.begin();
    if (kind === ValueKind.Stream) this.streams.begin(values);
  }

  /** @returns true at the end of the value; false: reader.at is where to go on with more. @throws JsonFault; and what the visitor throws */
  read(reader: JsonReader): boolean {
    let { at } = reader;
    try {
      while (!this.step(reader)) ({ at } = reader);
      return true;
    } catch (error) {
      if (error !== NEED_MORE) throw error;
      reader.at = Math.max(at, this.takenTo);
      this.takenTo = -1;
      return false;
    }
  }

  private step(reader: JsonReader): boolean {
    const { kind } = this;
    if (kind === ValueKind.Stream) return this.streams.step(reader);
    if (kind === ValueKind.String) return this.stepString(reader);
    if (kind === ValueKind.Module) return this.stepModule(reader);
    if (!this.isOpen) {
      if (kind === ValueKind.Array) this.openArray(reader);
      else {
        reader.expect(OPEN_LIST);
        this.values.begin(kind, -1);
      }
      this.isOpen = true;
      return false;
    }
    if (reader.goesOn(this.items, CLOSE_LIST)) {
      this.readItem(reader);
      this.items++;
      return false;
    }
    if (kind === ValueKind.Array) reader.expect(CLOSE_OBJECT);
    else if (this.items === 0) throw reader.fault(`a ${VALUE_KIND_NAMES[kind]} without elements is not there at any server`);
    this.values.end();
    return true;
  }

  private readItem(reader: JsonReader): void {
    const { kind, first, second, values } = this;
    if (kind === ValueKind.List || kind === ValueKind.Set) {
      first.read(reader);
      if (this.hasNames) this.mustBeNew(reader);
      values.element(first.bytes, first.start, first.end);
      return;
    }
    reader.expect(OPEN_LIST);
    if (kind === ValueKind.Array) {
      const index = readIndex(reader);
      reader.expect(COMMA);
      first.read(reader);
      reader.expect(CLOSE_LIST);
      values.arrayElement(index, first.bytes, first.start, first.end);
      return;
    }
    first.read(reader);
    if (this.hasNames) this.mustBeNew(reader);
    reader.expect(COMMA);
    if (kind === ValueKind.Zset) {
      const score = readScore(reader);
      reader.expect(CLOSE_LIST);
      values.member(first.bytes, first.start, first.end, score);
      return;
    }
    second.read(reader);
    const expiryMs = reader.takes(COMMA) ? reader.integer() : -1;
    reader.expect(CLOSE_LIST);
    values.field(first.bytes, first.start, first.end, second.bytes, second.start, second.end, expiryMs);
  }

  private mustBeNew(reader: JsonReader): void {
    const name = this.first.latin1();
    if (this.seen.has(name)) throw reader.fault(`it comes twice in the ${VALUE_KIND_NAMES[this.kind]}`);
    this.seen.add(name);
  }

  private stepString(reader: JsonReader): boolean {
    if (!this.isOpen) this.values.begin(ValueKind.String, -1);
    this.isOpen = true;
    this.readParts(reader, this.takeText);
    this.values.end();
    return true;
  }

  private stepModule(reader: JsonReader): boolean {
    if (!this.isOpen) {
      reader.expect(OPEN_OBJECT);
      if (reader.name() !== 'raw') throw reader.fault('{"raw": {"base64": "..."}} should stand here');
      this.values.begin(ValueKind.Module, -1);
      this.module.begin();
      this.isOpen = true;
      return false;
    }
    if (this.items === 0) {
      this.readParts(reader, this.takeRaw);
      if (!this.module.end()) throw reader.fault('this is not what a module has written');
      this.items = 1;
      return false;
    }
    reader.expect(CLOSE_OBJECT);
    this.values.end();
    return true;
  }

  /** What was taken is not taken back. */
  private readParts(reader: JsonReader, take: (bytes: Uint8Array, start: number, end: number) => void): void {
    if (this.text.read(reader, take)) return;
    this.takenTo = reader.at;
    throw NEED_MORE;
  }

  private openArray(reader: JsonReader): void {
    reader.expect(OPEN_OBJECT);
    if (reader.name() !== 'cursor') throw reader.fault('"cursor" should come first');
    const cursor = reader.isWord('null') ? null : readIndex(reader);
    reader.expect(COMMA);
    if (reader.name() !== 'elements') throw reader.fault('"elements" should come next');
    reader.expect(OPEN_LIST);
    this.values.begin(ValueKind.Array, -1);
    this.values.arrayCursor(cursor);
  }

  private readonly takeText = (bytes: Uint8Array, start: number, end: number): void => this.values.text(bytes, start, end);

  private readonly takeRaw = (bytes: Uint8Array, start: number, end: number): void => {
    this.module.feed(bytes, start, end);
    this.values.raw(bytes, start, end);
  };
}

/** A number, or "inf" and "-inf". */
function readScore(reader: JsonReader): number {
  if (reader.peek() !== QUOTE) return reader.number();
  const { at } = reader;
  const word = reader.word();
  if (word === 'inf') return Number.POSITIVE_INFINITY;
  if (word === '-inf') return Number.NEGATIVE_INFINITY;
  throw reader.fault('a score is a number, "inf" or "-inf"', at);
}

/** A number, or digits as a string where a double would not hold it. */
function readIndex(reader: JsonReader): bigint {
  if (reader.peek() !== QUOTE) return BigInt(reader.integer());
  const { at } = reader;
  const word = reader.word();
  const index = INDEX.test(word) ? BigInt(word) : INDEX_MAX + 1n;
  if (index > INDEX_MAX) throw reader.fault('the index of an array should stand here', at);
  return index;
}
