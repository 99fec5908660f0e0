/** What a snapshot says of itself between its keys: aux fields, selected database, sizes, hash templates; and what was left out of it. */
import { HashTemplates } from './hash-templates.ts';
import { RdbOpcode } from './opcodes.ts';
import { corruptAt, lengthAt, lengthEnd, stringEnd } from './rdb-length.ts';
import { stringText } from './rdb-string.ts';

export interface DatabaseSize {
  /** As announced by the snapshot, for progress: not exact. */
  readonly keys: number;
  readonly keysWithExpiry: number;
}

/** Longer aux values are no facts but data. */
const AUX_BYTES_MAX = 1024;
const DATABASE_MAX = 0x7fffffff;

export class SnapshotFacts {
  /** redis-ver, valkey-ver, repl-stream-db, repl-id, repl-offset, ... */
  readonly aux = new Map<string, string>();
  readonly databaseSizes = new Map<number, DatabaseSize>();
  /** Hash templates (Redis 8.10). */
  readonly templates = new HashTemplates();
  /** Selected for the keys that follow. */
  database = 0;
  /** Aux data of modules, which no command can write. */
  moduleAuxLeftOut = 0;

  /** Takes the operands of an opcode, whole from `at` on. @throws GodwitError RDB_CORRUPT */
  apply(opcode: number, bytes: Uint8Array, at: number): void {
    const second = (): number => lengthAt(bytes, lengthEnd(bytes, at, bytes.length));
    if (opcode === RdbOpcode.SelectDb) this.selectDatabase(bytes, at);
    else if (opcode === RdbOpcode.ResizeDb) this.databaseSizes.set(this.database, { keys: lengthAt(bytes, at), keysWithExpiry: second() });
    else if (opcode === RdbOpcode.HashTemplate) this.templates.apply(bytes, at);
    else if (opcode === RdbOpcode.ModuleAux) this.moduleAuxLeftOut++;
    else if (opcode === RdbOpcode.Aux) this.setAux(bytes, at);
  }

  private selectDatabase(bytes: Uint8Array, at: number): void {
    this.database = lengthAt(bytes, at);
    if (this.database > DATABASE_MAX) throw corruptAt(at, `there cannot be a database ${this.database}`);
  }

  private setAux(bytes: Uint8Array, at: number): void {
    const value = stringText(bytes, stringEnd(bytes, at, bytes.length));
    if (value.length <= AUX_BYTES_MAX) this.aux.set(latin1(stringText(bytes, at)), latin1(value));
  }
}

/** True if the aux field at `at` has this name. */
export function isAuxNamed(bytes: Uint8Array, at: number, name: string): boolean {
  return latin1(stringText(bytes, at)) === name;
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes.subarray(0, AUX_BYTES_MAX)) text += String.fromCharCode(byte);
  return text;
}
