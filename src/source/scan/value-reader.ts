/**
 * Reads values as they are: DUMP, and when they expire, over several connections by turns. Expiries are absolute by the clock of the source: PEXPIRETIME, or before
 * Redis 7.0 PTTL between two TIMEs; in a database without any key that expires none is asked for, which INFO proves behind each part. What the target wants to know for its eviction is asked before DUMP, which is a use of the key itself (unless CLIENT NO-TOUCH
 * is known, 7.2).
 */
import { atLeast, type ServerVersion } from '../../model/server-version.ts';
import { encodeCommand } from '../../resp/encode.ts';
import { ReplyKind, ReplySlab } from '../../resp/reply-slab.ts';
import type { AskLine } from './ask-line.ts';
import { commandHead, KeyCommands } from './key-commands.ts';
import { type ReadValues, type ValuePart, ValueState } from './value-part.ts';

const SLAB_BYTES = 320 * 1024;
/** Larger ones are not kept. */
const SLAB_KEPT_BYTES_MAX = 1024 * 1024;
const SLABS_KEPT = 16;
const ITEMS = 2_048;

const DUMP = commandHead('DUMP');
const PEXPIRETIME = commandHead('PEXPIRETIME');
const PTTL = commandHead('PTTL');
const IDLETIME = commandHead('OBJECT', 'IDLETIME');
const FREQ = commandHead('OBJECT', 'FREQ');
const TIME = encodeCommand(['TIME']);
const INFO_KEYSPACE = encodeCommand(['INFO', 'keyspace']);
/** Two bulks. */
const TIME_ITEMS = 2;

export interface ValueReaderOptions {
  readonly lines: readonly AskLine[];
  version(): ServerVersion | undefined;
  /** What the target evicts by. */
  readonly evictsBy: 'lru' | 'lfu' | undefined;
}

export class ValueReader {
  private readonly options: ValueReaderOptions;
  private readonly slabs: ReplySlab[] = [];
  private readonly commands: KeyCommands[] = [];
  /** Databases in which keys expire. */
  private readonly expiring = new Set<number>();
  private next = 0;

  constructor(options: ValueReaderOptions) {
    this.options = options;
  }

  /** Of a part that is not huge. What it returns is the caller's until giveBack(). */
  async read(part: ValuePart): Promise<ReadValues> {
    const { lines } = this.options;
    const line = lines[this.next++ % lines.length];
    const { chunk, keys } = part;
    const slab = this.slabs.pop() ?? new ReplySlab(SLAB_BYTES, ITEMS);
    const count = keys.length;
    const keyStart = new Uint32Array(count);
    const keyEnd = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      keyStart[i] = slab.append(chunk.bytes, chunk.start[keys[i]], chunk.end[keys[i]]);
      keyEnd[i] = slab.length;
    }
    const values: ReadValues = {
      slab,
      count,
      keyStart,
      keyEnd,
      state: new Uint8Array(count),
      start: new Uint32Array(count),
      end: new Uint32Array(count),
      expiryMs: new Float64Array(count).fill(-1),
      idle: new Float64Array(count).fill(-1),
      freq: new Int16Array(count).fill(-1),
      refusal: undefined,
    };
    return count === 0 ? values : this.fill(values, line, chunk.database);
  }

  giveBack({ slab }: ReadValues): void {
    if (this.slabs.length >= SLABS_KEPT || slab.bytes.length > SLAB_KEPT_BYTES_MAX) return;
    slab.reset();
    this.slabs.push(slab);
  }

  private async fill(values: ReadValues, line: AskLine, database: number): Promise<ReadValues> {
    const { slab, count, keyStart, keyEnd } = values;
    const { evictsBy } = this.options;
    const asksExpiry = this.expiring.has(database);
    const commands = this.emptyCommands();
    const isTimed = asksExpiry && !this.isAbsolute();
    if (isTimed) commands.addCommand(TIME);
    for (let i = 0; i < count; i++) {
      if (evictsBy !== undefined) commands.add(evictsBy === 'lru' ? IDLETIME : FREQ, slab.bytes, keyStart[i], keyEnd[i]);
      commands.add(DUMP, slab.bytes, keyStart[i], keyEnd[i]);
      if (asksExpiry) this.addExpiry(commands, values, i);
    }
    if (isTimed) commands.addCommand(TIME);
    else if (!asksExpiry) commands.addCommand(INFO_KEYSPACE);
    await line.ask(database, commands, slab);
    this.commands.push(commands);
    const first = isTimed ? TIME_ITEMS : 0;
    const each = (evictsBy === undefined ? 1 : 2) + (asksExpiry ? 1 : 0);
    for (let i = 0, item = first; i < count; i++, item += each) {
      const dump = evictsBy === undefined ? item : item + 1;
      if (dump > item && slab.kind[item] === ReplyKind.Integer) (evictsBy === 'lru' ? values.idle : values.freq)[i] = slab.number[item];
      values.start[i] = slab.start[dump];
      values.end[i] = slab.end[dump];
      values.state[i] = stateOf(slab, dump);
      if (values.state[i] === ValueState.Refused) values.refusal ??= slab.errorOf(dump);
    }
    if (asksExpiry) this.readExpiries(values, first + each - 1, each);
    else if (expiresIn(slab.text(slab.count - 1), database)) {
      this.expiring.add(database);
      await this.askExpiries(values, line, database);
    }
    return values;
  }

  /** It has turned out that keys expire there. */
  private async askExpiries(values: ReadValues, line: AskLine, database: number): Promise<void> {
    const commands = this.emptyCommands();
    const isTimed = !this.isAbsolute();
    const before = values.slab.count;
    if (isTimed) commands.addCommand(TIME);
    for (let i = 0; i < values.count; i++) this.addExpiry(commands, values, i);
    if (isTimed) commands.addCommand(TIME);
    await line.ask(database, commands, values.slab);
    this.commands.push(commands);
    this.readExpiries(values, before + (isTimed ? TIME_ITEMS : 0), 1);
  }

  private addExpiry(commands: KeyCommands, { slab, keyStart, keyEnd }: ReadValues, i: number): void {
    commands.add(this.isAbsolute() ? PEXPIRETIME : PTTL, slab.bytes, keyStart[i], keyEnd[i]);
  }

  /** @param first item of the first key's; the TIMEs stand around all, where there are any */
  private readExpiries(values: ReadValues, first: number, each: number): void {
    const { slab, count, state } = values;
    const isAbsolute = this.isAbsolute();
    const lastMs = isAbsolute ? 0 : timeAt(slab, slab.count - TIME_ITEMS);
    const firstMs = isAbsolute ? 0 : timeAt(slab, each === 1 ? first - TIME_ITEMS : 0);
    for (let i = 0, item = first; i < count; i++, item += each) {
      const left = slab.kind[item] === ReplyKind.Integer ? slab.number[item] : -1;
      if (left >= 0) values.expiryMs[i] = isAbsolute ? left : Math.round(firstMs + ((lastMs - firstMs) * i) / count) + left;
      else if (left === -2) state[i] = state[i] === ValueState.There ? ValueState.Gone : state[i];
      if (state[i] !== ValueState.There || slab.kind[item] !== ReplyKind.Error) continue;
      state[i] = stateOf(slab, item);
      if (state[i] === ValueState.Refused) values.refusal ??= slab.errorOf(item);
    }
  }

  private emptyCommands(): KeyCommands {
    const commands = this.commands.pop() ?? new KeyCommands(ITEMS * 48);
    commands.reset();
    return commands;
  }

  private isAbsolute(): boolean {
    const version = this.options.version();
    return version !== undefined && (version.product === 'valkey' || atLeast(version, 7));
  }
}

function stateOf(slab: ReplySlab, item: number): number {
  if (slab.kind[item] === ReplyKind.Bulk) return ValueState.There;
  if (slab.kind[item] === ReplyKind.Null) return ValueState.Gone;
  return /^(?:MOVED|ASK) /.test(slab.errorOf(item) ?? '') ? ValueState.Elsewhere : ValueState.Refused;
}

function timeAt(slab: ReplySlab, item: number): number {
  return Number(slab.text(item)) * 1_000 + Math.floor(Number(slab.text(item + 1)) / 1_000);
}

/** @param info INFO keyspace */
function expiresIn(info: string, database: number): boolean {
  return new RegExp(`^db${database}:keys=\\d+,expires=[1-9]`, 'm').test(info);
}
