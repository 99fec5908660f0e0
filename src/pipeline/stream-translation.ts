/**
 * What happens to commands of the stream between decoder and sender: those that the target does not take in their form are rewritten, times of expiry
 * that have passed are held, and it is found out whether the batch may be applied twice. Most commands need no look at their arguments.
 *
 * Times that have passed, or may have by the time they arrive: a target deletes a key whose expiry is set to one, and what the source did to the key
 * afterwards (a later expiry, an increment) would meet none. So the key is kept for an hour; the source's own DEL, which it sends when it expires the key,
 * is still to come.
 */
import { type Command } from '../command/command.ts';
import { CommandArguments } from '../command/command-arguments.ts';
import { builtInCommands } from '../command/built-in-commands.ts';
import type { CommandTable } from '../command/command-table.ts';
import type { TalliedCommand, CommandTally } from '../command/command-tally.ts';
import { keyIndexes } from '../command/key-indexes.ts';
import { repeatability, repeatabilityByName, type Repeatability } from '../command/repeatability.ts';
import { CommandRewriter } from '../command/rewrite/command-rewriter.ts';
import { commands, PASSTHROUGH, type RewrittenCommands } from '../command/rewrite/rewritten.ts';
import type { OnUnsupported } from '../config/sync-config.ts';
import type { Batch } from '../model/batch.ts';
import type { ServerVersion } from '../model/server-version.ts';
import { heldExpiry } from '../target/held-expiry.ts';
import type { LossOutcome, LossReport } from '../target/loss-report.ts';

export interface Unsupported {
  readonly row: number;
  readonly reason: string;
}

/** What is known of a command by its name. */
interface Plan {
  readonly command: Command;
  readonly rewrite: boolean;
  readonly repeatable: Repeatability | 'look';
  /** Index of the time of expiry (SET: looked for from there on), 0 = none. */
  readonly expiry: number;
  readonly isSet: boolean;
  readonly count: TalliedCommand;
}

const EXPIRY_AT: Readonly<Record<string, number>> = { pexpireat: 2, set: 3 };
/** Where nobody counts, and for what stands for values of a snapshot. */
const UNCOUNTED: TalliedCommand = { read: 0, sent: 0 };
const TIME_WORDS = ['PXAT'];

export interface StreamTranslationOptions {
  /** What the source itself knows; the built-in table unless told. */
  readonly table?: CommandTable;
  /** Libraries of functions come from several sources. */
  readonly replaceFunctions?: boolean;
  /** Commands of the stream are counted there. */
  readonly tally?: CommandTally;
  /** A key is held over its expiry. @param key only valid during the call */
  onHeld?(database: number, key: Uint8Array, expiryMs: number, heldMs: number): void;
}

export class StreamTranslation {
  /** Rows that go in other words; of the last batch. */
  readonly replaced = new Map<number, RewrittenCommands>();
  /** Rows that the target cannot be made to apply and that may not be left out; of the last batch. */
  readonly unsupported: Unsupported[] = [];
  /** Rows whose expiry has passed or is about to, and what their keys are given instead; of the last batch. */
  readonly held: { readonly row: number; readonly expiryMs: number; readonly heldMs: number }[] = [];
  private readonly onUnsupported: OnUnsupported;
  private readonly losses: LossReport;
  /** Of all batches so far: commands up to this offset may be repeated. What comes behind it goes in transactions, which are applied once only. */
  repeatableUntil = Number.POSITIVE_INFINITY;
  /** By row of the last batch: what it is (undefined: not known), and whether it may be applied twice by itself. */
  readonly rowCommands: (Command | undefined)[] = [];
  rowRepeatable = new Uint8Array(0);
  private readonly rewriter: CommandRewriter | undefined;
  private readonly table: CommandTable;
  private readonly options: StreamTranslationOptions;
  private readonly args = new CommandArguments();
  private readonly plans = new Map<Command, Plan>();
  private isStream = true;

  /**
   * @param target undefined: not known, commands go as they are
   * @param losses what is left out or loses something is counted and named here
   */
  constructor(target: ServerVersion | undefined, onUnsupported: OnUnsupported, losses: LossReport, options: StreamTranslationOptions = {}) {
    this.table = options.table ?? builtInCommands;
    this.options = options;
    this.onUnsupported = onUnsupported;
    this.losses = losses;
    this.rewriter = target === undefined ? undefined : new CommandRewriter(target);
  }

  /**
   * Looks at all rows. True if every one may be repeated and none belongs to a transaction of the source, which stays whole.
   * @param isStream false: they stand for values of a snapshot, and their offsets are others
   */
  translate(batch: Batch, nowMs: number, isStream = true): boolean {
    this.isStream = isStream;
    this.replaced.clear();
    this.unsupported.length = 0;
    this.held.length = 0;
    const { count, endOffset } = batch;
    if (this.rowRepeatable.length < count) this.rowRepeatable = new Uint8Array(batch.capacity);
    const { rowRepeatable } = this;
    let repeatable = true;
    for (let row = 0; row < count; row++) {
      const inTransaction = row + 1 < count && endOffset[row] === endOffset[row + 1];
      const mayRepeat = this.row(batch, row, nowMs);
      rowRepeatable[row] = mayRepeat ? 1 : 0;
      if (mayRepeat && !inTransaction) continue;
      repeatable = false;
      if (isStream) this.repeatableUntil = Math.min(this.repeatableUntil, endOffset[row] - 1);
    }
    this.losses.flush();
    return repeatable;
  }

  /** @returns may it be repeated? */
  private row(batch: Batch, row: number, nowMs: number): boolean {
    const { bytes, start, end } = batch;
    const command = this.table.find(bytes, start[row], end[row]);
    this.rowCommands[row] = command;
    if (command === undefined) {
      if (this.isStream && this.options.tally !== undefined) this.options.tally.of(undefined).sent++;
      return false;
    }
    const plan = this.plans.get(command) ?? this.plan(command);
    if (this.isStream) plan.count.sent++;
    if (this.options.replaceFunctions && command.name === 'function|load') this.replaceFunction(batch, row);
    if (!plan.rewrite && plan.repeatable !== 'look' && plan.expiry === 0) return plan.repeatable === 'repeatable';
    if (plan.isSet && isPlainSet(bytes, start[row])) return true;
    const { args } = this;
    if (!args.read(bytes, start[row], end[row])) return false;
    const held = plan.expiry > 0 && args.count > plan.expiry ? this.hold(plan, batch.database[row], row, nowMs) : undefined;
    // What is rewritten is the command that holds its key.
    if (held !== undefined) args.read(held.bytes, 0, held.bytes.length);
    if (plan.rewrite) this.rewrite(plan.command, batch, row, nowMs);
    if (held !== undefined && !this.replaced.has(row)) this.replaced.set(row, held);
    return plan.repeatable === 'look' ? repeatability(command, args) === 'repeatable' : plan.repeatable === 'repeatable';
  }

  /** Every shard of a source sends the same libraries: the second one is to replace the first. */
  private replaceFunction({ bytes, start, end }: Batch, row: number): void {
    const { args } = this;
    if (args.read(bytes, start[row], end[row]) && args.count === 3)
      this.replaced.set(row, commands(['FUNCTION', 'LOAD', 'REPLACE', Buffer.from(args.value(2))]));
  }

  private plan(command: Command): Plan {
    const rewrite = this.rewriter?.concerns(command) ?? false;
    const { name } = command;
    const count = this.options.tally?.of(command) ?? UNCOUNTED;
    const plan: Plan = { command, rewrite, repeatable: repeatabilityByName(command), expiry: EXPIRY_AT[name] ?? 0, isSet: name === 'set', count };
    this.plans.set(command, plan);
    return plan;
  }

  private rewrite(command: Command, batch: Batch, row: number, nowMs: number): void {
    const rewritten = this.rewriter?.rewrite(command, this.args, nowMs) ?? PASSTHROUGH;
    if (rewritten.kind === 'commands') this.replaced.set(row, rewritten);
    else if (rewritten.kind === 'unsupported' && this.onUnsupported === 'stop') this.unsupported.push({ row, reason: rewritten.reason });
    else if (rewritten.kind === 'unsupported') {
      const instead = this.onUnsupported === 'degrade' ? rewritten.instead : undefined;
      this.nameLosses(command, batch, row, instead === undefined ? 'left-out' : 'degraded', rewritten.reason);
      this.replaced.set(row, instead ?? commands());
    }
  }

  /** A command is one loss for each of its keys; one without keys is named by itself. */
  private nameLosses(command: Command, batch: Batch, row: number, outcome: LossOutcome, reason: string): void {
    const indexes = keyIndexes(command, this.args);
    const keys = indexes.length === 0 ? [null] : indexes.map((index) => this.args.value(index));
    const [database, offset] = [batch.database[row], batch.endOffset[row]];
    const name = command.name.replace('|', ' ').toUpperCase();
    for (const key of keys) this.losses.add({ outcome, database, key, command: name, reason, offset });
  }

  /** @returns undefined if the time is still to come */
  private hold({ isSet, expiry }: Plan, database: number, row: number, nowMs: number): RewrittenCommands | undefined {
    const { args } = this;
    const at = isSet ? args.find(TIME_WORDS, expiry) + 1 : expiry;
    if (at === 0) return undefined;
    const expiryMs = args.integer(at);
    const heldMs = heldExpiry(expiryMs, nowMs);
    if (!Number.isSafeInteger(expiryMs) || heldMs === expiryMs) return undefined;
    this.held.push({ row, expiryMs, heldMs });
    this.options.onHeld?.(database, args.value(1), expiryMs, heldMs);
    return commands(Array.from({ length: args.count }, (_, i) => (i === at ? heldMs : Buffer.from(args.value(i)))));
  }
}

/** `*3`: without options. */
function isPlainSet(bytes: Uint8Array, start: number): boolean {
  return bytes[start + 1] === 0x33 && bytes[start + 2] === 0x0d;
}
