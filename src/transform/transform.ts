/**
 * Changes on the way that need no code: names of keys, databases, times of expiry. docs/transforms.md says what they mean and how they are built into a
 * pipeline.
 *
 *   const transform = new Transform(rules);
 *   batch = transform.entries.apply(batch, nowMs)      values of a snapshot
 *   batch = transform.stream.apply(batch, nowMs)       commands
 *
 * Behind the filter, which sees the names of the source. Pure and synchronous. One per pipeline: it counts.
 */
import { builtInCommands } from '../command/built-in-commands.ts';
import type { CommandTable } from '../command/command-table.ts';
import { DatabaseMap } from './database-map.ts';
import { EntryTransform } from './entry-transform.ts';
import { KeyRename } from './key-rename.ts';
import { StreamTransform } from './stream-transform.ts';
import { TransformCounts } from './transform-counts.ts';
import type { TransformRules } from './transform-rules.ts';
import { TtlChange } from './ttl-change.ts';

export class Transform {
  /** False: nothing changes. */
  readonly isActive: boolean;
  readonly entries: EntryTransform;
  readonly stream: StreamTransform;
  readonly counts = new TransformCounts();

  /**
   * @param table what the source says of its commands (tableForSource), or the built-in one
   * @throws GodwitError CONFIG_INVALID for a rule that cannot be
   */
  constructor(rules: TransformRules, table: CommandTable = builtInCommands) {
    const rename = new KeyRename(rules.rename ?? []);
    const databases = new DatabaseMap(rules.databases);
    const ttl = new TtlChange(rules.ttl);
    const { counts } = this;
    this.isActive = rename.isActive || databases.isActive || ttl.isActive;
    this.entries = new EntryTransform(rename, databases, ttl, counts);
    this.stream = new StreamTransform({ rename, databases, ttl, counts, onUntold: rules.onUntold ?? 'stop', table });
  }
}
