/**
 * The rules on commands of the stream. Commands of a source transaction are judged one by one; what is left of it keeps its offset and stays one unit, and a
 * transaction of which nothing is left is gone.
 *
 * By what one look into a table gives: database, name and group, the type that the group works on. Then by keys, where rules ask for them: the first argument
 * where the command has that one key, which is read in place; else all keys of the command. Mixed ones: mixed-rule.ts.
 */
import { CommandArguments } from '../command/command-arguments.ts';
import type { CommandTable } from '../command/command-table.ts';
import type { Command } from '../command/command.ts';
import { keyIndexes } from '../command/key-indexes.ts';
import { type KeyPlace, keyPlaceOf } from '../command/key-place.ts';
import { GodwitError } from '../errors/errors.ts';
import type { Batch } from '../model/batch.ts';
import { BatchEditor } from '../resp/batch-editor.ts';
import { ACROSS_RULES, type AcrossAnswer } from './across-databases.ts';
import type { CompiledRules } from './compiled-rules.ts';
import type { EntryFilter } from './entry-filter.ts';
import type { Policies } from './filter-rules.ts';
import { MIXED_RULES, type MixedRule, type Word } from './mixed-rule.ts';

/** A command that was left out to be kept elsewhere; in the shape of a dead letter. */
export interface LeftOutCommand {
  readonly offset: number;
  readonly database: number;
  readonly error: string;
  /** A copy. */
  readonly command: Uint8Array;
}

/** What is known of a command by its name. */
interface Plan {
  readonly command: Command;
  /** Rule on name, group or type that it does not pass, as a negative number; or 0. */
  readonly refusal: number;
  readonly keys: KeyPlace;
  readonly isFlush: boolean;
  /** Its payload answers by type and size, as a value of a snapshot does. */
  readonly isRestore: boolean;
}

const FLUSHES = new Set(['flushall', 'flushdb', 'swapdb', 'cluster|flushslot']);
const DUMP_FOOTER_BYTES = 10;

export class StreamFilter {
  private readonly rules: CompiledRules;
  private readonly entries: EntryFilter;
  private readonly table: CommandTable;
  private readonly plans = new Map<Command, Plan>();
  private readonly editor = new BatchEditor();
  private readonly args = new CommandArguments();
  private readonly keys: number[] = [];
  private readonly wanted: boolean[] = [];
  private leftOut: LeftOutCommand[] = [];

  constructor(rules: CompiledRules, entries: EntryFilter, table: CommandTable) {
    this.rules = rules;
    this.entries = entries;
    this.table = table;
  }

  /**
   * Takes out of a batch of commands what does not pass. The batch that comes back is the same object unless it has more rows than that has room for; its bytes
   * are others if a command was split. @throws GodwitError COMMAND_UNDECIDED with the offset, where the rules say stop
   */
  apply(batch: Batch): Batch {
    if (!this.rules.isActive) return batch;
    const { editor } = this;
    const { count } = batch;
    editor.begin(batch);
    for (let row = 0; row < count; row++) this.row(batch, row);
    return editor.end();
  }

  /** Commands that were left out as dead letters since the last call. They are to be kept before a mark stands behind them. */
  takeLeftOut(): readonly LeftOutCommand[] {
    const taken = this.leftOut;
    this.leftOut = [];
    return taken;
  }

  private row(batch: Batch, row: number): void {
    const { bytes, start, end, database } = batch;
    const command = this.table.find(bytes, start[row], end[row]);
    if (command === undefined) return this.unknown(batch, row);
    const plan = this.plans.get(command) ?? this.plan(command);
    if (plan.refusal < 0) return this.drop(batch, row, -plan.refusal);
    const { databases } = this.rules;
    if (databases.isActive) {
      const across = ACROSS_RULES[command.name];
      if (across === undefined) {
        const refusal = databases.check(database[row]);
        if (refusal < 0) return this.drop(batch, row, -refusal);
      } else if (this.args.read(bytes, start[row], end[row])) {
        const answer = across(this.args, database[row], databases);
        if (answer !== 'go-on') return this.across(batch, row, answer, plan);
      }
    }
    if (!plan.isRestore && !this.rules.asksForKeys) return this.editor.keep(row);
    this.byKeys(batch, row, plan);
  }

  private byKeys(batch: Batch, row: number, plan: Plan): void {
    const { bytes, keyStart, keyEnd } = batch;
    if (plan.isRestore) {
      const refusal = this.ofPayload(batch, row);
      if (refusal < 0) return this.drop(batch, row, -refusal);
    }
    if (plan.keys === 'first') {
      const rule = this.rules.keys.check(bytes, keyStart[row], keyEnd[row]);
      return rule < 0 ? this.drop(batch, row, -rule) : this.keep(batch, row, rule);
    }
    if (plan.keys === 'none') return this.byPolicy(batch, row, plan.isFlush ? 'onFlush' : 'onKeyless', plan.command.name);
    this.bySomeKeys(batch, row, plan.command);
  }

  private bySomeKeys(batch: Batch, row: number, command: Command): void {
    const { args, keys, wanted } = this;
    if (!args.read(batch.bytes, batch.start[row], batch.end[row]) || keyIndexes(command, args, keys).length === 0) {
      return this.byPolicy(batch, row, 'onKeyless', command.name);
    }
    let [passing, rule] = [0, 0];
    for (let i = 0; i < keys.length; i++) {
      const answer = this.rules.keys.check(batch.bytes, args.start(keys[i]), args.end(keys[i]));
      wanted[i] = answer >= 0;
      if (wanted[i]) passing++;
      if (rule >= 0) rule = answer;
    }
    if (passing === keys.length) return this.keep(batch, row, rule);
    if (passing === 0) return this.drop(batch, row, -rule);
    this.mixed(batch, row, command);
  }

  private mixed(batch: Batch, row: number, command: Command): void {
    const { keys, wanted } = this;
    const { split, unwritten } = this.rules.policyRules;
    const rule: MixedRule | undefined = MIXED_RULES[command.name];
    if (rule?.kind === 'each') {
      this.count(batch, row, split);
      return this.keepEach(row, rule.step, rule.countAt);
    }
    if (rule?.kind === 'result' && !wanted[rule.result === 'first' ? 0 : keys.length - 1]) return this.drop(batch, row, unwritten);
    if (rule?.kind === 'move') {
      const words = wanted[0] ? rule.leaves(this.args) : rule.comes(this.args);
      if (words !== null) {
        this.count(batch, row, split);
        return this.say(row, words);
      }
    }
    this.byPolicy(batch, row, 'onMixed', command.name);
  }

  /** Only the wanted keys, each with what follows it, and whatever stands before the first and behind the last. */
  private keepEach(row: number, step: number, countAt: number): void {
    const { args, keys, wanted, editor } = this;
    const kept = keys.filter((_, i) => wanted[i]).length;
    const [first, behind] = [keys[0], keys[keys.length - 1] + step];
    editor.command(row, args.count - (keys.length - kept) * step);
    for (let i = 0; i < first; i++) {
      if (i === countAt && i > 0) editor.text(Buffer.from(String(kept)));
      else editor.range(args.start(i), args.end(i));
    }
    keys.forEach((key, i) => {
      if (!wanted[i]) return;
      for (let at = key; at < key + step; at++) editor.range(args.start(at), args.end(at));
    });
    for (let i = behind; i < args.count; i++) editor.range(args.start(i), args.end(i));
  }

  private say(row: number, words: readonly Word[]): void {
    const { args, editor } = this;
    editor.command(row, words.length);
    for (const word of words) {
      if (typeof word === 'number') editor.range(args.start(word), args.end(word));
      else editor.text(Buffer.from(word));
    }
  }

  private across(batch: Batch, row: number, answer: AcrossAnswer, plan: Plan): void {
    const { args, editor, rules } = this;
    const { policyRules, databases } = rules;
    if (answer === 'drop') return this.drop(batch, row, policyRules.unwritten);
    if (answer === 'undecided') return this.byPolicy(batch, row, plan.isFlush ? 'onFlush' : 'onMixed', plan.command.name);
    if (answer === 'leave') {
      const rule = rules.keys.check(batch.bytes, args.start(1), args.end(1));
      if (rule < 0) return this.drop(batch, row, -rule);
      this.count(batch, row, policyRules.split);
      return this.say(row, ['DEL', 1]);
    }
    if (rules.asksForKeys && rules.policies.onFlush !== 'pass') return this.byPolicy(batch, row, 'onFlush', plan.command.name);
    this.count(batch, row, policyRules.split);
    for (const database of databases.passing ?? []) {
      editor.command(row, args.count);
      editor.text(Buffer.from('FLUSHDB'));
      for (let i = 1; i < args.count; i++) editor.range(args.start(i), args.end(i));
      editor.setDatabase(database);
    }
  }

  private ofPayload(batch: Batch, row: number): number {
    const { args, entries } = this;
    if (!args.read(batch.bytes, batch.start[row], batch.end[row]) || args.count < 4 || args.isEmpty(3)) return this.rules.commands.ofUnknown(['restore']);
    return entries.ofPayload(batch.bytes[args.start(3)], args.end(3) - args.start(3) - 1 - DUMP_FOOTER_BYTES);
  }

  private unknown(batch: Batch, row: number): void {
    const { rules, args } = this;
    const refusal = rules.databases.check(batch.database[row]);
    if (refusal < 0) return this.drop(batch, row, -refusal);
    if (!args.read(batch.bytes, batch.start[row], batch.end[row])) return this.editor.keep(row);
    const words = Array.from({ length: Math.min(2, args.count) }, (_, i) => Buffer.from(args.value(i)).toString('latin1'));
    const unwanted = rules.commands.ofUnknown(words);
    if (unwanted < 0) return this.drop(batch, row, -unwanted);
    if (rules.asksForKeys) this.byPolicy(batch, row, 'onUnknown', words[0]);
    else this.editor.keep(row);
  }

  private byPolicy(batch: Batch, row: number, which: keyof Policies, name: string): void {
    const { rules } = this;
    const policy = rules.policies[which];
    this.count(batch, row, rules.policyRules[which]);
    const { database, endOffset, bytes, start, end } = batch;
    const shown = name.replace('|', ' ').toUpperCase();
    const what = `${shown} at offset ${endOffset[row]} (database ${database[row]}): ${rules.tally.labelOf(rules.policyRules[which])}`;
    if (policy === 'pass') this.editor.keep(row);
    else if (policy === 'stop')
      throw new GodwitError('COMMAND_UNDECIDED', what, { details: { offset: endOffset[row], database: database[row], policy: which } });
    else if (policy === 'dead-letter') {
      this.leftOut.push({ offset: endOffset[row], database: database[row], error: what, command: Uint8Array.from(bytes.subarray(start[row], end[row])) });
    }
  }

  private keep(batch: Batch, row: number, rule: number): void {
    if (rule > 0) this.count(batch, row, rule);
    this.editor.keep(row);
  }

  private drop(batch: Batch, row: number, rule: number): void {
    this.count(batch, row, rule);
  }

  private count(batch: Batch, row: number, rule: number): void {
    this.rules.tally.countKey(rule, batch.bytes, batch.keyStart[row], batch.keyEnd[row]);
  }

  private plan(command: Command): Plan {
    const { rules } = this;
    const { name } = command;
    const isRestore = name === 'restore' && (rules.types.isActive || rules.limits.isActive || rules.commands.isActive);
    const plan: Plan = {
      command,
      refusal: isRestore ? 0 : rules.commands.ofCommand(command) || rules.types.ofGroup(command.group),
      keys: keyPlaceOf(command),
      isFlush: FLUSHES.has(name),
      isRestore,
    };
    this.plans.set(command, plan);
    return plan;
  }
}
