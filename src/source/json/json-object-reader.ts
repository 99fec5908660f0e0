/**
 * Reads one object of an export: a key with its value, or the code of a function library or script.
 *
 *   object = { "db", "key", "type", "ttl", "idle", "freq", "value" } / { "type": "function" / "script", "value": code }
 *
 * Members may come in any order where the whole object is in the window. Where it is not, "type" has to stand before "value", and values pass in steps.
 */
import { VALUE_KIND_NAMES, type ValueKind } from '../../model/value-kind.ts';
import type { ValueVisitor } from '../../rdb/values/value-visitor.ts';
import { JsonBytes } from './json-bytes.ts';
import { NEED_MORE } from './json-fault.ts';
import { CLOSE_OBJECT, type JsonReader, OPEN_OBJECT } from './json-reader.ts';
import { JsonValueReader } from './json-value-reader.ts';
import { MemberNames } from './member-names.ts';

type ObjectType = 'none' | 'value' | 'function' | 'script';

const MEMBERS = ['db', 'key', 'type', 'ttl', 'idle', 'freq', 'value'];
const DATABASE_MAX = 0x7fff_ffff;
const FREQ_MAX = 255;

export class JsonObjectReader {
  /** What it is, and its parts, known at the end. */
  type: ObjectType = 'none';
  database = 0;
  /** A copy. */
  key: Uint8Array = new Uint8Array(0);
  expiryMs = -1;
  idle = -1;
  freq = -1;
  /** Of a function library or script. Of one that was read whole, valid until the window moves. */
  readonly code = new JsonBytes();
  private kind: ValueKind = 0;
  private readonly names = new MemberNames(MEMBERS);
  private readonly keyText = new JsonBytes();
  private readonly value = new JsonValueReader();
  private values!: ValueVisitor;
  private isWhole = false;
  private part: 'begin' | 'members' | 'value' = 'begin';
  private members = 0;
  /** Of a value that came before its type. */
  private valueAt = -1;

  /** @param isWhole all of it is in the window, or it is begun anew when it turns out that it is not */
  begin(values: ValueVisitor, isWhole: boolean): void {
    this.values = values;
    this.isWhole = isWhole;
    this.type = 'none';
    this.database = 0;
    this.key = new Uint8Array(0);
    this.expiryMs = -1;
    this.idle = -1;
    this.freq = -1;
    this.names.begin();
    this.part = 'begin';
    this.members = 0;
    this.valueAt = -1;
  }

  /** @returns true behind the object; false: reader.at is where to go on with more. @throws JsonFault; and what the visitor throws */
  read(reader: JsonReader): boolean {
    let { at } = reader;
    try {
      for (;;) {
        if (this.part === 'value') {
          if (!this.value.read(reader)) return false;
          this.endMember('value');
        } else if (!this.step(reader)) return true;
        ({ at } = reader);
      }
    } catch (error) {
      if (error !== NEED_MORE) throw error;
      reader.at = at;
      return false;
    }
  }

  /** @returns false at the end */
  private step(reader: JsonReader): boolean {
    if (this.part === 'begin') {
      reader.expect(OPEN_OBJECT);
      this.part = 'members';
      return true;
    }
    if (!reader.goesOn(this.members, CLOSE_OBJECT)) {
      this.finish(reader);
      return false;
    }
    const name = this.names.read(reader);
    if (name === 'value') this.beginValue(reader);
    else {
      this.readMember(name, reader);
      this.endMember(name);
    }
    return true;
  }

  private readMember(name: string, reader: JsonReader): void {
    reader.peek();
    const { at } = reader;
    if (name === 'key') {
      this.keyText.read(reader);
      this.key = this.keyText.copy();
    } else if (name === 'type') this.setType(reader.word(), reader, at);
    else {
      const n = reader.integer();
      if ((name === 'db' && n > DATABASE_MAX) || (name === 'freq' && n > FREQ_MAX)) throw reader.fault(`${JSON.stringify(name)} cannot be ${n}`, at);
      if (name === 'db') this.database = n;
      else if (name === 'ttl') this.expiryMs = n;
      else if (name === 'idle') this.idle = n;
      else this.freq = n;
    }
  }

  private setType(word: string, reader: JsonReader, at: number): void {
    const kind = VALUE_KIND_NAMES.findIndex((name) => name === word);
    if (word === 'function' || word === 'script') this.type = word;
    else if (kind >= 0) {
      this.type = 'value';
      this.kind = kind as ValueKind;
    } else throw reader.fault(`${JSON.stringify(word)} is no type; known are ${VALUE_KIND_NAMES.join(', ')}, function, script`, at);
  }

  private beginValue(reader: JsonReader): void {
    if (this.type === 'none') {
      if (!this.isWhole) throw reader.fault('"type" has to stand before "value" in an object as large as this one');
      reader.peek();
      this.valueAt = reader.at;
      reader.skipValue();
      this.endMember('value');
    } else if (this.type === 'value') {
      this.part = 'value';
      this.value.begin(this.kind, this.values, this.isWhole);
    } else {
      this.code.read(reader);
      if (!this.isWhole) this.code.keep();
      this.endMember('value');
    }
  }

  private endMember(name: string): void {
    this.names.take(name);
    this.members++;
    this.part = 'members';
  }

  private finish(reader: JsonReader): void {
    const { at } = reader;
    const isKey = this.type === 'value';
    this.names.mustHave(reader, 'type', ...(isKey ? ['key'] : []), 'value');
    for (const name of isKey ? [] : MEMBERS.slice(0, -1)) {
      if (name !== 'type' && name !== 'db' && this.names.has(name)) throw reader.fault(`a ${this.type} has no ${JSON.stringify(name)}`);
    }
    if (this.valueAt < 0) return;
    reader.at = this.valueAt;
    if (isKey) {
      this.value.begin(this.kind, this.values, this.isWhole);
      this.value.read(reader);
    } else this.code.read(reader);
    reader.at = at;
  }
}
