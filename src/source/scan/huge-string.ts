/**
 * A string that is too large to be asked for at once, read in ranges. What is read is one value and not two halves of different ones: the key is watched from before
 * the first range on (WATCH changes nothing at the source), and an empty transaction behind the last one tells whether anybody has touched it.
 */
import { encodeCommand } from '../../resp/encode.ts';
import { ReplyKind, ReplySlab } from '../../resp/reply-slab.ts';
import type { AskLine } from './ask-line.ts';
import { commandHead, KeyCommands } from './key-commands.ts';

const WATCH = commandHead('WATCH');
const TYPE = commandHead('TYPE');
const STRLEN = commandHead('STRLEN');
const PTTL = commandHead('PTTL');

export class HugeString {
  readonly length: number;
  /** Unix ms by the clock of the source; -1 = none. */
  readonly expiryMs: number;
  private readonly line: AskLine;
  private readonly database: number;
  private readonly key: Uint8Array;
  private readonly generation: number;

  private constructor(line: AskLine, database: number, key: Uint8Array, facts: { readonly length: number; readonly expiryMs: number }) {
    this.line = line;
    this.database = database;
    this.key = key;
    this.length = facts.length;
    this.expiryMs = facts.expiryMs;
    this.generation = line.connection.generation;
  }

  /** undefined: it is no string, or none any more. */
  static async open(line: AskLine, database: number, key: Uint8Array): Promise<HugeString | undefined> {
    const commands = new KeyCommands(256);
    commands.addCommand(encodeCommand(['UNWATCH']));
    for (const head of [WATCH, TYPE, STRLEN, PTTL]) commands.add(head, key, 0, key.length);
    commands.addCommand(encodeCommand(['TIME']));
    const slab = new ReplySlab(64, 8);
    await line.ask(database, commands, slab);
    const [watched, type, length, left] = [1, 2, 3, 4];
    if (slab.kind[watched] !== ReplyKind.Status || slab.text(type) !== 'string' || slab.kind[length] !== ReplyKind.Integer) return undefined;
    const nowMs = Number(slab.text(5)) * 1_000 + Math.floor(Number(slab.text(6)) / 1_000);
    const leftMs = slab.kind[left] === ReplyKind.Integer ? slab.number[left] : -1;
    return new HugeString(line, database, key, { length: slab.number[length], expiryMs: leftMs < 0 ? -1 : nowMs + leftMs });
  }

  /** Bytes [from, to). undefined: it has changed. */
  async read(from: number, to: number): Promise<Buffer | undefined> {
    const commands = new KeyCommands(256);
    commands.addCommand(encodeCommand(['GETRANGE', this.key, from, to - 1]));
    const slab = new ReplySlab(to - from, 2);
    await this.line.ask(this.database, commands, slab);
    if (this.line.connection.generation !== this.generation || slab.kind[0] !== ReplyKind.Bulk || slab.end[0] - slab.start[0] !== to - from) return undefined;
    return slab.bytes.subarray(slab.start[0], slab.end[0]);
  }

  /** Nobody has touched it since open(). To be asked once, at the end. */
  async isUnchanged(): Promise<boolean> {
    const commands = new KeyCommands(256);
    for (const command of [['MULTI'], ['STRLEN', this.key], ['EXEC']]) commands.addCommand(encodeCommand(command));
    const slab = new ReplySlab(64, 8);
    await this.line.ask(this.database, commands, slab);
    return (
      this.line.connection.generation === this.generation && slab.kind[slab.count - 1] === ReplyKind.Integer && slab.number[slab.count - 1] === this.length
    );
  }
}
