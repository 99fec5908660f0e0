/**
 * Changes on commands of the stream: each key gets its new name, databases their new number, times of expiry their new value. A command with one key in front,
 * which only gets another name, is copied around that key; others are read into their arguments.
 *
 * What cannot be said in the new names is decided by policy: commands that are not known, patterns that stand for keys (SORT ... BY, GET), and what empties or
 * swaps databases that are not the job's alone any more.
 */
import { CommandArguments } from '../command/command-arguments.ts';
import type { CommandTable } from '../command/command-table.ts';
import type { Command } from '../command/command.ts';
import { keyIndexes } from '../command/key-indexes.ts';
import { type KeyPlace, keyPlaceOf } from '../command/key-place.ts';
import { GodwitError } from '../errors/errors.ts';
import type { Batch } from '../model/batch.ts';
import { BatchEditor } from '../resp/batch-editor.ts';
import { MAP_RULES, type MapAnswer } from './across-map.ts';
import { CommandDraft } from './command-draft.ts';
import { type DatabaseMap, DROPPED } from './database-map.ts';
import { EXPIRY_RULES, type ExpiryAnswer, UNTIMED } from './expiry-words.ts';
import type { KeyRename } from './key-rename.ts';
import type { TransformCounts } from './transform-counts.ts';
import type { UntoldPolicy } from './transform-rules.ts';
import type { TtlChange } from './ttl-change.ts';

/** A command that was left out to be kept elsewhere; in the shape of a dead letter. */
export interface UntoldCommand {
  readonly offset: number;
  readonly database: number;
  readonly error: string;
  /** A copy. */
  readonly command: Uint8Array;
}

export interface StreamTransformParts {
  readonly rename: KeyRename;
  readonly databases: DatabaseMap;
  readonly ttl: TtlChange;
  readonly counts: TransformCounts;
  readonly onUntold: UntoldPolicy;
  readonly table: CommandTable;
}

/** What is known of a command by its name. */
interface Plan {
  readonly name: string;
  readonly command: Command;
  readonly keys: KeyPlace;
  /** Its arguments have to be read, whatever its keys. */
  readonly looks: boolean;
  /** Under other names of keys it touches more than the keys of the job. */
  readonly isWide: boolean;
}

const WIDE = new Set(['flushall', 'flushdb', 'swapdb', 'cluster|flushslot']);
const BY_PATTERN = new Set(['sort', 'sort_ro']);
const DEL = Buffer.from('DEL');
const STAR = 0x2a;

export class StreamTransform {
  private readonly parts: StreamTransformParts;
  private readonly plans = new Map<Command, Plan>();
  private readonly editor = new BatchEditor();
  private readonly args = new CommandArguments();
  private readonly draft = new CommandDraft();
  private readonly keys: number[] = [];
  private untold: UntoldCommand[] = [];
  private nowMs = 0;

  constructor(parts: StreamTransformParts) {
    this.parts = parts;
  }

  /**
   * Of a batch of commands. The batch that comes back is the same object unless it has more rows than that has room for; its bytes are others if a command
   * changed.
   * @param nowMs when they came from the source: what relative times count from, Unix ms
   * @throws GodwitError COMMAND_UNDECIDED with the offset, where the rules say stop
   */
  apply(batch: Batch, nowMs: number): Batch {
    const { editor } = this;
    const { count } = batch;
    this.nowMs = nowMs;
    editor.begin(batch);
    for (let row = 0; row < count; row++) this.row(batch, row);
    return editor.end();
  }

  /** Commands that were left out as dead letters since the last call. They are to be kept before a mark stands behind them. */
  takeUntold(): readonly UntoldCommand[] {
    const taken = this.untold;
    this.untold = [];
    return taken;
  }

  private row(batch: Batch, row: number): void {
    const { parts } = this;
    const { rename, databases, table } = parts;
    const command = table.find(batch.bytes, batch.start[row], batch.end[row]);
    if (command === undefined) {
      if (rename.isActive) return this.byPolicy(batch, row, 'its keys are not known');
      return this.keepIn(batch, row, databases.targetOf(batch.database[row]));
    }
    const plan = this.plans.get(command) ?? this.plan(command);
    if (plan.isWide && rename.isActive) return this.byPolicy(batch, row, 'it touches keys that are not in the names of the job');
    if (plan.looks) return this.looked(batch, row, plan);
    const to = databases.targetOf(batch.database[row]);
    if (to === DROPPED || plan.keys === 'none') return this.keepIn(batch, row, to);
    const [keyStart, keyEnd] = [batch.keyStart[row], batch.keyEnd[row]];
    if (keyEnd === 0 || !rename.rename(batch.bytes, keyStart, keyEnd)) return this.keepIn(batch, row, to);
    parts.counts.countRenamed(batch.bytes, keyStart, keyEnd, rename.bytes, rename.start, rename.end);
    this.editor.firstArgument(row, rename.bytes, rename.start, rename.end);
    this.setDatabase(batch.database[row], to);
  }

  /** With its arguments: database, then times, which read the keys as they came, then keys. */
  private looked(batch: Batch, row: number, plan: Plan): void {
    const { args, draft, parts } = this;
    if (!args.read(batch.bytes, batch.start[row], batch.end[row])) return this.keepIn(batch, row, parts.databases.targetOf(batch.database[row]));
    draft.begin(args);
    const answer = this.mapped(batch.database[row], plan);
    const to = parts.databases.targetOf(batch.database[row]);
    if (answer === 'untold') return this.byPolicy(batch, row, 'it touches databases that the map joins or leaves out');
    if (answer === 'drop') {
      parts.counts.dropped++;
      return;
    }
    const across = MAP_RULES[plan.name] !== undefined;
    if (to === DROPPED && !across) return this.keepIn(batch, row, to);
    if (parts.rename.isActive && BY_PATTERN.has(plan.name) && this.hasPattern()) return this.byPolicy(batch, row, 'it has a pattern that stands for keys');
    const time = this.timed(plan, answer);
    if (time === 'dropped') {
      parts.counts.dropped++;
      return;
    }
    keyIndexes(plan.command, args, this.keys);
    if (parts.rename.isActive) this.renameKeys();
    if (answer === 'leave') this.emitDel(row);
    else if (draft.isChanged) draft.emit(this.editor, row);
    else this.editor.keep(row);
    this.setDatabase(batch.database[row], across && to === DROPPED ? batch.database[row] : to);
    if (time === 'untimed' && parts.ttl.givesAll && plan.command.writes && !UNTIMED.has(plan.name)) this.addTimes(batch, row, to);
  }

  private mapped(database: number, { name }: Plan): MapAnswer {
    const { databases } = this.parts;
    return databases.isActive ? (MAP_RULES[name]?.(this.args, database, databases, this.draft) ?? 'go-on') : 'go-on';
  }

  private timed({ name }: Plan, answer: MapAnswer): ExpiryAnswer {
    const { ttl, counts } = this.parts;
    const rule = ttl.isActive && answer === 'go-on' ? EXPIRY_RULES[name] : undefined;
    if (rule === undefined) return answer === 'go-on' ? 'untimed' : 'changed';
    const { args, draft, nowMs } = this;
    const wasChanged = draft.isChanged;
    const time = rule({ args, draft, ttl, nowMs });
    if (time === 'dropped' || draft.isChanged !== wasChanged) counts.retimed++;
    return time;
  }

  private renameKeys(): void {
    const { args, draft, keys, parts } = this;
    const { rename, counts } = parts;
    let renamed = 0;
    for (const i of keys) {
      if (!rename.rename(args.bytes, args.start(i), args.end(i))) continue;
      if (renamed++ === 0) counts.countRenamed(args.bytes, args.start(i), args.end(i), rename.bytes, rename.start, rename.end);
      draft.set(i, rename.bytes, rename.start, rename.end);
    }
  }

  private emitDel(row: number): void {
    const { draft, args } = this;
    draft.set(0, DEL);
    for (let i = 2; i < args.count; i++) draft.remove(i);
    draft.emit(this.editor, row);
  }

  /** Every key that a command may have written gets its time in a command behind it. */
  private addTimes(batch: Batch, row: number, to: number): void {
    const { args, draft, keys, parts } = this;
    for (const i of keys) {
      draft.emitExpiry(this.editor, row, i, parts.ttl.change(-1, this.nowMs, args.bytes, args.start(i), args.end(i)));
      this.setDatabase(batch.database[row], to, false);
      parts.counts.retimed++;
    }
  }

  private hasPattern(): boolean {
    const { args } = this;
    for (let i = 2; i + 1 < args.count; i++) {
      if (args.is(i, 'LIMIT')) i += 2;
      else if (args.isAny(i, ['BY', 'GET']) && args.value(++i).includes(STAR)) return true;
    }
    return false;
  }

  private keepIn(batch: Batch, row: number, to: number): void {
    if (to === DROPPED) {
      this.parts.counts.dropped++;
      return;
    }
    this.editor.keep(row);
    this.setDatabase(batch.database[row], to);
  }

  private setDatabase(from: number, to: number, counts = true): void {
    if (from === to) return;
    this.editor.setDatabase(to);
    if (counts) this.parts.counts.moved++;
  }

  private byPolicy(batch: Batch, row: number, why: string): void {
    const { onUntold, counts, databases } = this.parts;
    const { database, endOffset, bytes, start, end } = batch;
    const to = databases.targetOf(database[row]);
    counts.untold++;
    this.args.read(bytes, start[row], end[row]);
    const name = this.args.count > 0 ? Buffer.from(this.args.value(0)).toString('latin1').toUpperCase() : 'command';
    const what = `${name} at offset ${endOffset[row]} (database ${database[row]}) cannot be said in the new names: ${why}`;
    if (onUntold === 'pass') this.keepIn(batch, row, to);
    else if (onUntold === 'stop') throw new GodwitError('COMMAND_UNDECIDED', what, { details: { offset: endOffset[row], database: database[row] } });
    else if (onUntold === 'dead-letter') {
      this.untold.push({ offset: endOffset[row], database: database[row], error: what, command: Uint8Array.from(bytes.subarray(start[row], end[row])) });
    }
  }

  private plan(command: Command): Plan {
    const { name } = command;
    const { databases, ttl } = this.parts;
    const keys = keyPlaceOf(command);
    const isTimed = ttl.isActive && (EXPIRY_RULES[name] !== undefined || (ttl.givesAll && command.writes));
    const plan: Plan = {
      name,
      command,
      keys,
      looks: keys === 'some' || isTimed || (databases.isActive && MAP_RULES[name] !== undefined),
      isWide: WIDE.has(name),
    };
    this.plans.set(command, plan);
    return plan;
  }
}
