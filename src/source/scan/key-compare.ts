/**
 * Finds keys that only the target has: goes over the target's keys with SCAN and asks the source for each. What is found is not removed here: the keys are read at
 * the source once more, in the order of all that is read, and go if they are still gone then. So a key that is made meanwhile stays.
 */
import { encodeCommand } from '../../resp/encode.ts';
import { ReplyError } from '../../resp/reply.ts';
import { ReplyKind, ReplySlab } from '../../resp/reply-slab.ts';
import { endpointName } from '../../model/endpoint.ts';
import { replyFailure } from '../../net/reply-errors.ts';
import type { AskLine } from './ask-line.ts';
import type { KeyChunk } from './key-chunk.ts';
import { commandHead, KeyCommands } from './key-commands.ts';
import { databasesOf } from './key-pages.ts';

const COUNT = 1_000;
const EXISTS = commandHead('EXISTS');

export interface KeyCompareOptions {
  readonly source: AskLine;
  /** All primaries of the target. */
  readonly target: readonly AskLine[];
  /** Empty = all. */
  readonly databases: readonly number[];
  /** Keys that this scan is to bring. */
  wantsKey(database: number, bytes: Uint8Array, start: number, end: number): boolean;
}

export class KeyCompare {
  /** Keys of the target that were looked at. */
  looked = 0;
  private readonly options: KeyCompareOptions;
  private readonly chunks: AsyncGenerator<KeyChunk>;

  constructor(options: KeyCompareOptions) {
    this.options = options;
    this.chunks = this.go();
  }

  /** Keys to look at again, as what has happened to them; undefined: there are no more. */
  async next(): Promise<KeyChunk | undefined> {
    const { value, done } = await this.chunks.next();
    return done === true ? undefined : value;
  }

  private async *go(): AsyncGenerator<KeyChunk> {
    const { target, databases } = this.options;
    for (const line of target) {
      await line.connection.ready();
      const held = databasesOf(String(await line.connection.call('INFO', 'keyspace')));
      for (const database of held) {
        if (databases.length === 0 || databases.includes(database)) yield* this.database(line, database);
      }
    }
  }

  private async *database(line: AskLine, database: number): AsyncGenerator<KeyChunk> {
    let { runId } = line.connection.server;
    let cursor = '0';
    for (;;) {
      const page = await this.page(line, database, cursor);
      const now = line.connection.server.runId;
      if (now !== runId) {
        // The cursor was of another process.
        runId = now;
        cursor = '0';
        continue;
      }
      const missing = await this.missing(page, database);
      if (missing !== undefined) yield missing;
      cursor = page.text(0);
      if (cursor === '0') return;
    }
  }

  private async page(line: AskLine, database: number, cursor: string): Promise<ReplySlab> {
    const commands = new KeyCommands(64);
    commands.addCommand(encodeCommand(['SCAN', cursor, 'COUNT', COUNT]));
    const slab = new ReplySlab(COUNT * 40, COUNT + 64);
    await line.ask(database, commands, slab);
    const refused = slab.errorOf(0);
    if (refused === undefined) return slab;
    throw replyFailure(new ReplyError(refused, 'SCAN'), { role: 'target scan', address: endpointName(line.connection.endpoint) });
  }

  private async missing(page: ReplySlab, database: number): Promise<KeyChunk | undefined> {
    const { source, wantsKey } = this.options;
    const { bytes } = page;
    const wanted: number[] = [];
    const commands = new KeyCommands(page.count * 48);
    for (let item = 1; item < page.count; item++) {
      if (!wantsKey(database, bytes, page.start[item], page.end[item])) continue;
      wanted.push(item);
      commands.add(EXISTS, bytes, page.start[item], page.end[item]);
    }
    this.looked += wanted.length;
    if (wanted.length === 0) return undefined;
    const found = new ReplySlab(64, wanted.length);
    await source.ask(database, commands, found);
    const gone = wanted.filter((_, i) => found.kind[i] === ReplyKind.Integer && found.number[i] === 0);
    if (gone.length === 0) return undefined;
    const start = Uint32Array.from(gone, (item) => page.start[item]);
    const end = Uint32Array.from(gone, (item) => page.end[item]);
    return { database, bytes, count: gone.length, start, end, behind: null };
  }
}
