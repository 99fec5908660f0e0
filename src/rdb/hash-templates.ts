/**
 * The registry of hash templates of a file (Redis 8.10): which fields the hashes have that refer to it. Skipping such a hash takes the number of
 * its fields, decoding it their names.
 *
 *   record = id count *name                                              ; a length, a length, strings
 */
import { lengthAt, lengthEnd, stringEnd } from './rdb-length.ts';
import { stringText } from './rdb-string.ts';
import type { TemplateNames } from './template-names.ts';

/** A template as plain JSON, names in base64. */
export type HashTemplateState = readonly [id: number, names: readonly string[]];

export class HashTemplates {
  /** Number of fields, by id. */
  readonly fields = new Map<number, number>();
  private readonly namesById = new Map<number, readonly Uint8Array[]>();
  private readonly states = new Map<number, HashTemplateState>();

  get names(): TemplateNames {
    return this.namesById;
  }

  /** Takes a record that is whole from `at` on. @throws GodwitError RDB_CORRUPT */
  apply(bytes: Uint8Array, at: number): void {
    const countAt = lengthEnd(bytes, at, bytes.length);
    const count = lengthAt(bytes, countAt);
    let from = lengthEnd(bytes, countAt, bytes.length);
    const names: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      names.push(stringText(bytes, from).slice());
      from = stringEnd(bytes, from, bytes.length);
    }
    this.set(lengthAt(bytes, at), names);
  }

  state(): HashTemplateState[] {
    return [...this.states.values()];
  }

  restore(states: readonly HashTemplateState[]): void {
    for (const [id, names] of states) {
      this.set(
        id,
        names.map((name) => Buffer.from(name, 'base64')),
      );
    }
  }

  private set(id: number, names: readonly Uint8Array[]): void {
    this.fields.set(id, names.length);
    this.namesById.set(id, names);
    this.states.set(id, [id, names.map((name) => Buffer.from(name).toString('base64'))]);
  }
}
