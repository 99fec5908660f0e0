/** Which keys are wanted: by database, by how the name begins, by type. What is not asked about is wanted. */
import type { ValueKind } from '../model/value-kind.ts';

export interface KeyFilterOptions {
  readonly databases?: readonly number[];
  /** One of them is enough. */
  readonly prefixes?: readonly Uint8Array[];
  readonly kinds?: readonly ValueKind[];
}

export class KeyFilter {
  private readonly databases: ReadonlySet<number> | null;
  private readonly prefixes: readonly Uint8Array[];
  private readonly kinds: ReadonlySet<ValueKind> | null;

  /** Lists that are empty ask for nothing. */
  constructor({ databases = [], prefixes = [], kinds = [] }: KeyFilterOptions = {}) {
    this.databases = databases.length === 0 ? null : new Set(databases);
    this.prefixes = prefixes;
    this.kinds = kinds.length === 0 ? null : new Set(kinds);
  }

  /** False: everything is wanted. */
  get isActive(): boolean {
    return this.databases !== null || this.asksForKeys;
  }

  /** True if only keys with a name or type of their own can be told. */
  get asksForKeys(): boolean {
    return this.kinds !== null || this.prefixes.length > 0;
  }

  wantsDatabase(database: number): boolean {
    return this.databases === null || this.databases.has(database);
  }

  /** @param bytes bytes[start, end) is the key */
  wants(database: number, kind: ValueKind, bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.wantsDatabase(database)) return false;
    if (this.kinds !== null && !this.kinds.has(kind)) return false;
    return this.prefixes.length === 0 || this.prefixes.some((prefix) => beginsWith(bytes, start, end, prefix));
  }
}

function beginsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  if (end - start < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
  return true;
}
