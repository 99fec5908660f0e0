/** What kind of value a key holds, whatever its encoding: the words of the TYPE command, in the order of what fields they need. */
export const ValueKind = {
  String: 0,
  List: 1,
  Set: 2,
  Zset: 3,
  Hash: 4,
  Stream: 5,
  /** Redis 8.8. */
  Array: 6,
  /** A value of a module: opaque. */
  Module: 7,
} as const;

export type ValueKind = (typeof ValueKind)[keyof typeof ValueKind];

/** As TYPE says it; a module's own name is not known here. */
export const VALUE_KIND_NAMES = ['string', 'list', 'set', 'zset', 'hash', 'stream', 'array', 'module'] as const;
