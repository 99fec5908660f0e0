/** Where keys of the source go: the database map and the renaming rules of the job, forwards for keys of the source and backwards for those of the target. */
import { DatabaseMap, DROPPED } from '../../transform/database-map.ts';
import { KeyOrigins } from '../../transform/key-origins.ts';
import { KeyRename } from '../../transform/key-rename.ts';
import type { TransformRules } from '../../transform/transform-rules.ts';
import type { KeyRows } from './key-rows.ts';
import { keyAt, rowsOf } from './key-rows.ts';

export class KeyMapping {
  private readonly rename: KeyRename;
  private readonly origins: KeyOrigins;
  private readonly databases: DatabaseMap;

  constructor({ rename = [], databases }: TransformRules) {
    this.rename = new KeyRename(rename);
    this.origins = new KeyOrigins(rename);
    this.databases = new DatabaseMap(databases);
  }

  /** False: keys have the same names on both sides. */
  get renames(): boolean {
    return this.rename.isActive;
  }

  /** False: which key of the source a key of the target comes from cannot be told. */
  get canTellOrigins(): boolean {
    return this.origins.canTell;
  }

  /** undefined: it goes nowhere. */
  targetDatabase(database: number): number | undefined {
    const target = this.databases.targetOf(database);
    return target === DROPPED ? undefined : target;
  }

  /** The same object where nothing is renamed. */
  targetKeys(keys: KeyRows): KeyRows {
    const { rename } = this;
    if (!rename.isActive) return keys;
    const names: Uint8Array[] = [];
    for (let row = 0; row < keys.count; row++) {
      rename.rename(keys.bytes, keys.start[row], keys.end[row]);
      names.push(Buffer.from(rename.bytes.subarray(rename.start, rename.end)));
    }
    return rowsOf(names);
  }

  /** Names that a key of the target can have at the source. */
  sourceKeys(keys: KeyRows, row: number): readonly Uint8Array[] {
    const key = keyAt(keys, row);
    return this.rename.isActive ? this.origins.of(key) : [key];
  }
}
