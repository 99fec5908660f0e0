/**
 * Goes over the keys of all databases with SCAN, page after page. The next page is asked for while the one before is worked on; COUNT grows while pages are what is
 * waited for. A page that comes from another server process than the cursor was of does not go on there: its database begins anew.
 */
import { encodeCommand } from '../../resp/encode.ts';
import { ReplyError } from '../../resp/reply.ts';
import { ReplySlab } from '../../resp/reply-slab.ts';
import { replyFailure } from '../../net/reply-errors.ts';
import { endpointName } from '../../model/endpoint.ts';
import type { AskLine } from './ask-line.ts';
import type { KeyChunk } from './key-chunk.ts';
import { KeyCommands } from './key-commands.ts';
import type { ScanPosition } from './scan-position.ts';

const COUNT_FIRST = 1_000;
const COUNT_MAX = 4_000;
const BYTES_A_KEY = 40;

export interface KeyPagesOptions {
  readonly line: AskLine;
  /** 0 = fitted. */
  readonly count: number;
  /** Empty = all that hold keys. */
  readonly databases: readonly number[];
  /** The only type, where SCAN shall look; '' = all. */
  readonly type: string;
  wantsKey(database: number, bytes: Uint8Array, start: number, end: number): boolean;
}

export class KeyPages {
  /** Pages that had to be waited for. */
  private readonly options: KeyPagesOptions;
  private position: ScanPosition;
  private ahead: Promise<ReplySlab> | undefined;
  private isOpen = false;
  private count: number;
  keysSeen = 0;

  constructor(options: KeyPagesOptions, from: ScanPosition) {
    this.options = options;
    this.position = from;
    this.count = options.count || COUNT_FIRST;
  }

  /** The next page, which may be empty; undefined behind the last one. */
  async next(): Promise<KeyChunk | undefined> {
    const { connection } = this.options.line;
    await connection.ready();
    if (!this.isOpen && !(await this.open())) return undefined;
    const slab = await (this.ahead ?? this.ask());
    this.ahead = undefined;
    const { database, runId } = this.position;
    if (connection.server.runId !== runId) {
      this.position = { ...this.position, cursor: '0', runId: connection.server.runId };
      return this.next();
    }
    const refused = slab.errorOf(0);
    if (refused !== undefined) throw replyFailure(new ReplyError(refused, 'SCAN'), { role: 'source scan', address: endpointName(connection.endpoint) });
    const cursor = slab.text(0);
    if (cursor === '0') {
      this.isOpen = false;
      this.position = { ...this.position, database: database + 1, cursor: '0' };
    } else {
      this.position = { ...this.position, cursor };
      this.ahead = this.ask();
      this.ahead.catch(() => {});
    }
    return this.chunk(slab, database);
  }

  /** The consumer had to wait for this page: larger ones are asked for. */
  wasLate(): void {
    if (this.options.count === 0) this.count = Math.min(COUNT_MAX, this.count * 2);
  }

  /** Begins the first database from the position on that holds keys. */
  private async open(): Promise<boolean> {
    const { line, databases } = this.options;
    const held = databases.length > 0 ? [...databases] : databasesOf(String(await line.connection.call('INFO', 'keyspace')));
    const next = held.toSorted((a, b) => a - b).find((one) => one >= this.position.database);
    if (next === undefined) return false;
    const { runId } = line.connection.server;
    const goesOn = next === this.position.database && this.position.runId === runId;
    this.position = { ...this.position, database: next, cursor: goesOn ? this.position.cursor : '0', runId };
    this.isOpen = true;
    return true;
  }

  private async ask(): Promise<ReplySlab> {
    const { line, type } = this.options;
    const { database, cursor } = this.position;
    const commands = new KeyCommands(128);
    commands.addCommand(encodeCommand(['SCAN', cursor, 'COUNT', this.count, ...(type === '' ? [] : ['TYPE', type])]));
    const slab = new ReplySlab(this.count * BYTES_A_KEY, this.count + 64);
    await line.ask(database, commands, slab);
    return slab;
  }

  private chunk(slab: ReplySlab, database: number): KeyChunk {
    const start = slab.start.subarray(1, slab.count);
    const end = slab.end.subarray(1, slab.count);
    let kept = 0;
    for (let i = 0; i < start.length; i++) {
      if (!this.options.wantsKey(database, slab.bytes, start[i], end[i])) continue;
      start[kept] = start[i];
      end[kept++] = end[i];
    }
    this.keysSeen += start.length;
    return { database, bytes: slab.bytes, count: kept, start, end, behind: this.position };
  }
}

/** Of the reply of INFO keyspace: those that hold keys. */
export function databasesOf(info: string): number[] {
  return [...info.matchAll(/^db(\d+):keys=[1-9]/gm)].map((match) => Number(match[1]));
}
