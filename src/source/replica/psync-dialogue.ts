/**
 * The words between a replica and its source before data flows: AUTH, REPLCONF, PSYNC, and the header of the snapshot. Newlines stand between them as
 * signs of life while the source saves (BGSAVE); extra words may follow the offset. Source: replication.c: syncCommand, replicationSetupReplicaForFullResync.
 */
import type { Socket } from 'node:net';
import { Deferred } from '../../async/deferred.ts';
import { GodwitError } from '../../errors/errors.ts';
import { type Endpoint, endpointName } from '../../model/endpoint.ts';
import { nodeText, replyFailure, wrongPasswordFix } from '../../net/reply-errors.ts';
import { encodeCommand } from '../../resp/encode.ts';
import { ReplyError } from '../../resp/reply.ts';

const LINE_BYTES_MAX = 64 * 1024;

export type SyncAnswer =
  | { readonly kind: 'full'; readonly replicationId: string; readonly offset: number }
  | { readonly kind: 'continue'; /** '' = unchanged */ readonly replicationId: string };

export class PsyncDialogue {
  private received = Buffer.alloc(0);
  private waiting: Deferred<string> | undefined;

  /** False when nobody waits for a line and more is here than lines need: the snapshot or the stream has begun, read on when rest() was taken. */
  feed(bytes: Buffer, length: number): boolean {
    this.received = Buffer.concat([this.received, bytes.subarray(0, length)]);
    this.deliver();
    return this.waiting !== undefined || this.received.length <= LINE_BYTES_MAX;
  }

  /** What came behind the last line that was asked for. */
  rest(): Buffer {
    return this.received;
  }

  async greet(socket: Socket, endpoint: Endpoint, serverVersion: string): Promise<void> {
    const { username, password } = endpoint;
    if (password !== undefined) {
      const reply = await this.ask(socket, username ? ['AUTH', username, password] : ['AUTH', password]);
      if (reply.startsWith('-'))
        throw new GodwitError('AUTH_FAILED', `source ${endpointName(endpoint)} refused the user name or password: ${reply.slice(1)}`, {
          fix: wrongPasswordFix('source'),
        });
    }
    const ping = await this.ask(socket, ['PING']);
    if (ping.startsWith('-')) throw this.failure(ping, 'PING', endpoint);
    // Errors are no harm here: old servers do not know all of these.
    await this.ask(socket, ['REPLCONF', 'capa', 'eof', 'capa', 'psync2']);
    if (serverVersion !== '') await this.ask(socket, ['REPLCONF', 'version', serverVersion]);
  }

  /** Asks for a snapshot without a stream behind it. @returns false where the source does not know that (before 6.2) */
  async askSnapshotOnly(socket: Socket): Promise<boolean> {
    return (await this.ask(socket, ['REPLCONF', 'rdb-only', '1'])).startsWith('+');
  }

  /** @param psync what the server calls it */
  async requestSync(socket: Socket, endpoint: Endpoint, position: { replicationId: string; offset: number } | undefined, psync = 'PSYNC'): Promise<SyncAnswer> {
    const reply = await this.ask(socket, position === undefined ? [psync, '?', -1] : [psync, position.replicationId, position.offset + 1]);
    const words = reply.split(' ');
    if (words[0] === '+FULLRESYNC' && /^[0-9a-f]{40}$/i.test(words[1] ?? '') && Number.isSafeInteger(Number(words[2]))) {
      return { kind: 'full', replicationId: words[1], offset: Number(words[2]) };
    }
    if (words[0] === '+CONTINUE') return { kind: 'continue', replicationId: words[1] ?? '' };
    throw this.failure(reply, 'PSYNC', endpoint);
  }

  /** The text behind `$`. */
  async snapshotHeader(): Promise<string> {
    const line = await this.line();
    if (line.startsWith('$') && (/^\$\d+$/.test(line) || /^\$EOF:.{40}$/.test(line))) return line.slice(1);
    if (line.startsWith('-')) throw new GodwitError('SOURCE_NOT_READY', `the source could not make a snapshot: ${line.slice(1)}`);
    throw new GodwitError('PROTOCOL_ERROR', `the source sent "${line.slice(0, 60)}" where a snapshot should begin`);
  }

  private failure(reply: string, command: string, endpoint: Endpoint): GodwitError {
    const node = { role: 'source replication', address: endpointName(endpoint) };
    if (!reply.startsWith('-')) return new GodwitError('NOT_A_REDIS_SERVER', `${nodeText(node)} answered ${command} with "${reply.slice(0, 60)}"`);
    const error = new ReplyError(reply.slice(1), command);
    if (/unknown command|NOPERM/i.test(error.text)) {
      return new GodwitError('PSYNC_REFUSED', `${nodeText(node)} refuses ${command}: ${error.text}`, { details: { ...node, reply: error.text } });
    }
    if (/^(ERR Can't SYNC|ERR BGSAVE|ERR Unable to perform)/i.test(error.text)) {
      return new GodwitError('SOURCE_NOT_READY', `${nodeText(node)} is not ready: ${error.text}`, { details: node });
    }
    return replyFailure(error, node);
  }

  private ask(socket: Socket, command: (string | number)[]): Promise<string> {
    socket.write(encodeCommand(command));
    return this.line();
  }

  private line(): Promise<string> {
    this.waiting = new Deferred<string>();
    const { promise } = this.waiting;
    this.deliver();
    return promise;
  }

  private deliver(): void {
    if (this.waiting === undefined) return;
    let start = 0;
    while (start < this.received.length && this.received[start] === 0x0a) start++;
    const end = this.received.indexOf('\n', start, 'latin1');
    if (end < 0) {
      if (this.received.length > LINE_BYTES_MAX) this.waiting.reject(new GodwitError('PROTOCOL_ERROR', 'the source sent a line without end'));
      return;
    }
    const { waiting } = this;
    this.waiting = undefined;
    const text = this.received.toString('latin1', start, end).replace(/\r$/, '');
    this.received = Buffer.from(this.received.subarray(end + 1));
    waiting.resolve(text);
  }
}
