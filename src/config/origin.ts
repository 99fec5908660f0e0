/** Where a value of the configuration came from. */
export type Origin =
  | { readonly kind: 'argument'; readonly name: string }
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string; readonly line: number }
  /** Of a key that a shake.toml leaves out. */
  | { readonly kind: 'shake-default' }
  | { readonly kind: 'default' };

const RANKS: Record<Origin['kind'], number> = { argument: 4, flag: 4, env: 3, file: 2, 'shake-default': 1, default: 0 };

/** The higher rank wins: flag > environment > file > default. */
export function originRank(origin: Origin): number {
  return RANKS[origin.kind];
}

/** `flag --on-existing`, `env GODWIT_X`, `godwit.toml:12`, `argument SOURCE`, `default` */
export function originName(origin: Origin): string {
  if (origin.kind === 'default') return 'default';
  if (origin.kind === 'shake-default') return 'default of RedisShake';
  return origin.kind === 'file' ? `${origin.path}:${origin.line}` : `${origin.kind} ${origin.name}`;
}
