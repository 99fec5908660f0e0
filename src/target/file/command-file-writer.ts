/**
 * Keys as the commands that make them, with SELECT where the database changes: in RESP (resp, aof: for `redis-cli --pipe`, or as an AOF), or as lines for
 * people and `redis-cli` (cmd). Each key is removed first, so that the file can be applied twice. A value too large for one piece is built under a temporary
 * key of its own and renamed, so that no reader sees half of it and the writer holds a piece only.
 */
import { ValueCommands } from '../value-commands.ts';
import { atLeast, type ServerVersion } from '../../model/server-version.ts';
import type { ValueKind } from '../../model/value-kind.ts';
import type { LostDetails } from '../../rdb/encode/lost-details.ts';
import type { StreamConsumer, StreamFacts, StreamGroup, StreamIdempotence } from '../../rdb/values/value-visitor.ts';
import { ArgumentBuffer } from '../argument-buffer.ts';
import { GrowingBuffer } from '../../bytes/growing-buffer.ts';
import type { ContentWriter, KeyHead } from './export-writer.ts';
import { writeCommandLines } from './command-lines.ts';

/** What is older than this has it all, and what is newer takes its words: field expiry by HPEXPIREAT, which Valkey 9 knows too. */
const NEWEST: ServerVersion = { product: 'redis', text: '7.4.0', major: 7, minor: 4, patch: 0 };
const nothing = (): void => {};

export class CommandFileWriter implements ContentWriter {
  readonly buffer = new GrowingBuffer();
  private readonly asLines: boolean;
  private readonly commands: ValueCommands;
  private readonly args = new ArgumentBuffer();
  private database = -1;
  readonly open = nothing;
  readonly close = nothing;
  readonly largeText = nothing;
  readonly streamProducerId = nothing;

  /** @param source the server that the data comes from: its words are used, but none that are newer than Redis 7.4; undefined: not known */
  constructor(format: 'resp' | 'aof' | 'cmd', source: ServerVersion | undefined) {
    this.asLines = format === 'cmd';
    this.commands = new ValueCommands({
      target: source === undefined || atLeast(source, 7, 4) ? NEWEST : source,
      ownTransaction: false,
      build: (bytes, start, end) => this.write(bytes, start, end),
    });
  }

  get lost(): LostDetails {
    return this.commands.lost;
  }

  get pendingLost(): number {
    return this.commands.pendingLost;
  }

  key({ bytes, start, end, database, expiryMs }: KeyHead): void {
    this.select(database);
    // No moment of applying is known: every expiry stays as it is.
    this.commands.start(new Uint8Array(bytes.subarray(start, end)), expiryMs, Number.NEGATIVE_INFINITY);
  }

  code(kind: 'function' | 'script', bytes: Uint8Array, start: number, end: number): void {
    const words = kind === 'function' ? ['FUNCTION', 'LOAD', 'REPLACE'] : ['SCRIPT', 'LOAD'];
    const { args } = this;
    args.clear();
    args.addCommandHead(words.length + 1);
    for (const word of words) args.addText(word);
    args.add(bytes, start, end);
    this.write(args.bytes, 0, args.length);
  }

  command(database: number, bytes: Uint8Array, start: number, end: number): void {
    this.select(database);
    this.write(bytes, start, end);
  }

  begin(kind: ValueKind): void {
    this.commands.begin(kind);
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    this.commands.text(bytes, start, end);
  }

  element(bytes: Uint8Array, start: number, end: number): void {
    this.commands.element(bytes, start, end);
  }

  member(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.commands.member(bytes, start, end, score);
  }

  field(bytes: Uint8Array, start: number, end: number, value: Uint8Array, valueStart: number, valueEnd: number, expiryMs: number): void {
    this.commands.field(bytes, start, end, value, valueStart, valueEnd, expiryMs);
  }

  arrayElement(): void {
    this.commands.arrayElement();
  }

  arrayCursor(): void {
    this.commands.arrayCursor();
  }

  raw(): void {
    this.commands.raw();
  }

  streamNode(id: Uint8Array, idStart: number, bytes: Uint8Array, start: number, end: number): void {
    this.commands.streamNode(id, idStart, bytes, start, end);
  }

  stream(facts: StreamFacts): void {
    this.commands.stream(facts);
  }

  streamGroup(group: StreamGroup): void {
    this.commands.streamGroup(group);
  }

  streamPending(id: Uint8Array, idStart: number, deliveredMs: number, deliveries: number): void {
    this.commands.streamPending(id, idStart, deliveredMs, deliveries);
  }

  streamConsumer(consumer: StreamConsumer): void {
    this.commands.streamConsumer(consumer);
  }

  streamConsumerPending(id: Uint8Array, idStart: number): void {
    this.commands.streamConsumerPending(id, idStart);
  }

  streamReturned(id: Uint8Array, idStart: number): void {
    this.commands.streamReturned(id, idStart);
  }

  streamIdempotence(facts: StreamIdempotence): void {
    this.commands.streamIdempotence(facts);
  }

  streamProducer(): void {
    this.commands.streamProducer();
  }

  end(): void {
    this.commands.end();
    const { bytes, length } = this.commands.transaction;
    this.write(bytes, 0, length);
  }

  private select(database: number): void {
    if (database === this.database) return;
    this.database = database;
    const text = `*2\r\n$6\r\nSELECT\r\n$${String(database).length}\r\n${database}\r\n`;
    const bytes = Buffer.from(text, 'latin1');
    this.write(bytes, 0, bytes.length);
  }

  private write(bytes: Uint8Array, start: number, end: number): void {
    if (this.asLines) writeCommandLines(this.buffer, bytes, start, end);
    else this.buffer.raw(bytes, start, end);
  }
}
