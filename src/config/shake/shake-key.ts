/** One row of the table of shake.toml's keys: what RedisShake takes there, and which settings of Godwit it becomes. */
import type { JobKind } from '../option-kinds.ts';
import type { OptionKey } from '../schema.ts';
import type { ShakeType, ShakeValue } from './weak-value.ts';

export const READERS = ['sync_reader', 'scan_reader', 'rdb_reader', 'aof_reader'] as const;
export const WRITERS = ['file_writer', 'redis_writer'] as const;
export type ShakeReader = (typeof READERS)[number];
export type ShakeWriter = (typeof WRITERS)[number];
export type ShakeSection = ShakeReader | ShakeWriter | 'filter' | 'advanced' | 'module';

export interface NativeSetting {
  readonly key: OptionKey;
  /** As the file of Godwit would hold it. */
  readonly raw: unknown;
}

/** What a row may look at beside its own value. */
export interface ShakeContext {
  readonly kind: JobKind;
  readonly reader: ShakeReader | undefined;
  readonly writer: ShakeWriter | undefined;
  /** Value or default of another key. */
  value(section: ShakeSection, key: string): ShakeValue;
  isGiven(section: ShakeSection, key: string): boolean;
  /** RedisShake goes into its `dir` first, so that is what relative paths count from. Those to be read count from the working directory if there is nothing. */
  path(text: string, use: 'read' | 'write'): string;
}

export interface ShakeKey {
  readonly section: ShakeSection;
  /** Dotted for tables within a section. */
  readonly key: string;
  readonly type: ShakeType;
  readonly fallback: ShakeValue;
  /** The only words that RedisShake acts on. */
  readonly words?: readonly string[];
  /** Names that its documents have given the key. */
  readonly aliases?: readonly string[];
  /** For documents: the settings, or what stands in their place. */
  readonly becomes: string;
  /** For documents and `godwit explain`: what differs, or why there is nothing to set. */
  readonly note?: string;
  /** Without it the key has no effect here. */
  readonly map?: (value: ShakeValue, context: ShakeContext) => readonly NativeSetting[];
  /** Nothing is lost where the key has no effect: no warning. */
  readonly isHarmless?: boolean;
  /** The default becomes a setting too, because that of Godwit is another. */
  readonly mapsDefault?: boolean;
}

/** A setting with the same value, whatever it is. */
export function same(key: OptionKey): NonNullable<ShakeKey['map']> {
  return (value) => [{ key, raw: value }];
}
