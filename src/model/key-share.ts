/** Which keys of the whole one pipeline brings. Keys of the others at the target are not its own to delete. */
export type KeyShare =
  /** The source has one pipeline: all that the target holds of it came this way. */
  | { readonly kind: 'all' }
  /** A shard of a cluster. Slots change their owner while the job runs: ask anew each time. */
  | { readonly kind: 'slots'; owns(slot: number): boolean }
  /** One of several servers: which keys are its own cannot be told from their names. */
  | { readonly kind: 'unknown' };

export const ALL_KEYS: KeyShare = { kind: 'all' };
