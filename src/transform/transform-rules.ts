/** What can be changed on the way without code, as plain data. docs/transforms.md explains it. */

/** Applied one after the other, each to what the one before has made of the key. */
export type RenameRule =
  /** Of keys that begin with `from`; an empty `from` adds, an empty `to` takes away. */
  | { readonly kind: 'prefix'; readonly from: Uint8Array; readonly to: Uint8Array }
  | { readonly kind: 'suffix'; readonly from: Uint8Array; readonly to: Uint8Array }
  /** The braces of the hash tag, where there is one: with `<` and `>`, `a{b}c` becomes `a<b>c`; empty ones take them away. */
  | { readonly kind: 'braces'; readonly open: Uint8Array; readonly close: Uint8Array }
  /** What stands in the braces. */
  | { readonly kind: 'tag'; readonly from: Uint8Array; readonly to: Uint8Array }
  /** Every place that fits. Syntax of Go and RE2; `$1`, `${1}`, `${name}` stand for groups, `$$` for a dollar. */
  | { readonly kind: 'regex'; readonly pattern: string; readonly replacement: string };

export interface DatabaseRules {
  /** Of the source, to that of the target. */
  readonly map: ReadonlyMap<number, number | 'drop'>;
  /** Databases that are not in the map. */
  readonly others: 'keep' | 'drop' | number;
}

/** In the order: persist, or set, or scale and add; then jitter, min, max. */
export interface TtlRules {
  /** No key expires. */
  readonly persist?: boolean;
  /** Every key gets this time to live, those without an expiry too. */
  readonly setMs?: number;
  /** Of what is left to live. */
  readonly scale?: number;
  readonly addMs?: number;
  /** Up to this much more, by the key: the same every time. */
  readonly jitterMs?: number;
  readonly minMs?: number;
  readonly maxMs?: number;
}

/** pass: let it through as it is; drop: leave it out; dead-letter: leave it out and hand it over to be kept; stop: an error. */
export type UntoldPolicy = 'pass' | 'drop' | 'dead-letter' | 'stop';

export interface TransformRules {
  readonly rename?: readonly RenameRule[];
  readonly databases?: DatabaseRules;
  readonly ttl?: TtlRules;
  /** A command that cannot be said in the new names: its keys are not known, or it touches keys that nobody has named. */
  readonly onUntold?: UntoldPolicy;
}
