/**
 * One server as a verification asks it, over one connection: many keys at once into a slab, a page of SCAN, or some commands. Each attempt is one write with its
 * own SELECT in front; who asks decides whether to ask again. Replies of single keys that are errors stay in their rows; those that concern all are thrown.
 */
import { type GodwitError, toGodwitError } from '../../errors/errors.ts';
import { endpointName } from '../../model/endpoint.ts';
import type { Connection } from '../../net/connection.ts';
import { isNotReadyReply, replyFailure } from '../../net/reply-errors.ts';
import type { CommandArgument } from '../../resp/encode.ts';
import { type Reply, ReplyError } from '../../resp/reply.ts';
import { ReplyKind, type ReplyColumns } from '../../resp/reply-columns.ts';
import { ArgumentBuffer } from '../../target/argument-buffer.ts';
import { type KeyColumn, writeColumn } from './key-command.ts';
import type { SlabPool } from './key-replies.ts';
import type { KeyRows } from './key-rows.ts';
import { readReplies } from './slab-reader.ts';

const PAGE_KEYS = 1024;
/** A page of names that is longer is no page. */
const PAGE_BULK_MAX = 512 * 1024 * 1024;

export interface ScannedPage {
  readonly slab: ReplyColumns;
  readonly keys: KeyRows;
  /** '0' = that was the last one. */
  readonly cursor: string;
}

export interface AskedRows {
  readonly slab: ReplyColumns;
  /** Of the first reply of the first column. */
  readonly firstRow: number;
}

export class AskedNode {
  readonly connection: Connection;
  private readonly pool: SlabPool;
  private readonly role: string;
  /** SELECT stands in front: false for a cluster with one database. */
  private readonly selects: boolean;
  private readonly requests: ArgumentBuffer[] = [];

  /** @param role `source` or `target`, for messages */
  constructor(connection: Connection, role: string, pool: SlabPool, selects: boolean) {
    this.connection = connection;
    this.role = role;
    this.pool = pool;
    this.selects = selects;
  }

  /**
   * @param rows of the keys that are asked for; null = all
   * @param asking each command is preceded by ASKING, for a slot that is on its way here
   * @throws GodwitError retryable when the connection is lost or the server not ready; PERMISSION_DENIED
   */
  async ask(
    database: number,
    keys: KeyRows,
    rows: ArrayLike<number> | null,
    columns: readonly KeyColumn[],
    bulkKeepMax: number,
    asking = false,
  ): Promise<AskedRows> {
    const request = this.requests.pop() ?? new ArgumentBuffer();
    request.clear();
    this.select(request, database);
    for (const column of columns) writeColumn(request, keys, rows, asking ? askingFirst(column) : column);
    const replies = columns.length * (rows?.length ?? keys.count) * (asking ? 2 : 1);
    const slab = await this.read(request, replies, bulkKeepMax);
    if (asking) dropEverySecond(slab, this.selects ? 1 : 0);
    return { slab, firstRow: this.selects ? 1 : 0 };
  }

  /** @param count of keys, about; @throws as ask() */
  async scan(database: number, cursor: string, count = PAGE_KEYS): Promise<ScannedPage> {
    const request = this.requests.pop() ?? new ArgumentBuffer();
    request.clear();
    this.select(request, database);
    request.addCommandHead(4);
    for (const word of ['SCAN', cursor, 'COUNT', String(count)]) request.addText(word);
    const slab = await this.read(request, 1, PAGE_BULK_MAX);
    const at = this.selects ? 1 : 0;
    if (slab.kind[at] !== ReplyKind.Array) throw this.failure(new ReplyError(slab.text(at), 'scan'));
    const found = slab.number[at + 2];
    const from = at + 3;
    const keys = { bytes: slab.bytes, start: slab.start.subarray(from, from + found), end: slab.end.subarray(from, from + found), count: found };
    return { slab, keys, cursor: slab.text(at + 1) };
  }

  /** How many of the keys are there, by one command: not for a cluster. @throws as ask() */
  async existing(database: number, keys: KeyRows): Promise<number> {
    const request = this.requests.pop() ?? new ArgumentBuffer();
    request.clear();
    this.select(request, database);
    request.addCommandHead(keys.count + 1);
    request.addText('EXISTS');
    for (let row = 0; row < keys.count; row++) request.add(keys.bytes, keys.start[row], keys.end[row]);
    const slab = await this.read(request, 1, 0);
    const at = this.selects ? 1 : 0;
    const found = slab.kind[at] === ReplyKind.Integer ? slab.number[at] : 0;
    this.pool.give(slab);
    return found;
  }

  /** `-` replies of single commands are values. @throws as ask() */
  async call(database: number, commands: readonly (readonly CommandArgument[])[]): Promise<Reply[]> {
    const first = this.selects && database >= 0 ? [['SELECT', database]] : [];
    const replies = await this.connection.callAll([...first, ...commands]);
    for (const [i, reply] of replies.entries()) {
      if (!(reply instanceof ReplyError)) continue;
      reply.command = String((i < first.length ? first[i] : commands[i - first.length])[0]);
      if (i < first.length || isNotReadyReply(reply)) throw this.failure(reply);
    }
    return replies.slice(first.length);
  }

  /** The error reply as an error of ours. */
  failure(reply: ReplyError): GodwitError {
    return replyFailure(reply, { role: `${this.role} data`, address: endpointName(this.connection.endpoint) });
  }

  private select(request: ArgumentBuffer, database: number): void {
    if (!this.selects) return;
    request.addCommandHead(2);
    request.addText('SELECT');
    request.addText(String(database));
  }

  private async read(request: ArgumentBuffer, replies: number, bulkKeepMax: number): Promise<ReplyColumns> {
    const slab = this.pool.take();
    try {
      await readReplies(this.connection, request.bytes.subarray(0, request.length), replies + (this.selects ? 1 : 0), slab, bulkKeepMax);
      this.requests.push(request);
      if (slab.errors > 0) this.checkErrors(slab);
      return slab;
    } catch (error) {
      // The slab may still be written to by nobody: a link that is lost reads no more.
      this.pool.give(slab);
      throw toGodwitError(error);
    }
  }

  private checkErrors(slab: ReplyColumns): void {
    for (let row = 0; row < slab.rows; row++) {
      if (slab.kind[row] !== ReplyKind.Error) continue;
      const reply = new ReplyError(slab.text(row));
      const isOfOneKey = reply.code === 'TRYAGAIN';
      const isOfSelect = this.selects && row === 0;
      if (reply.code === 'NOPERM' || isOfSelect || (isNotReadyReply(reply) && !isOfOneKey)) throw this.failure(reply);
    }
  }
}

const ASKING = Buffer.from('*1\r\n$6\r\nASKING\r\n');

function askingFirst(column: KeyColumn): KeyColumn {
  return (row) => {
    const { head, tail } = typeof column === 'function' ? column(row) : column;
    return { head: Buffer.concat([ASKING, head]), tail };
  };
}

/** Takes the replies to ASKING out: each stands before one that counts. None of them is an array. */
function dropEverySecond(slab: ReplyColumns, from: number): void {
  let to = from;
  for (let row = from + 1; row < slab.rows; row += 2, to++) {
    slab.kind[to] = slab.kind[row];
    slab.start[to] = slab.start[row];
    slab.end[to] = slab.end[row];
    slab.number[to] = slab.number[row];
  }
  slab.rows = to;
}
